package profile

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The plain scalars that are not strings, in PyYAML's order (yaml/resolver.py). They are
// those of YAML 1.1, except that PyYAML accepts exponents only with a sign and after a
// dot.
var (
	boolScalar  = regexp.MustCompile(`^(?i:yes|no|true|false|on|off)$`)
	boolCase    = regexp.MustCompile(`^(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)$`)
	floatScalar = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?` +
		`|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
		`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	intScalar = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+` +
		`|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	timeScalar = regexp.MustCompile(`^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?` +
		`(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?$`)
	dateScalar = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
)

// plain reports whether a scalar has neither quotes nor a tag.
func plain(n *yaml.Node) bool {
	const marked = yaml.TaggedStyle | yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle |
		yaml.LiteralStyle | yaml.FoldedStyle
	return n.Style&marked == 0
}

func scalar(n *yaml.Node) (any, error) {
	tagged := n.Style&yaml.TaggedStyle != 0
	switch {
	case tagged && (n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!bool" || n.Tag == "!!null"), plain(n):
		value, err := plainScalar(n.Value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return value, nil
	case tagged && n.Tag != "!!str" && n.Tag != "!":
		return nil, fmt.Errorf("line %d: unknown tag; dbt supports only YAML's own", n.Line)
	default:
		return n.Value, nil
	}
}

func plainScalar(text string) (any, error) {
	switch {
	case text == "" || text == "~" || text == "null" || text == "Null" || text == "NULL":
		return nil, nil
	case boolScalar.MatchString(text) && boolCase.MatchString(text):
		switch strings.ToLower(text) {
		case "yes", "true", "on":
			return true, nil
		}
		return false, nil
	case floatScalar.MatchString(text):
		return scalarFloat(text)
	case intScalar.MatchString(text):
		return scalarInt(text)
	case dateScalar.MatchString(text):
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return nil, errors.New("an invalid date; put it in quotes")
		}
		return text, nil
	case timeScalar.MatchString(text):
		return nil, errors.New("a time; put it in quotes")
	default:
		return text, nil
	}
}

func scalarFloat(text string) (any, error) {
	text = strings.ToLower(strings.ReplaceAll(text, "_", ""))
	if strings.HasSuffix(text, ".nan") {
		return math.NaN(), nil
	}
	if strings.Contains(text, ":") {
		return sexagesimal(text)
	}
	value, err := strconv.ParseFloat(strings.Replace(text, ".inf", "inf", 1), 64)
	if err != nil {
		return nil, errors.New("a number that is too large; put it in quotes")
	}
	return value, nil
}

func scalarInt(text string) (any, error) {
	text = strings.ReplaceAll(text, "_", "")
	if strings.Contains(text, ":") {
		value, err := sexagesimal(text)
		return int(value), err
	}
	// Base 0 reads 0b, 0x and a leading 0 as PyYAML does.
	value, err := strconv.ParseInt(text, 0, strconv.IntSize)
	if err != nil {
		return nil, errors.New("a number that is too large or malformed; put it in quotes")
	}
	return int(value), nil
}

// sexagesimal reads 12:30 as 750, because YAML 1.1 has numbers to the base of 60.
func sexagesimal(text string) (float64, error) {
	digits, negative := strings.CutPrefix(strings.TrimPrefix(text, "+"), "-")
	var value float64
	for part := range strings.SplitSeq(digits, ":") {
		digit, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, errors.New("an invalid number to the base of 60; put it in quotes")
		}
		value = value*60 + digit
	}
	if negative {
		value = -value
	}
	return value, nil
}
