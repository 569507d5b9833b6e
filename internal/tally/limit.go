package tally

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Limit bounds a change by a number of rows or by a percentage of the rows before the
// change.
type Limit struct {
	Amount  float64 // 0 or more; whole unless Percent
	Percent bool
}

// ParseLimit reads a limit as people write it: 100, 5%, 12.5 %.
func ParseLimit(text string) (Limit, error) {
	match := limitText.FindStringSubmatch(strings.TrimSpace(text))
	if match == nil {
		return Limit{}, fmt.Errorf("unusable value %q; "+
			"expected a whole number of rows or a percentage, such as 100 or 5%%", text)
	}
	amount, err := strconv.ParseFloat(match[1]+match[2], 64)
	return Limit{Amount: amount, Percent: match[2] != ""}, err
}

// ParsePercentage reads a limit that is a percentage.
func ParsePercentage(text string) (Limit, error) {
	limit, err := ParseLimit(text)
	if err != nil || !limit.Percent {
		return Limit{}, fmt.Errorf("unusable value %q; expected a percentage, such as 5%%", text)
	}
	return limit, nil
}

var limitText = regexp.MustCompile(`^(?:(\d{1,18})|(\d{1,9}(?:\.\d{1,9})?)\s*%)$`)

// ParseRows reads a number of rows, which must not be negative.
func ParseRows(text string) (int64, error) {
	rows, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || rows < 0 {
		return 0, fmt.Errorf("unusable value %q; expected a whole number from 0 up", text)
	}
	return rows, nil
}

// String writes the limit as people do: 5%, 1,000.
func (l Limit) String() string {
	if l.Percent {
		return strconv.FormatFloat(l.Amount, 'f', -1, 64) + "%"
	}
	return Number(int64(l.Amount))
}

// breachedBy reports whether a change of so many rows, in the direction that l
// bounds, goes beyond it. A nil limit bounds nothing. A change from no rows has no
// percentage.
func (l *Limit) breachedBy(rows, base int64) bool {
	switch {
	case l == nil:
		return false
	case l.Percent:
		return base > 0 && percent(rows, base) > l.Amount
	default:
		return float64(rows) > l.Amount
	}
}

// value writes a change that breaches l, in the unit of l.
func (l *Limit) value(change, base int64) string {
	if !l.Percent {
		return Signed(change)
	}
	sign := "+"
	if change < 0 {
		sign = Minus
	}
	return sign + decimal(math.Abs(percent(change, base)), l.Amount) + "%"
}

// percent divides last, so that the quotient of two whole numbers is the same float64
// as the parsed percentage, and a change equal to the limit does not exceed it.
func percent(rows, base int64) float64 {
	return 100 * float64(rows) / float64(base)
}
