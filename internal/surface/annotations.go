package surface

import (
	"context"
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Annotations mark breaches, failed models and failed tests at their files. The most
// important ones come first, because GitHub limits their number.
type Annotations struct {
	Annotate func(ci.Annotation)
	// ProblemsAreErrors means that problems with auditing are already annotated as
	// errors, which count towards GitHub's limit.
	ProblemsAreErrors bool
}

// Name implements Surface.
func (Annotations) Name() string { return "annotations" }

// Deliver implements Surface.
func (a Annotations) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	all := annotationsOf(r)
	for _, level := range []ci.Level{ci.Error, ci.Warning} {
		for _, annotation := range fitting(all, level, a.limit(level, r)) {
			a.Annotate(annotation)
		}
	}
	return links, nil
}

// limit returns how many annotations of a level the report may use. GitHub shows ten of
// each level per step; the others are left for skipped surfaces (warnings) and for
// problems with auditing.
// https://docs.github.com/en/rest/checks/runs
func (a Annotations) limit(level ci.Level, r report.Report) int {
	switch {
	case level == ci.Warning:
		return 5
	case a.ProblemsAreErrors:
		return max(1, 10-len(r.Audit.Problems))
	}
	return 10
}

// fitting returns at most limit annotations of a level. If it leaves out any, the last one
// states how many.
func fitting(all []ci.Annotation, level ci.Level, limit int) []ci.Annotation {
	all = slices.DeleteFunc(slices.Clone(all), func(a ci.Annotation) bool { return a.Level != level })
	shown := limit - 1
	if len(all) <= limit {
		return all
	}
	return append(all[:shown], ci.Annotation{
		Level: level, Title: "dbt-tally",
		Message: fmt.Sprintf("%d more are in the report", len(all)-shown),
	})
}

// annotationsOf returns the findings as annotations.
func annotationsOf(r report.Report) []ci.Annotation {
	var list []ci.Annotation
	for _, f := range report.Findings(r) {
		level := ci.Error
		if f.Severity == tally.SeverityWarn {
			level = ci.Warning
		}
		list = append(list, ci.Annotation{Level: level, Title: f.Title, File: f.File, Message: f.Message})
	}
	return list
}
