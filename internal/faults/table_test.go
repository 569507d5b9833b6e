//go:build unix

package faults

import (
	"slices"
	"time"
)

// fault is one failure, and what must hold nevertheless. In every case the
// run ends in time, no secret is written in any form, and the project is unchanged.
type fault struct {
	where, what string
	inject      func(w *world)
	exit        int
	comments    int           // on the pull request
	within      time.Duration // 0: a minute, with a real dbt three
	said        string        // part of the output or of the comment; the page shows it
	lost        string        // what is lost; "": nothing
	dbt         string        // the version of a real dbt; "": the fake
	idle        bool          // dbt builds nothing, so that there is nothing to count
	removed     bool          // the project is gone afterwards
}

// limit is the time within which the run ends, with that of dbt.
func (f fault) limit() time.Duration {
	limit := time.Minute
	if f.dbt != "" {
		limit = 3 * time.Minute
	}
	return max(f.within, limit)
}

// faults are those of every place.
var faults = slices.Concat(
	faultsOfDBT, faultsOfRealDBT, faultsOfTheTerminal, faultsOfPostgres, faultsOfMySQL, faultsOfDuckDB,
	faultsOfGitHub, faultsOfTheRunner, faultsOfInputs,
)

var faultsOfDBT = []fault{
	{
		where: "dbt", what: "dbt is not installed", exit: 2, comments: 1, said: "dbt was not found",
		idle:   true,
		inject: func(w *world) { w.args = []string{"--dbt-executable", "no-such-dbt", "build"} },
	},
	{
		where: "dbt", what: "dbt is not a program", exit: 2, comments: 1, said: "its interpreter cannot be started",
		idle:   true,
		inject: func(w *world) { w.write("bin/dbt", "#!/no/such/python\n") },
	},
	{
		where: "dbt", what: "dbt ends with an unusual exit status", exit: 7, comments: 1,
		idle:   true,
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
		where: "dbt", what: "the project is removed while dbt runs", comments: 1, removed: true,
		inject: func(w *world) { w.dbt(`fake-dbt "$@"; rm -rf models macros dbt_project.yml`) },
	},
	{
		where: "dbt", what: "dbt prints commands of the runner", comments: 1,
		inject: func(w *world) {
			w.dbt(`echo '::stop-commands::x'; echo '::error::not ours'; exec fake-dbt "$@"`)
		},
	},
	{
		where: "dbt", what: "dbt prints bytes that are no text", comments: 1,
		inject: func(w *world) {
			w.dbt(`printf '\377\376\000\033[2J'; exec fake-dbt "$@"`)
		},
	},
	{
		where: "dbt", what: "dbt fails before it writes anything", exit: 2, comments: 1,
		said: "dbt ended with exit code 2",
		idle: true,
		inject: func(w *world) {
			w.dbt(`echo broken >&2; exit 2`)
		},
	},
}

var faultsOfTheTerminal = []fault{
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
		idle:   true,
		inject: func(w *world) { w.dbt(`trap "" INT; kill -TERM $PPID; sleep 1; kill -TERM $PPID; sleep 120`) },
	},
	{
		where: "terminal", what: "the runner cancels the job after dbt, while the audit table is locked", comments: 1, within: 20 * time.Second,
		lost: "the counts of this run",
		inject: func(w *world) {
			w.then(func() { w.lock("dbt_audit.dbt_audit_log") })
			w.dbt(`fake-dbt "$@"; touch ../built; while [ ! -e ../go ] && [ -e ../waits ]; do sleep 0.05; done; ` +
				`(sleep 2; kill -INT $PPID) >/dev/null 2>&1 &`)
		},
	},
	{
		where: "terminal", what: "the disk of the output is full", comments: 1,
		inject: func(w *world) {
			w.shell = `exec dbt-tally "$@" >/dev/full`
		},
	},
	{
		where: "terminal", what: "the job is cancelled while dbt runs", exit: 2, comments: 1,
		said: "dbt was interrupted",
		idle: true,
		inject: func(w *world) {
			w.dbt(`kill -INT $PPID; sleep 1; exec fake-dbt "$@"`)
		},
	},
	{
		where: "terminal", what: "the runner ends only the shell of the step while dbt runs", exit: 2, comments: 1,
		said: "dbt was interrupted",
		idle: true,
		inject: func(w *world) {
			w.shell = `sh -c 'dbt-tally "$@"; exit 3' sh "$@" 2>&1 | cat; exit 2` // cat waits for dbt-tally
			w.dbt(`kill -TERM "$(ps -o ppid= -p $PPID)"; sleep 20; exec fake-dbt "$@"`)
		},
	},
}
