package report

import (
	"cmp"
	"regexp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// commitID matches a commit ID. Anyone with write access to the run table can set the
// baseline's commit, so other text is not shown as one.
var commitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

func baselineOf(earlier *tally.Run, run Input) *Baseline {
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

// Name returns the baseline's branch. quote makes it safe for the surface.
func (b *Baseline) Name(quote func(string) string) string {
	const unnamed = "an earlier run"
	if b.Branch == "" {
		return unnamed
	}
	return cmp.Or(quote(b.Branch), unnamed)
}

// At returns the baseline's commit as a suffix of its name, " @ 1a2b3c4", or "" if it has
// none.
func (b *Baseline) At() string {
	if !commitID.MatchString(b.Commit) {
		return ""
	}
	return " @ " + b.Commit[:7]
}

// BaselineAge returns the age of the baseline in words, and whether it is stale. The
// report must have a baseline.
func BaselineAge(r Report) string {
	words := Ago(r.GeneratedAt.Sub(r.Baseline.CompletedAt))
	if r.Baseline.Stale {
		words += " (⚠️ stale)"
	}
	return words
}

// NotFound states that no baseline was found and what was searched. quote makes names
// safe for the surface.
func (s *Sought) NotFound(quote func(string) string) string {
	what := "no earlier run"
	switch {
	case s.RunID != "":
		what = "no run " + quote(s.RunID)
	case s.Branch != "":
		what = "no successful run of " + quote(s.Branch)
	}
	if s.Target != "" {
		what += " with target " + quote(s.Target)
	}
	if s.Table != "" {
		what += " in " + quote(s.Table)
	}
	if s.Elsewhere && s.Branch != "" {
		what += "; run this workflow on " + quote(s.Branch) + " once"
	}
	return "no baseline: " + what
}

// sameBranch reports whether the baseline is an earlier run of the same branch, as on a
// schedule or a push.
func (r Report) sameBranch() bool { return r.Baseline != nil && r.Baseline.Branch == r.Branch }

// Against returns what the changes are measured against: "against main".
func (r Report) Against(s Style) string {
	switch {
	case r.Baseline == nil:
		return "against the baseline"
	case r.sameBranch():
		return "since the last run"
	default:
		return "against " + r.Baseline.Name(s.Prose)
	}
}

// BaselineName names the run that a report with a baseline compares with.
func BaselineName(r Report, s Style) string {
	if r.sameBranch() {
		return "the last run"
	}
	return r.Baseline.Name(s.Prose)
}

// RowsTitle returns the title of the column with the baseline's and this run's rows: "main →
// here".
func (r Report) RowsTitle(s Style) string {
	switch {
	case !r.Compares():
		return "before → after"
	case r.sameBranch():
		return "last run → now"
	case r.Baseline.Branch == "":
		return "earlier → here"
	default:
		return r.Baseline.Name(func(branch string) string { return s.Prose(Clean(branch, maxTitle)) }) + " → here"
	}
}

// maxTitle is the longest part of a branch's name in the title of a column.
const maxTitle = 24
