package formats

import (
	"fmt"
	"io"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// metric is one family of OpenMetrics' text format.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
type metric struct {
	name, help string
	of         func(report.Model) *int64 // nil: no sample of this model
}

var perModel = []metric{
	{"dbt_tally_rows", "Rows of the model after the run.", func(m report.Model) *int64 { return m.After }},
	{"dbt_tally_rows_change", "Change of rows against the baseline or, without one, in the run.", change},
	{"dbt_tally_gates_breached", "Breached gates of the model.", func(m report.Model) *int64 {
		n := int64(len(m.Gates))
		return &n
	}},
}

func change(m report.Model) *int64 {
	if m.BaselineChange != nil {
		return m.BaselineChange
	}
	return m.Change
}

// Metrics writes the models that changed or have a gate, and the totals of the run.
func Metrics(w io.Writer, r report.Report) error {
	var b strings.Builder
	family := func(name, help string) {
		fmt.Fprintf(&b, "# TYPE %s gauge\n# HELP %s %s\n", name, name, help)
	}
	name := report.Names(r.Models)
	for _, metric := range perModel {
		family(metric.name, metric.help)
		seen := map[string]bool{}
		for _, m := range r.Models {
			value, label := metric.of(m), text(name(m))
			moved := change(m) != nil && *change(m) != 0
			if value == nil || seen[label] || !moved && len(m.GatesSet) == 0 && len(m.Gates) == 0 {
				continue
			}
			seen[label] = true
			fmt.Fprintf(&b, "%s{model=\"%s\"} %d\n", metric.name, escape.Replace(label), *value)
		}
	}
	for _, total := range []struct {
		name, help string
		value      int
	}{
		{"dbt_tally_models", "Models, seeds and snapshots that dbt ran or skipped.", r.Totals.Models},
		{"dbt_tally_models_changed", "Those that grew, shrank, were emptied or are new.", r.Totals.Changed},
		{"dbt_tally_failures", "Failed nodes.", len(r.Failures)},
	} {
		family(total.name, total.help)
		fmt.Fprintf(&b, "%s %d\n", total.name, total.value)
	}
	b.WriteString("# EOF\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// escape makes a text safe inside of a label's quotes.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
