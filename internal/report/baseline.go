package report

import (
	"cmp"
	"regexp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// commitID is what a commit looks like. Whoever may write to the run table wrote
// the baseline's, so anything else is not shown as one.
var commitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

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

// Name names the baseline by its branch, which quote makes safe for the surface.
func (b *Baseline) Name(quote func(string) string) string {
	const unnamed = "an earlier run"
	if b.Branch == "" {
		return unnamed
	}
	return cmp.Or(quote(b.Branch), unnamed)
}

// At is the baseline's commit as it follows its name, " @ 1a2b3c4"; "" if it has
// none.
func (b *Baseline) At() string {
	if !commitID.MatchString(b.Commit) {
		return ""
	}
	return " @ " + b.Commit[:7]
}

// BaselineAge writes how old the baseline of a report that has one is, and
// whether that is too old.
func BaselineAge(r Report) string {
	words := Ago(r.GeneratedAt.Sub(r.Baseline.CompletedAt))
	if r.Baseline.Stale {
		words += " (⚠️ stale)"
	}
	return words
}

// NotFound says that no baseline was found and what was looked for, with the names as
// quote shows them.
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

// sameBranch reports whether the run is compared with an earlier one of its own
// branch, as on a schedule or a push.
func (r Report) sameBranch() bool { return r.Baseline != nil && r.Baseline.Branch == r.Branch }

// Against says what the change of a model is measured against: "against main".
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

// RowsTitle heads the column of the rows there and here: "main → here".
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

// maxTitle is how much of a branch's name heads a column.
const maxTitle = 24
