package config

import (
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// limits returns the gates of every model whose meta sets none.
func (p *parser) limits() tally.Limits {
	limits := tally.Limits{
		MaxDrop:    gate(p, "max-drop", tally.ParseLimit),
		MaxGrowth:  gate(p, "max-growth", tally.ParseLimit),
		MinRows:    gate(p, "min-rows", tally.ParseRows),
		MaxRows:    gate(p, "max-rows", tally.ParseRows),
		MaxUpdated: gate(p, "max-updated", tally.ParseLimit),
		MaxDeleted: gate(p, "max-deleted", tally.ParseLimit),
		MaxFanOut:  gate(p, "max-fanout", tally.ParsePercentage),
		Scope:      tally.Scope(p.text("gate-scope")),
		Columns:    tally.ColumnGate(p.text("columns")),
		Unusual:    p.text("unusual") == "gate",
		Axis:       tally.Axis(p.text("gate-against")),
		Severity:   tally.Severity(p.text("gate-severity")),
	}
	if err := limits.Validate(); err != nil {
		p.problems.add("%w", err)
	}
	if p.text("baseline") == "none" && limits.Axis == tally.AxisBaseline {
		p.problems.add(`input "gate-against": "baseline" with baseline "none"; use "before", or a baseline; `+
			`see %s`, docs.Gates)
	}
	if p.text("baseline") == "none" && limits.MaxFanOut != nil {
		p.problems.add(`input "max-fanout": with baseline "none"; it needs an earlier run to compare with; `+
			`see %s`, docs.Gates)
	}
	if p.text("baseline") == "none" && limits.Columns != tally.AnyColumns {
		p.problems.add(`input "columns": %q with baseline "none"; it needs an earlier run to compare with; `+
			`see %s`, limits.Columns, docs.Gates)
	}
	if p.text("baseline") == "none" && limits.Unusual {
		p.problems.add(`input "unusual": "gate" with baseline "none"; it needs earlier runs to compare with; `+
			`see %s`, docs.Gates)
	}
	return limits
}

// gate returns the value of one gate, or nil if it is not set.
func gate[T any](p *parser, input string, parse func(string) (T, error)) *T {
	text := p.text(input)
	if text == "" {
		return nil
	}
	limit, err := parse(text)
	if err != nil {
		reason := strings.ReplaceAll(err.Error(), strconv.Quote(text), shown(text))
		p.problems.add("input %q: %s; see %s", input, reason, docs.Gates)
		return nil
	}
	return &limit
}
