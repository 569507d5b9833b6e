package fakedbt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a seed, a model or a test.
type node struct {
	kind         string // "seed", "model" or "test"
	pkg, name    string
	path         string // from the root of its package
	dir          string // the package's
	materialized string
	config       map[string]string
	text         string   // raw SQL, or the rows of a seed
	refs         []string // names
	column       string   // that a generic test checks; "" for other nodes
}

// id returns the node's unique_id. dbt appends a hash to that of a generic test.
func (n node) id() string {
	id := n.kind + "." + n.pkg + "." + n.name
	if n.column != "" {
		id += ".0123456789"
	}
	return id
}

// project is the root project with its packages.
type project struct {
	name, dir string
	nodes     []node // each after those that it refers to
}

// load reads a project with dbt's default directories.
func load(dir string) (project, error) {
	root, err := readPackage(dir)
	if err != nil {
		return project{}, err
	}
	packages, err := filepath.Glob(filepath.Join(dir, "dbt_packages", "*"))
	if err != nil {
		return project{}, err
	}
	nodes := root.nodes
	for _, path := range packages {
		more, err := readPackage(path)
		if err != nil {
			return project{}, err
		}
		nodes = append(nodes, more.nodes...)
	}
	root.nodes, err = ordered(nodes)
	return root, err
}

func readPackage(dir string) (project, error) {
	var named struct {
		Name, Profile string
		Flags         map[string]any
	}
	if err := decode(filepath.Join(dir, "dbt_project.yml"), &named); err != nil {
		return project{}, err
	}
	p := project{name: named.Name, dir: dir}
	for _, folder := range []struct {
		name string
		read func(*project, string, string) error
	}{{"seeds", (*project).seed}, {"models", (*project).model}, {"tests", (*project).test}} {
		err := filepath.WalkDir(filepath.Join(dir, folder.name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return folder.read(&p, filepath.ToSlash(name), strings.TrimSuffix(string(text), "\n"))
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return project{}, err
		}
	}
	return p, nil
}

func (p *project) node(kind, path, text string) node {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return node{kind: kind, pkg: p.name, name: name, path: path, dir: p.dir, text: text}
}

func (p *project) seed(path, text string) error {
	n := p.node("seed", path, text)
	n.materialized = "seed"
	p.nodes = append(p.nodes, n)
	return nil
}

func (p *project) model(path, text string) error {
	switch filepath.Ext(path) {
	case ".yml":
		return p.properties(path)
	case ".sql":
		n := p.node("model", path, text)
		var err error
		if n.config, n.refs, err = inspect(text); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		n.materialized = "view"
		if m := n.config["materialized"]; m != "" {
			n.materialized = m
		}
		if !slices.Contains([]string{"view", "table", "incremental"}, n.materialized) {
			return fmt.Errorf("%s: unknown materialization %q", path, n.materialized)
		}
		p.nodes = append(p.nodes, n)
		return nil
	}
	return fmt.Errorf("%s: unknown kind of file", path)
}

func (p *project) test(path, text string) error {
	n := p.node("test", path, text)
	n.materialized = "test"
	var err error
	if n.config, n.refs, err = inspect(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p.nodes = append(p.nodes, n)
	return nil
}

// properties reads the generic tests of a schema.yml.
func (p *project) properties(path string) error {
	var properties struct {
		Models []struct {
			Name    string
			Columns []struct {
				Name  string
				Tests []string `yaml:"data_tests"`
			}
		}
	}
	if err := decode(filepath.Join(p.dir, path), &properties); err != nil {
		return err
	}
	for _, model := range properties.Models {
		for _, column := range model.Columns {
			for _, test := range column.Tests {
				text, known := map[string]string{
					"unique":   "select %[1]s from {{ ref('%[2]s') }} where %[1]s is not null group by %[1]s having count(*) > 1",
					"not_null": "select %[1]s from {{ ref('%[2]s') }} where %[1]s is null",
				}[test]
				if !known {
					return fmt.Errorf("%s: unknown test %q", path, test)
				}
				n := p.node("test", path, fmt.Sprintf(text, column.Name, model.Name))
				n.name, n.column = test+"_"+model.Name+"_"+column.Name, column.Name
				n.materialized, n.refs = "test", []string{model.Name}
				p.nodes = append(p.nodes, n)
			}
		}
	}
	return nil
}

// decode reads YAML and refuses unknown keys.
func decode(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// ordered sorts each node after those that it refers to, and a test right after the last
// of them, as dbt build does.
func ordered(nodes []node) ([]node, error) {
	slices.SortFunc(nodes, func(a, b node) int {
		if (a.kind == "test") != (b.kind == "test") {
			return map[bool]int{true: -1, false: 1}[a.kind == "test"]
		}
		return strings.Compare(a.id(), b.id())
	})
	var sorted []node
	done := map[string]bool{}
	for len(nodes) > 0 {
		next := slices.IndexFunc(nodes, func(n node) bool {
			return !slices.ContainsFunc(n.refs, func(ref string) bool { return !done[ref] })
		})
		if next < 0 {
			return nil, fmt.Errorf("%s refers to %v, which does not exist or refers back to it", nodes[0].id(), nodes[0].refs)
		}
		n := nodes[next]
		sorted, nodes = append(sorted, n), slices.Delete(nodes, next, next+1)
		if n.kind != "test" {
			done[n.name] = true
		}
	}
	return sorted, nil
}

// selected returns the nodes that a command builds.
func (p project) selected(o options) ([]node, error) {
	kinds := map[string][]string{"build": {"seed", "model", "test"}, "run": {"model"}, "seed": {"seed"}}[o.command]
	for _, name := range o.selected {
		if !slices.ContainsFunc(p.nodes, func(n node) bool { return n.name == name }) {
			return nil, fmt.Errorf("unknown selection %q; teach it, or use real dbt", name)
		}
	}
	var nodes []node
	for _, n := range p.nodes {
		named := slices.Contains(o.selected, n.name) ||
			n.kind == "test" && slices.ContainsFunc(n.refs, func(ref string) bool { return slices.Contains(o.selected, ref) })
		if slices.Contains(kinds, n.kind) && (o.selected == nil || named) {
			nodes = append(nodes, n)
		}
	}
	return nodes, nil
}

// byName returns the node to which a ref refers.
func (p project) byName(name string) node {
	i := slices.IndexFunc(p.nodes, func(n node) bool { return n.kind != "test" && n.name == name })
	return p.nodes[i]
}

// installPackages links the local packages, as dbt deps does.
func installPackages(dir string) error {
	var list struct {
		Packages []struct{ Local string }
	}
	if err := decode(filepath.Join(dir, "packages.yml"), &list); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "dbt_packages"), 0o755); err != nil {
		return err
	}
	for _, p := range list.Packages {
		from := filepath.Join(dir, p.Local)
		pkg, err := readPackage(from)
		if err != nil {
			return err
		}
		err = os.Symlink(from, filepath.Join(dir, "dbt_packages", pkg.name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
