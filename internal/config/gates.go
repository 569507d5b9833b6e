package config

import "github.com/dbt-tally/dbt-tally/internal/tally"

// limits are the gates that hold for every model whose meta says nothing else.
func (l commandLine) limits(problems *problemList) tally.Limits {
	limits := tally.Limits{
		MaxDrop:       gate("max-drop", l.MaxDrop, tally.ParseLimit, problems),
		MaxGrowth:     gate("max-growth", l.MaxGrowth, tally.ParseLimit, problems),
		MinRows:       gate("min-rows", l.MinRows, tally.ParseRows, problems),
		MaxRows:       gate("max-rows", l.MaxRows, tally.ParseRows, problems),
		FailOnEmpty:   l.FailOnEmpty == "true",
		FailOnUnusual: l.FailOnUnusual == "true",
		Axis:          tally.Axis(l.GateAxis),
		Severity:      tally.Severity(l.GateSeverity),
	}
	if err := limits.Validate(); err != nil {
		problems.add("%w", err)
	}
	if l.Baseline == "none" && limits.Axis == tally.AxisBaseline {
		problems.add(`input "gate-axis": "baseline" with baseline "none"; want "run", or a baseline; see docs/gates.md`)
	}
	if l.Baseline == "none" && limits.FailOnUnusual {
		problems.add(`input "fail-on-unusual": given with baseline "none"; want earlier runs to tell from; see docs/gates.md`)
	}
	return limits
}

// gate reads the value of one gate, nil where it has none.
func gate[T any](input, text string, parse func(string) (T, error), problems *problemList) *T {
	if text == "" {
		return nil
	}
	limit, err := parse(text)
	if err != nil {
		problems.add("input %q: %w; see docs/gates.md", input, err)
		return nil
	}
	return &limit
}
