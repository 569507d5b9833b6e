//go:build unix

package faults

import (
	"os"
)

var faultsOfTheRunner = []fault{
	{
		where: "runner", what: "the job summary cannot be written", comments: 1, said: "skip",
		lost:   "the job summary",
		inject: func(w *world) { w.env["GITHUB_STEP_SUMMARY"] = w.dir },
	},
	{
		where: "runner", what: "the outputs cannot be written", comments: 1, said: "skip",
		lost:   "the outputs",
		inject: func(w *world) { w.env["GITHUB_OUTPUT"] = w.dir },
	},
	{
		where: "runner", what: "the event file is broken", exit: 64, said: "GITHUB_EVENT_PATH",
		inject: func(w *world) { w.write("event.json", "{") },
	},
	{
		where: "runner", what: "the event file is missing", exit: 64, said: "GITHUB_EVENT_PATH",
		inject: func(w *world) { w.env["GITHUB_EVENT_PATH"] = w.path("missing.json") },
	},
	{
		where: "runner", what: "there is no HOME", comments: 1,
		inject: func(w *world) { delete(w.env, "HOME") },
	},
	{
		where: "runner", what: "the directory for temporary files is missing", comments: 1,
		inject: func(w *world) { w.env["TMPDIR"] = w.path("missing") },
	},
	{
		where: "runner", what: "the disk of the job summary is full", comments: 1,
		said: "skip",
		lost: "the job summary",
		inject: func(w *world) {
			w.env["GITHUB_STEP_SUMMARY"] = "/dev/full"
		},
	},
	{
		where: "runner", what: "the disk of the outputs is full", comments: 1,
		said: "skip",
		lost: "the outputs",
		inject: func(w *world) {
			w.env["GITHUB_OUTPUT"] = "/dev/full"
		},
	},
	{
		where: "runner", what: "a file is where the report goes", exit: 64,
		said: "report-dir",
		inject: func(w *world) {
			w.write("project/target", "")
		},
	},
	{
		where: "runner", what: "the event file is of another kind", exit: 64,
		said: "is not an event",
		inject: func(w *world) {
			w.write("event.json", `{"pull_request": {"number": "seven"}}`)
		},
	},
	{
		where: "runner", what: "a directory is where the macro file goes", comments: 1,
		said: "write the audit macros",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			if err := os.MkdirAll(w.path("project/macros/__dbt_tally.sql"), 0o755); err != nil {
				w.t.Fatal(err)
			}
		},
	},
}

var faultsOfInputs = []fault{
	{
		where: "inputs", what: "an unknown input", exit: 64, said: "unknown",
		inject: func(w *world) { w.env["INPUT_AUDIT_TABEL"] = "x" },
	},
	{
		where: "inputs", what: "the token in another input", exit: 64, said: "unusable value",
		inject: func(w *world) { w.env["INPUT_COMMENT"] = token },
	},
	{
		where: "inputs", what: "a profile that reads a variable that is not set", comments: 1, said: "the connection could not be read",
		lost:   "the counts of this run",
		inject: func(w *world) { w.dbt("exit 0"); delete(w.env, "PGHOST") },
	},
	{
		where: "inputs", what: "the project has a file with the name of our macro file", comments: 1, said: "not dbt-tally",
		lost: "the counts of this run",
		inject: func(w *world) {
			if err := os.MkdirAll(w.path("project/macros"), 0o755); err != nil {
				w.t.Fatal(err)
			}
			w.write("project/macros/__dbt_tally.sql", "{# mine #}")
		},
	},
	{
		where: "inputs", what: "a profile that is not YAML", comments: 1,
		said: "invalid YAML",
		lost: "the counts of this run",
		inject: func(w *world) {
			w.dbt("exit 0")
			w.write("project/profiles.yml", "shop: [")
		},
	},
	{
		where: "inputs", what: "a project that is not YAML", exit: 64,
		said: "invalid YAML",
		inject: func(w *world) {
			w.write("project/dbt_project.yml", "name: [")
		},
	},
	{
		where: "inputs", what: "a quote that is not closed", exit: 64,
		said: "closed quotes",
		inject: func(w *world) {
			w.args = []string{"--dbt-command", "build --select 'x"}
		},
	},
	{
		where: "inputs", what: "the password in an unknown flag", exit: 64,
		said: "unknown",
		inject: func(w *world) {
			w.args = []string{"--pasword=" + w.db.Password, "build"}
		},
	},
	{
		where: "inputs", what: "SQL in the name of the audit table", exit: 64,
		said: "unusable value",
		inject: func(w *world) {
			w.args = []string{"--audit-table", "x\"; drop schema dev cascade; --.y", "build"}
		},
	},
	{
		where: "inputs", what: "two modes", exit: 64,
		said: "contradicts the command",
		inject: func(w *world) {
			w.args = []string{"--mode", "prune", "build"}
		},
	},
}
