package config

// gateInputs are the limits that a run must keep.
var gateInputs = group{"Gates", reporting, []input{
	{name: "max-drop", help: "The largest loss of rows per model: a number or a percentage.", example: "5%"},
	{name: "max-growth", help: "The largest gain of rows per model: a number or a percentage.", example: "50%"},
	{name: "min-rows", help: "The smallest number of rows of a model after the run. 1 refuses empty " +
		"models.", example: "1"},
	{name: "max-rows", help: "The largest number of rows of a model after the run."},
	{name: "max-updated", help: "The most rows that the run may rewrite in an incremental model or a snapshot that " +
		"existed: a number or a percentage of its rows.", example: "20%"},
	{name: "max-deleted", help: "The most rows that the run may delete from an incremental model: a number or a " +
		"percentage of its rows. Of a snapshot: keys that are gone.", example: "1%"},
	{name: "max-fanout", help: "The largest growth of a model's rows per row of its largest parent, against the " +
		"baseline, as a percentage: a join that multiplies rows.", example: "10%"},
	{
		name: "columns", value: "off", allowed: []string{"off", "no-removal", "no-change"},
		help: "Which changes of a model's columns against the baseline are a breach.",
	},
	{
		name: "unusual", value: "off", allowed: []string{"off", "gate"},
		help: "gate: a change far outside of the model's own history is a breach.",
	},
	{
		name: "gate-against", value: "both", allowed: []string{"before", "baseline", "both"},
		help: "What max-drop and max-growth compare with: the rows before this run, the baseline, or each of the two.",
	},
	{
		name: "gate-severity", value: "error", allowed: []string{"error", "warn"},
		help: "error: a breach ends the run with exit status 3 if dbt succeeded; warn: it is only reported.",
	},
	{
		name: "gate-scope", value: "all", allowed: []string{"all", "edited"},
		help: "edited: breaches of models that no edit changed since the baseline only warn.",
	},
	{
		name: "accept", value: "false", toggle: true, only: []Command{DBT, Cloud},
		help: "Accept this run: breached gates are only reported, and its counts become the baseline. " +
			"Otherwise a run that breaches a gate is not a baseline for later runs.",
	},
}}
