package warehouse_test

import (
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func newMariaDBLab(t *testing.T) lab { return mysqlLab(mysql.New(t, mysql.MariaDB)) }
func newMySQLLab(t *testing.T) lab   { return mysqlLab(mysql.New(t, mysql.MySQL)) }

// mysqlLab allows only one test per process, because its schemas belong to the server.
func mysqlLab(db mysql.Database) lab {
	inMySQL := strings.NewReplacer(" varchar", " varchar(255)", " timestamp", " datetime(6)")
	return lab{
		schema: db.Name,
		options: func(table warehouse.Table, access warehouse.Access) warehouse.Options {
			return mysqlOptions(db, table, access)
		},
		exec: func(t *testing.T, statements ...string) {
			t.Helper()
			for _, statement := range statements {
				db.Exec(t, inMySQL.Replace(statement))
			}
		},
	}
}

// onEachMySQL runs a test on MariaDB and on MySQL.
func onEachMySQL(t *testing.T, test func(*testing.T, mysql.Flavour)) {
	t.Parallel()
	for _, flavour := range mysql.Flavours {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			test(t, flavour)
		})
	}
}

func mysqlOptions(db mysql.Database, table warehouse.Table, access warehouse.Access) warehouse.Options {
	return warehouse.Options{
		Target: warehouse.Target{Type: string(db.Flavour), Settings: db.Settings()},
		Table:  table,
		Access: access,
	}
}

func TestMySQLJobsThatPrepareAtOnceAllSucceed(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, setup := range map[string]string{
			"fresh":    "select 1",
			"tutorial": "create table log (model_name text, execution_time datetime, row_count bigint, run_id text)",
		} {
			db := mysql.New(t, flavour)
			db.Exec(t, setup)
			var jobs sync.WaitGroup
			for range 8 {
				jobs.Go(func() {
					prepared, err := open(
						t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "log"}, warehouse.Write),
					).Prepare(t.Context())
					if err != nil || len(prepared.Columns) != len(allColumns) || len(prepared.Problems) > 0 {
						t.Errorf("%s: prepared %+v, %v", name, prepared, err)
					}
				})
			}
			jobs.Wait()
			got := db.Query(
				t,
				"select table_name, index_name from information_schema.statistics where table_schema = database() and "+
					"seq_in_index = 1 order by 1, 2",
			)
			want := [][]string{
				{"log", "run_id_idx"},
				{"log_columns", "columns_hash_idx"},
				{"log_node", "run_id_idx"},
				{"log_run", "branch_target_completed_at_idx"},
				{"log_run", "PRIMARY"},
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s: indexes (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestAMissingMySQLGrantIsNamed(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, tc := range map[string]struct {
			grants string // GUEST is the user; the schema's tables are log and log_run
			access warehouse.Access
			want   string
		}{
			"no schema": {"", warehouse.Write, "grant create on `nowhere`.* to GUEST; see "},
			"no table": {
				"grant select on SCHEMA.other to GUEST", warehouse.Write, "grant create on `SCHEMA`.* to GUEST; see ",
			},
			"no select": {
				"grant insert on SCHEMA.log to GUEST", warehouse.Read, "grant select on `SCHEMA`.`log` to GUEST; see ",
			},
			"no insert": {
				"grant select on SCHEMA.log to GUEST", warehouse.Write, "grant insert on `SCHEMA`.`log` to GUEST; see ",
			},
			"insert, but not select": {
				"grant insert on SCHEMA.log to GUEST", warehouse.Write, "grant select on `SCHEMA`.`log` to GUEST; see ",
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := mysql.New(t, flavour)
				guest := db.As(t, "guest")
				in := strings.NewReplacer("SCHEMA", db.Name, "GUEST", "'"+guest.User+"'@'%'")
				db.Exec(t, "create table other (n int)")
				table := warehouse.Table{Schema: db.Name, Name: "log"}
				switch name {
				case "no schema":
					table.Schema = "nowhere"
				case "no table":
				default:
					prepare(t, open(t, mysqlOptions(db, table, warehouse.Write)))
				}
				if tc.grants != "" {
					db.Exec(t, in.Replace(tc.grants))
				}
				_, err := open(t, mysqlOptions(guest, table, tc.access)).Prepare(t.Context())
				if want := in.Replace(tc.want); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v; want %q in it", err, want)
				}
			})
		}
	})
}

func TestAnotherUsersMySQLTableIsUsedAsItIs(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		db := mysql.New(t, flavour)
		guest := db.As(t, "guest")
		db.Exec(t, "create table log (model_name varchar(255), execution_time datetime(6), row_count bigint, run_id "+
			"varchar(36))",
			"grant select, insert on log to '"+guest.User+"'@'%'")
		prepared := prepare(t, open(t, mysqlOptions(guest, warehouse.Table{Schema: db.Name, Name: "log"}, warehouse.Write)))
		if diff := gocmp.Diff(allColumns[:4], prepared.Columns); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
		want := "grant alter, create, insert on `" + db.Name + "`.`log` to '" + guest.User + "'@'%'"
		if len(prepared.Problems) != 2 || !strings.Contains(prepared.Problems[0], want) ||
			!strings.Contains(prepared.Problems[1], "not recorded in "+db.Name+".log_run") {
			t.Errorf("problems %q; want %q, and one about the run table", prepared.Problems, want)
		}
	})
}

func TestMySQLRunsAreRecordedWithoutTheRightToUpdate(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		db := mysql.New(t, flavour)
		guest := db.As(t, "guest")
		table := warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}
		prepare(t, open(t, mysqlOptions(db, table, warehouse.Write)))
		db.Exec(t, "grant select on dbt_audit_log to '"+guest.User+"'@'%'")
		f := warehouse.CollectRequest{Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now", Branch: "main"}}}
		want := "grant select, insert on `" + db.Name + "`.`dbt_audit_run` to "
		db.Exec(t, "grant select on dbt_audit_run to '"+guest.User+"'@'%'")
		if got := collect(t, open(t, mysqlOptions(guest, table, warehouse.Write)), f); len(got.Problems) != 1 ||
			!strings.Contains(got.Problems[0], want) {
			t.Errorf("problems %q; want %q", got.Problems, want)
		}
		db.Exec(t, "grant insert on dbt_audit_run to '"+guest.User+"'@'%'")
		for range 2 {
			if got := collect(t, open(t, mysqlOptions(guest, table, warehouse.Write)), f); len(got.Problems) > 0 {
				t.Errorf("problems %q", got.Problems)
			}
		}
		if diff := gocmp.Diff([][]string{{"now", "main"}}, db.Query(t,
			"select run_id, branch from dbt_audit_run")); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
	})
}

func TestMySQLTimesAreUTCWhateverTheServersZone(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		db := mysql.New(t, flavour)
		db.Exec(t, "create table log (model_name text, execution_time timestamp, row_count text, run_id text)",
			"set time_zone = '+02:00'; insert into log values ('orders - after', '2026-11-23 12:00:00', '12.00', 'run'), "+
				"('bare', '2026-11-23 12:00:00', '', 'run')")
		got := read(t, open(t, mysqlOptions(db, warehouse.Table{Name: "log"}, warehouse.Read)), "run")
		want := []tally.Row{
			{Invocation: "run", Relation: "orders", Phase: tally.After, Time: at("10:00:00"), Count: rows(12)},
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}
