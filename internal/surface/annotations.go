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
	all := append(aboutGates(r), aboutFailures(r)...)
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

// aboutGates marks each breach at the file that caused it.
func aboutGates(made report.Report) []ci.Annotation {
	name, node := report.Names(made.Models), report.NodeNames(made.Models)
	var list []ci.Annotation
	for _, breach := range report.Breaches(made.Models) {
		level := ci.Error
		if breach.Gate.Severity == tally.SeverityWarn {
			level = ci.Warning
		}
		message := report.BreachWords(made, breach.Gate, plain(name(breach.Model)), style)
		cause := report.CauseWords(made, breach.Model, func(id string) string { return plain(node(id)) })
		if cause != "" {
			message += "; " + cause
		}
		list = append(list, ci.Annotation{
			Level: level, Title: "dbt-tally: gate breached",
			File: report.CauseFile(made, breach.Model), Message: message,
		})
	}
	return list
}

// style makes untrusted text safe for an annotation.
var style = report.Style{Name: plain, Prose: plain}

func plain(s string) string { return report.Clean(s, report.MaxName) }

// aboutFailures lists tests last, because they matter less than failed models.
func aboutFailures(made report.Report) []ci.Annotation {
	var nodes, tests []ci.Annotation
	for _, failure := range made.Failures {
		annotation := ci.Annotation{
			Level: ci.Error, Title: "dbt: " + failure.Kind + " failed",
			File: failure.File, Message: failure.NodeID + "\n" + failure.Message,
		}
		if failure.Kind == "test" || failure.Kind == "unit_test" {
			tests = append(tests, annotation)
		} else {
			nodes = append(nodes, annotation)
		}
	}
	return append(nodes, tests...)
}
