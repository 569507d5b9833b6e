package app

// Output is one output of the action.
type Output struct{ Name, Help string }

// Outputs lists the outputs of the action in the order of the docs; action.yml
// and the docs are held to it by tests.
func Outputs() []Output {
	return []Output{
		{"invocation-id", "dbt's invocation_id, the run_id of the audit rows; of several dbt commands, the last one's."},
		{"dbt-exit-code", "dbt's own exit code."},
		{"status", "success, failed or incomplete (dbt was interrupted)."},
		{"models", "Number of models, seeds and snapshots that dbt ran or skipped."},
		{"models-changed", "Number of these that grew, shrank, were emptied or are new."},
		{"rows-before", "Rows before the run, of the models whose change is known."},
		{"rows-after", "Rows after the run, of the same models."},
		{"rows-delta", "rows-after less rows-before."},
		{"gates-breached", "Number of breaches, of whatever severity."},
		{"comment-url", "Address of the comment; empty where there is none."},
		{"report-json", "Path of report.json, relative to the workspace; empty where it could not be written."},
	}
}
