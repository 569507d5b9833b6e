package warehouse_test

import (
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

const refusesRows = "it refuses audit rows: "

func TestATableThatRefusesAuditRowsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const tutorial = "create table audit.dbt_audit_log (model_name text, execution_time timestamp, row_count bigint, run_id text"
	for name, tc := range map[string]struct{ ddl, want string }{
		"a column that must not be null": {tutorial + ", extra int not null)", refusesRows + `ERROR: null value in column "extra"`},
		"a check":                        {tutorial + ", check (model_name = 'x'))", refusesRows + "ERROR: new row for relation"},
		"a view": {
			"create view audit.dbt_audit_log as select 'x' as model_name, now() as execution_time, 1 as row_count, 'y' as run_id " +
				"union all select 'x', now(), 1, 'y'",
			refusesRows + `ERROR: cannot insert into view "dbt_audit_log"`,
		},
		"a materialized view": {
			"create materialized view audit.dbt_audit_log as " +
				"select 'x' as model_name, now() as execution_time, 1 as row_count, 'y' as run_id",
			refusesRows + `ERROR: cannot change materialized view "dbt_audit_log"`,
		},
		"a trigger": {
			tutorial + "); create function audit.no() returns trigger language plpgsql as " +
				"'begin raise exception ''not here''; end'; " +
				"create trigger no before insert on audit.dbt_audit_log for each row execute function audit.no()",
			refusesRows + "ERROR: not here (SQLSTATE P0001); change or remove the constraint, the type or the trigger that refuses one",
		},
		"a slow trigger": {
			tutorial + "); create function audit.slow() returns trigger language plpgsql as " +
				"'begin perform pg_sleep(30); return new; end'; " +
				"create trigger slow before insert on audit.dbt_audit_log for each row execute function audit.slow(); " +
				"do $$ begin execute 'alter database ' || current_database() || ' set statement_timeout = ''100ms'''; end $$",
			"canceling statement due to statement timeout (SQLSTATE 57014); raise statement_timeout for this user",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			db.Exec(t, "create schema audit", tc.ddl)
			_, err := open(t, options(db, auditLog, warehouse.Write)).Prepare(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v; want %q in it", err, tc.want)
			}
		})
	}
}

// Without the block that guards the insert, and what the hooks read, each model would fail.
func TestAServerThatRefusesTheHooksBlockIsFoundBeforeDBT(t *testing.T) {
	t.Parallel()
	for refused, want := range map[string]string{
		"usage on language plpgsql":                   "permission denied for language plpgsql",
		"execute on function pg_stat_get_live_tuples": "permission denied for function pg_stat_get_live_tuples",
	} {
		t.Run(refused, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			guest := db.As(t, "guest")
			db.Exec(t, "revoke "+refused+" from public", "grant create on database "+db.Name+" to "+postgres.Quote(guest.User))
			_, err := open(t, options(guest, auditLog, warehouse.Write)).Prepare(t.Context())
			if err == nil || !strings.Contains(err.Error(), want) ||
				!strings.Contains(err.Error(), "grant usage on language plpgsql, and execute on function pg_stat_get_live_tuples, to") {
				t.Errorf("error %v; want %q and the grant", err, want)
			}
		})
	}
}

func TestAMySQLTableThatRefusesAuditRowsSaysWhatToDo(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, tc := range map[string]struct{ ddl, want string }{
			"a column that must not be null": {
				"create table dbt_audit_log (model_name text, execution_time timestamp, row_count bigint, run_id text, extra int not null)",
				refusesRows + "Error 1364 (HY000): Field 'extra' doesn't have a default value; change or remove the constraint",
			},
			"a name that is too long": {
				"create table dbt_audit_log (model_name varchar(5), execution_time timestamp, row_count bigint, run_id text)",
				refusesRows + "Error 1406 (22001): Data too long for column 'model_name'",
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := mysql.New(t, flavour)
				db.Exec(t, tc.ddl)
				_, err := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write)).
					Prepare(t.Context())
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %v; want %q in it", err, tc.want)
				}
			})
		}
	})
}

func TestTheHighestCountOfANarrowColumn(t *testing.T) {
	t.Parallel()
	for typ, most := range map[string]string{"smallint": "32,767", "integer": "2,147,483,647", "bigint": ""} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			db.Exec(t, "create schema audit", "create table audit.dbt_audit_log "+
				"(model_name text, execution_time timestamp, row_count "+typ+", run_id text)")
			problems := strings.Join(prepare(t, open(t, options(db, auditLog, warehouse.Write))).Problems, "; ")
			want := "row_count of \"audit\".\"dbt_audit_log\" is " + typ + ", too narrow for more than " + most + " rows"
			if most == "" {
				want = ""
			}
			if !strings.HasPrefix(problems, want) || most == "" && problems != "" {
				t.Errorf("problems %q; want %q", problems, want)
			}
		})
	}
}
