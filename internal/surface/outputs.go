package surface

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// Outputs are the outputs of the step.
type Outputs struct {
	Set      func(name, value string) error
	Checkout workspace.Checkout // paths are relative to it
}

// Name implements Surface.
func (Outputs) Name() string { return "outputs" }

// Deliver implements Surface. It stops at the first output that cannot be set.
func (o Outputs) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	values := o.values(r, links)
	for _, output := range AllOutputs() {
		if err := o.Set(output.Name, values[output.Name]); err != nil {
			return links, fmt.Errorf("output %s: %w", output.Name, err)
		}
	}
	return links, nil
}

func (o Outputs) values(r report.Report, links Links) map[string]string {
	last, dbtCode := "", 0
	for _, inv := range r.Invocations {
		last = inv.ID
		dbtCode = cmp.Or(dbtCode, inv.ExitCode)
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return map[string]string{
		"invocation-id":  last,
		"dbt-exit-code":  strconv.Itoa(dbtCode),
		"status":         string(r.Status),
		"models":         strconv.Itoa(r.Totals.Models),
		"models-changed": strconv.Itoa(r.Totals.Changed),
		"rows-before":    number(r.Totals.RowsBefore),
		"rows-after":     number(r.Totals.RowsAfter),
		"rows-delta":     number(r.Totals.RowsDelta),
		"gates-breached": strconv.Itoa(r.Totals.GatesBreached),
		"comment-url":    links.Comment,
		"report-json":    o.Checkout.Relative(links.ReportJSON),
		"report-html":    o.Checkout.Relative(links.ReportHTML),
	}
}

// Output describes one output of the action.
type Output struct{ Name, Help string }

// AllOutputs lists the outputs of the action in the order of the docs. Tests compare it
// with action.yml and the docs.
func AllOutputs() []Output {
	return []Output{
		{"invocation-id", "dbt's invocation_id, which is the run_id of the audit rows. " +
			"If there are several dbt commands, that of the last one."},
		{"dbt-exit-code", "dbt's own exit code."},
		{"status", "success, failed or incomplete (dbt was interrupted)."},
		{"models", "Number of models, seeds and snapshots that dbt ran or skipped."},
		{"models-changed", "Number of these that grew, shrank, were emptied or are new."},
		{"rows-before", "Rows before the run, over the models whose change is known."},
		{"rows-after", "Rows after the run, over the same models."},
		{"rows-delta", "rows-after minus rows-before."},
		{"gates-breached", "Number of breached gates, of either severity."},
		{"comment-url", "Address of the comment; empty if there is none."},
		{"report-json", "Path of report.json, relative to the workspace; empty if it could not be written."},
		{"report-html", "Path of report.html, which opens in the browser; likewise."},
	}
}
