package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// maxValues limits how much a small file can grow through aliases.
const maxValues = 1_000_000

// readMapping reads a YAML file of dbt's, whose top must be a mapping.
func readMapping(path string) (map[string]any, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read dbt's configuration: %w", err)
	}
	value, err := parseYAML(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w; see %s", ErrYAML, path, err, docs.Troubleshooting)
	}
	mapping, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: %s is empty or not a mapping; expected keys with values; see %s",
			ErrYAML, path, docs.Troubleshooting)
	}
	return mapping, nil
}

// parseYAML reads one YAML document as PyYAML's safe loader does, which dbt uses:
// YAML 1.1, where yes and on are booleans, 010 is eight and the last of equal
// keys wins. Keys that are not strings are converted with Python's str.
// Errors contain the number of the line and never its text.
func parseYAML(content []byte) (any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, withoutContent(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document, or the end of the first cannot be parsed")
	}
	c := constructor{open: map[*yaml.Node]bool{}}
	return c.value(document.Content[0])
}

var yamlLine = regexp.MustCompile(`line \d+`)

// withoutContent drops the names of anchors from an error of the YAML package,
// the one part of the file that such errors quote: `password: *name` has one.
func withoutContent(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "anchor '") {
		text = strings.TrimSpace("unknown anchor " + yamlLine.FindString(text))
	}
	return errors.New(text)
}

type constructor struct {
	open   map[*yaml.Node]bool // the nodes being constructed, to find cycles
	values int
}

func (c *constructor) value(n *yaml.Node) (any, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if c.values++; c.values > maxValues || c.open[n] {
		return nil, fmt.Errorf("line %d: an alias that contains itself, or too many aliases", n.Line)
	}
	c.open[n] = true
	defer delete(c.open, n)

	switch n.Kind {
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			value, err := c.value(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.MappingNode:
		return c.mapping(n)
	default:
		return scalar(n)
	}
}

// mapping constructs a mapping. Its own keys win over those that it merges with <<,
// wherever the << is, and of several merged mappings the first wins.
func (c *constructor) mapping(n *yaml.Node) (map[string]any, error) {
	own, merged := map[string]any{}, map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.Value == "<<" && plain(key) {
			if err := c.merge(merged, value); err != nil {
				return nil, err
			}
			continue
		}
		k, err := c.value(key)
		if err != nil {
			return nil, err
		}
		v, err := c.value(value)
		if err != nil {
			return nil, err
		}
		own[pythonString(k)] = v
	}
	maps.Copy(merged, own)
	return merged, nil
}

func (c *constructor) merge(into map[string]any, n *yaml.Node) error {
	value, err := c.value(n)
	if err != nil {
		return err
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for i := len(list) - 1; i >= 0; i-- {
		mapping, ok := list[i].(map[string]any)
		if !ok {
			return fmt.Errorf("line %d: << merges a value that is not a mapping", n.Line)
		}
		maps.Copy(into, mapping)
	}
	return nil
}
