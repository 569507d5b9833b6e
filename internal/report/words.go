package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// nothing stands where there is no number to show.
const nothing = "–"

// looks is how a status is shown: its sign in Markdown and its words.
var looks = map[tally.Status]struct{ icon, words string }{
	tally.Failed:     {"❌", "failed"},
	tally.Emptied:    {"❗", "emptied"},
	tally.Shrank:     {"🔻", "shrank"},
	tally.Grew:       {"🔺", "grew"},
	tally.New:        {"🆕", "new"},
	tally.NoAuditRow: {"❔", "no audit row"},
	tally.Skipped:    {"", "skipped"},
	tally.Empty:      {"", "empty"},
	tally.Unchanged:  {"", "unchanged"},
	tally.Reused:     {"", "reused"},
	tally.NotCounted: {"", "not counted"},
}

// number writes n with thousands separators and the minus sign U+2212.
func number[T int | int64](n T) string {
	return strings.Replace(humanize.Comma(int64(n)), "-", "−", 1)
}

// rows writes a row count that may be unknown.
func rows(n *int64) string {
	if n == nil {
		return nothing
	}
	return number(*n)
}

// plural writes a count with its noun: "1 model", "2 models".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// change says what this run did to a model's rows: the rows that came or went
// and, in brackets, what that means; without a number, the status alone.
func change(m Model) string {
	words := looks[m.Status].words
	if m.Change == nil || m.Status == tally.Empty || m.Status == tally.Unchanged {
		return words
	}
	switch n := signed(*m.Change); {
	case m.Status == tally.New && *m.Change == 0:
		return "no rows"
	case m.Status == tally.New:
		return n
	case m.Status == tally.Emptied, m.Status == tally.Failed:
		return fmt.Sprintf("%s (%s)", n, words)
	case m.Before == nil:
		return n + " (new rows)"
	default:
		return difference(*m.Change, *m.Before)
	}
}

// difference writes a change with what it is of its base.
func difference(change, base int64) string {
	if base == 0 {
		return signed(change) + " (new rows)"
	}
	return fmt.Sprintf("%s (%s)", signed(change), percentage(change, base))
}

// signed writes n with its sign, also where that is a plus.
func signed(n int64) string {
	if n > 0 {
		return "+" + number(n)
	}
	return number(n)
}

// percentage writes change as a part of base, which is not 0. It never rounds
// to nothing what is something, nor to everything what is not.
func percentage(change, base int64) string {
	p := math.Abs(float64(change) / float64(base) * 100)
	sign := "+"
	if change < 0 {
		sign = "−"
	}
	switch {
	case p < 0.05:
		return "<0.1 %"
	case change < 0 && p >= 99.95:
		return ">99.9 %"
	case p >= 999.95:
		return ">999.9 %"
	default:
		return sign + strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
}

// duration writes seconds as people say them: "0.4 s", "12 s", "3 min 12 s",
// "1 h 02 min".
func duration(seconds float64) string {
	if seconds < 9.95 {
		return strconv.FormatFloat(max(seconds, 0), 'f', 1, 64) + " s"
	}
	s := int64(math.Round(seconds))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	default:
		return fmt.Sprintf("%s h %02d min", number(s/3600), s%3600/60)
	}
}
