//go:build unix

package faults

import (
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

// fault is one failure, and what must hold nevertheless. In every case the
// run ends in time, no secret is written in any form, and the project is unchanged.
type fault struct {
	where, what string
	inject      func(w *world)
	exit        int
	comments    int           // on the pull request
	within      time.Duration // 0: a minute
	said        string        // part of the output or of the comment; the page shows it
	lost        string        // what is lost; "": nothing
}

var faults = []fault{
	{
		where: "dbt", what: "dbt is not installed", exit: 2, comments: 1, said: "dbt was not found",
		inject: func(w *world) { w.args = []string{"--dbt-executable", "no-such-dbt", "build"} },
	},
	{
		where: "dbt", what: "dbt is not a program", exit: 2, comments: 1, said: "its interpreter cannot be started",
		inject: func(w *world) { w.write("bin/dbt", "#!/no/such/python\n") },
	},
	{
		where: "dbt", what: "dbt ends with an unusual exit status", exit: 7, comments: 1,
		inject: func(w *world) { w.dbt("exit 7") },
	},
	{
		where: "dbt", what: "the system kills dbt", exit: 2, comments: 1, said: "dbt was ended by the system (signal: killed)",
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; kill -KILL $$`) },
	},
	{
		where: "dbt", what: "a wrapper leaves a process in the background", comments: 1,
		inject: func(w *world) {
			w.write("bin/dbt", "#!/bin/sh\nsleep 70 &\nexec fake-dbt \"$@\"\n")
		},
	},
	{
		where: "dbt", what: "dbt ends within a line", comments: 1, said: "\n::",
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; printf 'no end'`) },
	},
	{
		where: "dbt", what: "dbt prints 20 MB", comments: 1,
		inject: func(w *world) { w.dbt(`head -c 20000000 /dev/zero | tr '\0' x; echo; exec fake-dbt "$@"`) },
	},
	{
		where: "dbt", what: "`run_results.json` is cut off", comments: 1,
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; printf '{' >target/run_results.json`) },
	},
	{
		where: "dbt", what: "`manifest.json` is cut off", comments: 1, said: "manifest.json",
		lost:   "the models' names and files from the manifest",
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; printf '{' >target/manifest.json`) },
	},
	{
		where: "dbt", what: "dbt's log is removed while it runs", comments: 1,
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; rm -rf logs`) },
	},
	{
		where: "dbt", what: "the project is removed while dbt runs", comments: 1,
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; rm -rf models macros dbt_project.yml`) },
	},

	{
		where: "terminal", what: "nothing reads the output (`\\| head`)", comments: 1,
		inject: func(w *world) { w.dbt(`exec fake-dbt "$@" >/dev/null`); w.reader = false },
	},
	{
		where: "terminal", what: "standard error is closed", comments: 1,
		inject: func(w *world) { w.shell = `exec dbt-tally "$@" 2>&-` },
	},
	{
		where: "terminal", what: "all standard streams are closed", comments: 1,
		inject: func(w *world) { w.shell = `exec dbt-tally "$@" <&- >&- 2>&-` },
	},
	{
		where: "terminal", what: "the terminal is closed", comments: 1, said: "dbt was interrupted",
		inject: func(w *world) { w.dbt(`trap "" INT; kill -HUP $PPID; sleep 1; exec fake-dbt "$@"`) },
	},
	{
		where: "terminal", what: "the terminal is closed under `nohup`", comments: 1,
		inject: func(w *world) {
			w.shell = `trap "" HUP; exec dbt-tally "$@"`
			w.dbt(`kill -HUP $PPID; sleep 1; exec fake-dbt "$@"`)
		},
	},
	{
		where: "terminal", what: "a terminal with `stty tostop`", comments: 1,
		inject: func(w *world) { w.shell = `exec script -qec "stty tostop; dbt-tally build" /dev/null` },
	},
	{
		where: "terminal", what: "dbt ignores an interrupt, and a second one comes", exit: 2, comments: 1, said: "dbt was interrupted",
		inject: func(w *world) { w.dbt(`trap "" INT; kill -TERM $PPID; sleep 1; kill -TERM $PPID; sleep 120`) },
	},
	{
		where: "terminal", what: "the runner cancels the job after dbt, while the audit table is locked", comments: 1, within: 20 * time.Second,
		lost: "the counts of this run",
		inject: func(w *world) {
			w.then(func() { w.lock("dbt_audit.dbt_audit_log") })
			w.dbt(`fake-dbt "$@"; touch ../built; while [ ! -e ../go ]; do sleep 0.05; done; ` +
				`(sleep 2; kill -INT $PPID) >/dev/null 2>&1 &`)
		},
	},

	{
		where: "PostgreSQL", what: "the server cannot be reached", comments: 1, said: "connect to postgres at",
		lost:   "the counts of this run",
		inject: func(w *world) { w.dbt("exit 0"); w.env["PGPORT"] = "1" },
	},
	{
		where: "PostgreSQL", what: "the server accepts connections and never answers", comments: 1, within: 2 * time.Minute, said: "connect to postgres at",
		lost:   "the counts of this run",
		inject: func(w *world) { w.dbt("exit 0"); w.env["PGPORT"] = w.silent() },
	},
	{
		where: "PostgreSQL", what: "the password is wrong", comments: 1, said: "password",
		lost:   "the counts of this run",
		inject: func(w *world) { w.dbt("exit 0"); w.env["PGPASSWORD"] = "not the password" },
	},
	{
		where: "PostgreSQL", what: "the audit table is locked before dbt", comments: 1, within: 2 * time.Minute,
		lost:   "the counts of this run",
		inject: func(w *world) { w.run(); w.lock("dbt_audit.dbt_audit_log") },
	},
	{
		where: "PostgreSQL", what: "the audit table is locked after dbt", comments: 1, within: 3 * time.Minute, said: "could not be read",
		lost:   "the counts of this run",
		inject: func(w *world) { w.then(func() { w.lock("dbt_audit.dbt_audit_log") }) },
	},
	{
		where: "PostgreSQL", what: "the audit table is dropped while dbt runs", comments: 1, said: "could not be read",
		lost:   "the counts of this run",
		inject: func(w *world) { w.then(func() { w.db.Exec(w.t, "drop table dbt_audit.dbt_audit_log cascade") }) },
	},
	{
		where: "PostgreSQL", what: "the audit table is dropped, and there are gates", exit: 3, comments: 1, said: "could not be read",
		lost: "the counts; gates that cannot be checked fail",
		inject: func(w *world) {
			w.args = []string{"--max-drop", "10%", "build"}
			w.then(func() { w.db.Exec(w.t, "drop table dbt_audit.dbt_audit_log cascade") })
		},
	},
	{
		where: "PostgreSQL", what: "the run table does not answer", exit: 3, comments: 1, within: 3 * time.Minute,
		said: "this run is not recorded",
		lost: "the record of this run; the gates of this run are checked",
		inject: func(w *world) {
			w.args = []string{"--min-rows", "1000", "build"}
			w.then(func() { w.lock("dbt_audit.dbt_audit_run") })
		},
	},
	{
		where: "PostgreSQL", what: "the connections are ended while dbt runs", comments: 1,
		inject: func(w *world) {
			w.then(func() {
				w.db.Exec(w.t, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
			})
		},
	},
}

// silent returns the port of a server that accepts connections and never answers.
func (w *world) silent() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { listener.Close() })
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

const comments = "/repos/*/*/issues/*/comments"

var faultsOfGitHub = []fault{
	{
		where: "GitHub", what: "comments fail with 500", said: "skip comment",
		lost:   "the comment; the job summary and the check have the report",
		inject: func(w *world) { w.forge.Fail(http.MethodPost, comments, fakegithub.Fault{Status: 500}) },
	},
	{
		where: "GitHub", what: "comments fail once with 502", comments: 1,
		inject: func(w *world) { w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Status: 502, Times: 1}) },
	},
	{
		where: "GitHub", what: "too many requests, for a second", comments: 1,
		inject: func(w *world) {
			w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Status: 429, Times: 1, RetryAfter: time.Second})
		},
	},
	{
		where: "GitHub", what: "the token may not write checks", comments: 1, said: "skip check",
		lost: "the check",
		inject: func(w *world) {
			w.forge.Fail(http.MethodPost, "/repos/*/*/check-runs", fakegithub.Fault{
				Status: 403, Message: "Resource not accessible by integration",
			})
		},
	},
	{
		where: "GitHub", what: "`/graphql` never answers", comments: 1, within: 2 * time.Minute,
		inject: func(w *world) { w.forge.Fail(http.MethodPost, "/graphql", fakegithub.Fault{Hang: true}) },
	},
	{
		where: "GitHub", what: "the list of comments never answers", within: 2 * time.Minute, said: "skip comment",
		lost:   "the comment; the job summary and the check have the report",
		inject: func(w *world) { w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Hang: true}) },
	},
	{
		where: "GitHub", what: "the API cannot be reached", said: "skip comment",
		lost:   "the comment; the job summary has the report",
		inject: func(w *world) { w.env["GITHUB_API_URL"] = "http://127.0.0.1:1" },
	},

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
}
