package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Nothing replaces an unknown number.
const Nothing = "–"

// Rows returns a row count, which may be unknown, in words.
func Rows(n *int64) string {
	if n == nil {
		return Nothing
	}
	return tally.Number(*n)
}

// Signed returns a change with its sign, "same" for none, in words.
func Signed(change *int64) string {
	switch {
	case change == nil:
		return Nothing
	case *change == 0:
		return "same"
	default:
		return tally.Signed(*change)
	}
}

// Plural returns a count with its noun: "1 model", "2 models".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return tally.Number(n) + " " + noun + "s"
}

// List joins words as in a sentence: "a, b and c".
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// ChangeWords returns what this run did to a model's rows: the change and, in brackets,
// what it means; without a number, only the status.
func ChangeWords(m Model) string {
	words := LookOf(m.Status).Words
	if m.Change == nil || m.Status == tally.Empty || m.Status == tally.Unchanged {
		return words
	}
	switch n := tally.Signed(*m.Change); {
	case m.Status == tally.New && *m.Change == 0:
		return "no rows"
	case m.Status == tally.New:
		return n + " (new)"
	case m.Status == tally.Emptied, m.Status == tally.Failed:
		return fmt.Sprintf("%s (%s)", n, words)
	case m.Before == nil:
		return n + " (new rows)"
	default:
		return difference(*m.Change, *m.Before)
	}
}

// AgainstWords returns how a model's rows differ from the baseline's.
func AgainstWords(m Model) string {
	switch {
	case m.BaselineNew:
		return "new"
	case m.BaselineChange == nil && LookOf(m.Status).Reason:
		return LookOf(m.Status).Words
	case m.BaselineChange == nil:
		return Nothing
	case *m.BaselineChange == 0:
		return "same"
	case *m.After == 0:
		return tally.Signed(*m.BaselineChange) + " (emptied)"
	default:
		return difference(*m.BaselineChange, *m.Baseline)
	}
}

// FromTo returns the two row counts, or one if they are equal or one is unknown.
func FromTo(from, to *int64) string {
	switch {
	case from == nil, to != nil && *from == *to:
		return Rows(to)
	case to == nil:
		return Rows(from)
	default:
		return Rows(from) + " → " + Rows(to)
	}
}

// ThisRunWords returns what this run did to the rows, in addition to the difference from
// the baseline.
func ThisRunWords(m Model) string {
	if m.Change == nil {
		return Nothing
	}
	return ChangeWords(m)
}

// ThisRun reports whether a model's change in this run differs from its change against the
// baseline, so that a separate column is needed.
func (m Model) ThisRun() bool {
	return m.Before != nil && m.Change != nil && *m.Change != 0 && (m.Baseline == nil || *m.Baseline != *m.Before)
}

// Marked adds to the text of a model that its change is unusual.
func Marked(text string, m Model) string {
	if m.Unusual {
		return text + ", unusual"
	}
	return text
}

// difference returns a change with its share of base.
func difference(change, base int64) string {
	if base == 0 {
		return tally.Signed(change) + " (new rows)"
	}
	return fmt.Sprintf("%s (%s)", tally.Signed(change), percentage(change, base))
}

// percentage returns change as a share of base, which is not 0. It never rounds a change
// to 0%, nor a part to 100%.
func percentage(change, base int64) string {
	p := math.Abs(float64(change) / float64(base) * 100)
	sign := "+"
	if change < 0 {
		sign = tally.Minus
	}
	switch {
	case p < 0.05:
		return "<0.1%"
	case change < 0 && p >= 99.95:
		return ">99.9%"
	case p >= 999.95:
		return ">999.9%"
	default:
		return sign + strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
}

// share returns a part of the whole: 0.004 is 0.4%.
func share(part float64) string {
	if part < 0.0005 {
		return "<0.1%"
	}
	return strconv.FormatFloat(part*100, 'f', 1, 64) + "%"
}

// AuditShare returns, in words, the share of the nodes' execution time that the audit
// hooks took, or "" if it is unknown. Both are summed over dbt's threads.
func AuditShare(r Report) string {
	var sum float64
	for _, m := range r.Models {
		sum += m.Seconds
	}
	if r.Audit.Seconds == nil || sum == 0 {
		return ""
	}
	return share(min(*r.Audit.Seconds/sum, 1))
}

// TimeWords returns how long a model took and, if it differs by at least a second and a
// fifth, how long it took in the baseline.
func TimeWords(m Model) string {
	if m.Seconds == 0 {
		return Nothing
	}
	then := m.BaselineSeconds
	if then == nil || math.Abs(m.Seconds-*then) < max(1, *then/5) {
		return Duration(m.Seconds)
	}
	return Duration(m.Seconds) + ", was " + Duration(*then)
}

// Duration returns seconds as people say them: "0.4 s", "12 s", "3 min 12 s", "1 h 02
// min".
func Duration(seconds float64) string {
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
		return fmt.Sprintf("%s h %02d min", tally.Number(s/3600), s%3600/60)
	}
}

// Ago returns how long ago something was. If the clocks of two machines put it into the
// future, it is "just now".
func Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", d/time.Hour)
	default:
		return tally.Number(int64(d/(24*time.Hour))) + " days ago"
	}
}
