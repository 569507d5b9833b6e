package warehouse_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

var auditLog = warehouse.Table{Schema: "audit", Name: "dbt_audit_log"}

// A failure that does not concern the rows is a problem, and the rows are returned.
func TestWhatCannotBeRecordedOrComparedIsAProblem(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		setup string // ROLE is the role
		query warehouse.HistoryQuery
		want  string
	}{
		"runs may not be inserted": {
			"",
			warehouse.HistoryQuery{},
			`this run is not recorded in audit.dbt_audit_run: ERROR: permission denied for table dbt_audit_run (SQLSTATE ` +
				`42501); grant select, insert on "audit"."dbt_audit_run" to ROLE; see `,
		},
		"runs may not be read": {
			"grant insert on audit.dbt_audit_run to ROLE",
			warehouse.HistoryQuery{Wanted: true},
			`there is nothing to compare with: ERROR: permission denied for table dbt_audit_run (SQLSTATE 42501); grant ` +
				`select on "audit"."dbt_audit_run" to ROLE`,
		},
		"the requested run does not exist": {
			"grant select on audit.dbt_audit_run to ROLE",
			warehouse.HistoryQuery{Wanted: true, RunID: "one"},
			`baseline: no run "one"; no run is recorded yet; see `,
		},
		"the baseline's schema cannot be used": {
			"grant select, insert on audit.dbt_audit_run to ROLE; create schema prod; create table prod.dbt_audit_log " +
				"(like audit.dbt_audit_log)",
			warehouse.HistoryQuery{Wanted: true, Schema: "prod"},
			`grant usage on schema "prod" to ROLE; see `,
		},
		"the baseline's schema does not exist": {
			"grant select, insert on audit.dbt_audit_run to ROLE",
			warehouse.HistoryQuery{Wanted: true, Schema: "prod"},
			`there is nothing to compare with: audit table prod.dbt_audit_log: there is no such table`,
		},
		"the baseline is in another database": {
			"grant select, insert on audit.dbt_audit_run to ROLE",
			warehouse.HistoryQuery{Wanted: true, Database: "elsewhere"},
			`baseline-table: "elsewhere" is not the database of the connection`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			guest := db.As(t, "guest")
			role := postgres.Quote(guest.User)
			prepare(t, open(t, options(db, auditLog, warehouse.Write)))
			db.Exec(t, "insert into audit.dbt_audit_log (model_name, execution_time, run_id) values ('orders - AFTER', "+
				"now(), 'now')",
				strings.ReplaceAll(
					"grant usage on schema audit to ROLE; grant select on audit.dbt_audit_log to ROLE; "+tc.setup, "ROLE",
					role,
				))

			tc.query.Before = at("10:00:00")
			got := collect(t, open(t, options(guest, auditLog, warehouse.Write)), warehouse.CollectRequest{
				Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}}, History: tc.query,
			})
			want := strings.ReplaceAll(tc.want, "ROLE", role)
			problems := strings.Join(got.Problems, "\n")
			if got.NotFound != nil {
				problems += got.NotFound.Error()
			}
			if len(got.Rows) != 1 || !strings.Contains(problems, want) {
				t.Errorf("%d rows, problems %q; want one row and %q", len(got.Rows), problems, want)
			}
		})
	}
}

func TestATableThatIsNoRunTableIsNotChanged(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	db.Exec(t, "create schema audit; create table audit.dbt_audit_run (run_id text, distance int)")
	store := open(t, options(db, auditLog, warehouse.Write))
	problems := prepare(t, store).Problems
	if len(problems) != 1 ||
		!strings.Contains(problems[0], "it lacks started_at, completed_at, status and has run_id, distance") {
		t.Errorf("problems %q; want one with the missing columns", problems)
	}
	collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}}})
	if diff := gocmp.Diff([][]string{{"0"}}, db.Query(t, "select count(*) from audit.dbt_audit_run")); diff != "" {
		t.Errorf("rows in it (-want +got):\n%s", diff)
	}
}

func TestARunTableOfAnEarlierVersionGetsItsColumns(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	db.Exec(
		t,
		"create schema audit; create table audit.dbt_audit_run (run_id text, started_at timestamp, completed_at "+
			"timestamp, status text)",
	)
	store := open(t, options(db, auditLog, warehouse.Write))
	if problems := prepare(t, store).Problems; len(problems) > 0 {
		t.Errorf("problems %q", problems)
	}
	collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now", Branch: "main"}}})
	if diff := gocmp.Diff([][]string{{"now", "main"}}, db.Query(t,
		"select run_id, branch from audit.dbt_audit_run")); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestPruningWithoutTheRightNamesTheGrant(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	guest := db.As(t, "guest")
	prepare(t, open(t, options(db, auditLog, warehouse.Write)))
	db.Exec(t, "insert into audit.dbt_audit_log (model_name, execution_time, run_id) values ('orders - AFTER', "+
		"'2020-01-01', 'old')",
		"grant usage on schema audit to "+postgres.Quote(guest.User),
		"grant select on audit.dbt_audit_log to "+postgres.Quote(guest.User))
	_, _, err := open(t, options(guest, auditLog, warehouse.Write)).Prune(t.Context(), at("10:00:00"), false, nil)
	if want := `prune audit.dbt_audit_log: ERROR: permission denied for table dbt_audit_log (SQLSTATE 42501); ` +
		`grant select, delete on "audit"."dbt_audit_log"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want %q in it", err, want)
	}
}
