package warehouse_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Every run pays for each round trip, which takes long if the warehouse is far away. Each
// warehouse gets a first run, which creates the tables, and two later ones, which are compared
// with it. The last one has gates, which decide before it is recorded.
func TestRoundTripsOfARun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		behind        func(*testing.T) (o warehouse.Options, relation func(string) string, trips *atomic.Int64)
		first, second int64
	}{
		"postgres":  {countedPostgres, 6, 4},
		"mysql":     {countedMySQL, 7, 5}, // one more: the settings of a connection
		"snowflake": {countedSnowflake, 10, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, relation, trips := tc.behind(t)
			for i, most := range []int64{tc.first, tc.second, tc.second} {
				was, id := trips.Load(), strconv.Itoa(i)
				request := oneRun(id, relation)
				o.History = request.History
				store := open(t, o)
				prepared := prepare(t, store)
				unrecorded := warehouse.CollectRequest{Runs: request.Runs, Code: request.Code, Relations: request.Relations}
				if i == 2 {
					request.Runs, request.Code = nil, warehouse.Code{}
				}
				got := collect(t, store, request)
				if i == 2 {
					unrecorded.Code.Columns = got.Columns
					got.Problems = append(got.Problems, collect(t, store, unrecorded).Problems...)
				}
				if err := store.Close(); err != nil {
					t.Error(err)
				}
				if problems := append(prepared.Problems, got.Problems...); len(problems) > 0 {
					t.Errorf("problems %q", problems)
				}
				if len(got.Columns) != 1 || len(got.History.Columns) != min(i, 1) || len(got.History.Runs) != i {
					t.Errorf("run %d: columns %v, history %+v; want the columns, and those of the run before",
						i, got.Columns, got.History)
				}
				if sent := trips.Load() - was; sent > most {
					t.Errorf("run %d: %d round trips; want at most %d", i, sent, most)
				}
			}
		})
	}
}

// oneRun is the request of a run that built one model, which is the audit table itself.
func oneRun(id string, relation func(string) string) warehouse.CollectRequest {
	const node = "model.shop.orders"
	ended := map[string]string{"0": "09:00:00", "1": "09:30:00", "2": "09:45:00"}[id]
	return warehouse.CollectRequest{
		Invocations: []string{id},
		Runs:        []tally.Run{{ID: id, StartedAt: at(ended), CompletedAt: at(ended), Status: "success"}},
		Code:        warehouse.Code{RunID: id, Fingerprints: map[string]string{node: "f"}},
		Relations:   map[string]string{node: relation("dbt_audit_log")},
		History:     warehouse.HistoryQuery{Wanted: true, Before: at("10:00:00")},
	}
}

func countedPostgres(t *testing.T) (warehouse.Options, func(string) string, *atomic.Int64) {
	db := postgres.New(t)
	way := newProxy(t, postgresProtocol, db.Port)
	db.Port = way.port
	return options(db, auditLog, warehouse.Write),
		func(name string) string { return `"db"."audit"."` + name + `"` }, &way.statements
}

func countedMySQL(t *testing.T) (warehouse.Options, func(string) string, *atomic.Int64) {
	db := mysql.New(t, mysql.MariaDB)
	way := newProxy(t, mysqlProtocol, db.Port)
	db.Port = way.port
	table := warehouse.Table{Schema: db.Name + "_audit", Name: "dbt_audit_log"}
	return mysqlOptions(db, table, warehouse.Write),
		func(name string) string { return "`" + table.Schema + "`.`" + name + "`" }, &way.statements
}

// countedSnowflake counts all requests, with login and logout.
func countedSnowflake(t *testing.T) (warehouse.Options, func(string) string, *atomic.Int64) {
	db, requests := fakesnow.New(t), &atomic.Int64{}
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: db.Host + ":" + strconv.Itoa(db.Port)})
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		to.ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	address, err := url.Parse(between.URL)
	if err == nil {
		db.Port, err = strconv.Atoi(address.Port())
	}
	if err != nil {
		t.Fatal(err)
	}
	return snowflakeOptions(db, warehouse.Table{Schema: "dbt_audit", Name: "dbt_audit_log"}, warehouse.Write),
		func(name string) string { return db.Name + ".dbt_audit." + name }, requests
}

func TestAProxyThatPassesOnOneMySQLStatementPerMessage(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MySQL)
	way := newProxy(t, mysqlProtocol, db.Port)
	way.single.Store(true)
	db.Port = way.port
	store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write))
	prepared := prepare(t, store)
	got := collect(t, store, oneRun("0", func(name string) string { return db.Name + "." + name }))
	if problems := append(prepared.Problems, got.Problems...); len(problems) > 0 {
		t.Errorf("problems %q", problems)
	}
	counts := "select (select count(*) from dbt_audit_run), (select count(*) from dbt_audit_node), " +
		"(select count(*) from dbt_audit_columns), (select count(*) from dbt_audit_log)"
	if got := db.Query(t, counts)[0]; !slices.Equal(got, []string{"1", "1", "1", "0"}) {
		t.Errorf("runs, nodes, lists and audit rows: %q", got)
	}
}

// The audit table may not be the one that was prepared: an on-run-start hook may create
// it again.
func TestATableThatDBTReplacesIsReadAsItIs(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	store := open(t, options(db, auditLog, warehouse.Write))
	relation := prepare(t, store).Relation
	db.Exec(t, "drop table "+relation+" cascade",
		"create table "+relation+" (model_name text, execution_time timestamp, row_count bigint, run_id text)",
		"insert into "+relation+" values ('s.orders - AFTER', '2026-11-23 10:00:00', 900, 'now')")
	want := nowRow()
	want.NodeID = ""
	if diff := gocmp.Diff([]tally.Row{want}, read(t, store, "now")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
