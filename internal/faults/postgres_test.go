//go:build unix

package faults

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

var faultsOfPostgres = []fault{
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
	{
		where: "PostgreSQL", what: "the audit table is dropped before the first hook", comments: 1,
		said: "could not be read",
		lost: "the counts of this run",
		inject: func(w *world) {
			w.before(func() { w.db.Exec(w.t, "drop table dbt_audit.dbt_audit_log cascade") })
		},
	},
	{
		where: "PostgreSQL", what: "a trigger refuses the rows of the hooks", comments: 1,
		lost: "the counts of this run",
		inject: func(w *world) {
			w.before(func() {
				w.db.Exec(w.t, "create function no() returns trigger language plpgsql as 'begin raise exception ''not here''; end'",
					"create trigger no before insert on dbt_audit.dbt_audit_log for each row execute function no()")
			})
		},
	},
	{
		where: "PostgreSQL", what: "the audit table has a column that must not be null", comments: 1,
		said: "it refuses audit rows",
		lost: "the counts of this run",
		inject: func(w *world) {
			w.db.Exec(w.t, "create schema dbt_audit; create table dbt_audit.dbt_audit_log "+
				"(model_name text, execution_time timestamp, row_count bigint, run_id text, extra int not null)")
		},
	},
	{
		where: "PostgreSQL", what: "another tool's table has the name", comments: 1,
		said: "use another audit-table",
		lost: "the counts of this run",
		inject: func(w *world) {
			w.db.Exec(w.t, "create schema dbt_audit; create table dbt_audit.dbt_audit_log (id int)")
		},
	},
	{
		where: "PostgreSQL", what: "the user may not create a schema", comments: 1,
		said: "the audit table is in the target's schema instead",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			role := w.db.As(w.t, "ci")
			w.db.Exec(w.t, "create schema dev; grant all on schema dev to "+postgres.Quote(role.User))
			w.as(role)
		},
	},
	{
		where: "PostgreSQL", what: "the user may not write to the audit table", comments: 1,
		said: "grant ",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.run()
			role := w.db.As(w.t, "ci")
			w.db.Exec(w.t, "drop schema dev cascade; create schema dev; grant all on schema dev to "+postgres.Quote(role.User),
				"grant usage on schema dbt_audit to "+postgres.Quote(role.User))
			w.as(role)
		},
	},
	{
		where: "PostgreSQL", what: "the database is read-only for dbt-tally", comments: 1,
		said: "use the writer's endpoint",
		lost: "the counts of this run",
		inject: func(w *world) {
			w.dbt("exit 0")
			w.db.Exec(w.t, "alter database "+w.db.Name+" set default_transaction_read_only = on")
		},
	},
	{
		where: "PostgreSQL", what: "the table of fingerprints does not answer", comments: 1, within: 3 * time.Minute,
		lost: "the code of this run, so that later runs cannot name an edit as a cause",
		inject: func(w *world) {
			w.then(func() { w.lock("dbt_audit.dbt_audit_node") })
		},
	},
	{
		where: "PostgreSQL", what: "the server ends all connections after dbt, twice", comments: 1,
		inject: func(w *world) {
			kick := "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
			w.then(func() {
				w.db.Exec(w.t, kick)
				w.later(300*time.Millisecond, func() { w.db.Exec(w.t, kick) })
			})
		},
	},
	{
		where: "PostgreSQL", what: "an audit table of the tutorial, with four columns", comments: 1,
		inject: func(w *world) {
			w.db.Exec(w.t, "create schema dbt_audit; create table dbt_audit.dbt_audit_log "+
				"(model_name text, execution_time timestamp, row_count bigint, run_id text)")
		},
	},
}
