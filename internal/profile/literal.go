package profile

import (
	"errors"
	"strconv"
	"strings"
)

var errNoLiteral = errors.New("not a Python literal")

// maxNesting limits the nesting of a literal, as Python does.
const maxNesting = 100

// parseLiteral is Python's ast.literal_eval for the literals that a profile may
// contain, which excludes bytes, complex numbers and f-strings. Tuples and sets become
// lists.
func parseLiteral(text string) (any, error) {
	p := literalParser{rest: strings.TrimLeft(text, " \t")}
	value, err := p.value(0)
	if err != nil || strings.TrimSpace(p.rest) != "" {
		return nil, errNoLiteral
	}
	return value, nil
}

type literalParser struct{ rest string }

// next skips blanks and consumes token if it comes next.
func (p *literalParser) next(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n\f")
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *literalParser) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, errNoLiteral
	}
	switch {
	case p.next("["):
		list, _, err := p.list("]", depth)
		return list, err
	case p.next("("):
		list, comma, err := p.list(")", depth)
		if err == nil && len(list) == 1 && !comma {
			return list[0], nil
		}
		return list, err
	case p.next("{"):
		return p.dictOrSet(depth)
	case strings.HasPrefix(p.rest, "'"), strings.HasPrefix(p.rest, `"`):
		return p.strings()
	}
	word := p.rest
	if end := strings.IndexAny(word, " \t\r\n\f,:]})"); end >= 0 {
		word = word[:end]
	}
	p.rest = p.rest[len(word):]
	switch word {
	case "None":
		return nil, nil
	case "True":
		return true, nil
	case "False":
		return false, nil
	}
	return literalNumber(word)
}

func (p *literalParser) list(end string, depth int) (list []any, comma bool, err error) {
	list = []any{}
	for !p.next(end) {
		if len(list) > 0 && !comma {
			return nil, false, errNoLiteral
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		list = append(list, item)
		comma = p.next(",")
	}
	return list, comma, nil
}

func (p *literalParser) dictOrSet(depth int) (any, error) {
	start := p.rest
	dict := map[string]any{}
	for comma := true; !p.next("}"); comma = p.next(",") {
		if !comma {
			return nil, errNoLiteral
		}
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.next(":") {
			p.rest = start
			list, _, err := p.list("}", depth)
			return list, err
		}
		dict[pythonString(key)], err = p.value(depth + 1)
		if err != nil {
			return nil, err
		}
	}
	return dict, nil
}

// strings reads one string literal, or several adjacent ones.
func (p *literalParser) strings() (any, error) {
	var joined strings.Builder
	for {
		var quote byte
		switch {
		case p.next("'"):
			quote = '\''
		case p.next(`"`):
			quote = '"'
		default:
			return joined.String(), nil
		}
		for !strings.HasPrefix(p.rest, string(quote)) {
			// Every escape of Go means the same in Python.
			char, _, rest, err := strconv.UnquoteChar(p.rest, quote)
			if err != nil || char == '\n' && p.rest[0] == '\n' {
				return nil, errNoLiteral
			}
			joined.WriteRune(char)
			p.rest = rest
		}
		p.rest = p.rest[1:]
	}
}

func literalNumber(word string) (any, error) {
	digits, negative := strings.CutPrefix(word, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	// Base 0 accepts Python's prefixes and underscores, but also leading zeros, which
	// Python refuses.
	if i, err := strconv.ParseInt(digits, 0, strconv.IntSize); err == nil && !leadingZero(digits) && digits[0] >= '0' {
		if negative {
			i = -i
		}
		return int(i), nil
	}
	if strings.Trim(digits, "0123456789_.eE+-") != "" ||
		strings.Contains(digits, "__") || !strings.ContainsAny(digits, ".eE") ||
		digits[0] == '+' || digits[0] == '-' {
		return nil, errNoLiteral
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(digits, "_", ""), 64)
	if err != nil {
		return nil, errNoLiteral
	}
	if negative {
		f = -f
	}
	return f, nil
}

// leadingZero reports whether Go reads the digits as octal, which Python refuses.
func leadingZero(digits string) bool {
	return len(digits) > 1 && digits[0] == '0' &&
		strings.Trim(digits, "0_") != "" && strings.Trim(digits, "0123456789_") == ""
}
