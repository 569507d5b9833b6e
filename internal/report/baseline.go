package report

import (
	"fmt"
	"regexp"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Where a baseline comes from was written by whoever may write to the run table:
// only a commit and an address that look like what they should be are shown as
// such.
var (
	commitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	webPage  = regexp.MustCompile(`^https?://[A-Za-z0-9._:/-]+$`)
)

// unnamed stands where an earlier run's branch is not known.
const unnamed = "an earlier run"

func baselineOf(earlier *tally.Run, run Run) *Baseline {
	if earlier == nil {
		return nil
	}
	age := run.GeneratedAt.Sub(earlier.CompletedAt)
	return &Baseline{
		RunID:       earlier.ID,
		Branch:      earlier.Branch,
		Commit:      earlier.Commit,
		CompletedAt: earlier.CompletedAt.UTC(),
		URL:         earlier.URL,
		Stale:       run.BaselineMaxAge > 0 && age > run.BaselineMaxAge,
	}
}

// compared says in Markdown which run the report compares with, and how old that
// is; "" where it compares with none.
func compared(r Report) string {
	if r.Baseline == nil {
		return ""
	}
	with := branch(r.Baseline) + at(r.Baseline)
	if webPage.MatchString(r.Baseline.URL) {
		with = "[" + with + "](" + r.Baseline.URL + ")"
	}
	return "compared with " + with + ", " + age(r)
}

// at is the baseline's commit as it follows a branch's name, "" where it has
// none.
func at(b *Baseline) string {
	if !commitID.MatchString(b.Commit) {
		return ""
	}
	return " @ " + b.Commit[:7]
}

// age says how old the baseline is, and whether that is too old.
func age(r Report) string {
	words := ago(r.GeneratedAt.Sub(r.Baseline.CompletedAt))
	if r.Baseline.Stale {
		words += " (⚠️ stale)"
	}
	return words
}

// branch names the baseline in Markdown.
func branch(b *Baseline) string {
	if b.Branch == "" {
		return unnamed
	}
	return prose(b.Branch)
}

// ago says how long ago something was. What the clocks of two machines put into
// the future was just now.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", d/time.Hour)
	default:
		return number(int(d/(24*time.Hour))) + " days ago"
	}
}

// against says how a model's rows differ from the baseline's.
func against(m Model) string {
	switch {
	case m.BaselineNew:
		return "new"
	case m.BaselineChange == nil:
		return nothing
	case *m.BaselineChange == 0:
		return "same"
	case *m.After == 0:
		return signed(*m.BaselineChange) + " (emptied)"
	default:
		return difference(*m.BaselineChange, *m.Baseline)
	}
}

// differs says whether a model's rows are others than the baseline's.
func differs(m Model) bool {
	return m.BaselineNew || m.BaselineChange != nil && *m.BaselineChange != 0
}
