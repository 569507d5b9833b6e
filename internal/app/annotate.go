package app

import (
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/runner"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// room is how many annotations of a level the report may use. GitHub shows ten of
// each in a step; some warnings, and under audit-failure: fail some errors, are how
// the step says what it had to pass over.
// https://docs.github.com/en/rest/checks/runs
func (s *story) room(level runner.Level) int {
	switch {
	case level == runner.Warning:
		return 5
	case s.cfg.Audit.MustWork:
		return max(1, 10-len(s.problems))
	}
	return 10
}

// annotate marks breaches, failed models and failed tests at their files, the
// most important first, as far as GitHub shows them.
func (s *story) annotate(made report.Report) {
	if !s.cfg.Annotations {
		return
	}
	all := append(aboutGates(made), aboutFailures(made)...)
	for _, level := range []runner.Level{runner.Error, runner.Warning} {
		for _, annotation := range fitting(all, level, s.room(level)) {
			s.actions.Annotate(annotation)
		}
	}
}

// fitting returns the annotations of a level for which there is room. Where some
// are left out, the last says how many.
func fitting(all []runner.Annotation, level runner.Level, room int) []runner.Annotation {
	all = slices.DeleteFunc(slices.Clone(all), func(a runner.Annotation) bool { return a.Level != level })
	shown := room - 1
	if len(all) <= room {
		return all
	}
	return append(all[:shown], runner.Annotation{
		Level: level, Title: "dbt-tally",
		Message: fmt.Sprintf("%d more are in the report", len(all)-shown),
	})
}

func aboutGates(made report.Report) []runner.Annotation {
	files := map[string]string{}
	for _, model := range made.Models {
		files[model.NodeID] = model.File
	}
	var list []runner.Annotation
	for _, gate := range made.Gates {
		level := runner.Error
		if gate.Severity == tally.SeverityWarn {
			level = runner.Warning
		}
		list = append(list, runner.Annotation{
			Level: level, Title: "dbt-tally: gate breached", File: files[gate.NodeID],
			Message: fmt.Sprintf("%s: %s is %s, found %s (%s)", gate.NodeID, gate.Gate, gate.Limit, gate.Value, gate.Axis),
		})
	}
	return list
}

// aboutFailures has tests last: they say less than the models they would have stopped.
func aboutFailures(made report.Report) []runner.Annotation {
	var nodes, tests []runner.Annotation
	for _, failure := range made.Failures {
		annotation := runner.Annotation{
			Level: runner.Error, Title: "dbt: " + failure.Kind + " failed",
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
