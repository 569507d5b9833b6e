package warehouse_test

import (
	"context"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Each case is a way in which a server ends the old connection, or answers on it, while it
// fails over.
func TestAMySQLFailoverIsWaitedFor(t *testing.T) {
	const reading, recording, commit = "select model_name", "insert ignore", ";\ncommit"
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, tc := range map[string]struct{ says, statement string }{
			"closed at the record":    {closed, recording},
			"closed at the commit":    {closed, commit},
			"closed at the read":      {closed, reading},
			"reset at the commit":     {reset, commit},
			"reset at the read":       {reset, reading},
			"too many connections":    {"1040", reading},
			"shutting down":           {"1053", reading},
			"lock wait timeout":       {"1205", recording},
			"deadlock":                {"1213", recording},
			"the server only reads":   {"1290", recording},
			"a read-only transaction": {"1792", recording},
			"InnoDB is read-only":     {"1836", recording},
			"statement killed":        {"1317", reading},
			"connection killed":       {"1927", reading},
			"session killed":          {"3169", reading},
			"idle for too long":       {"4031", reading},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := mysql.New(t, flavour)
				proxy := newProxy(t, mysqlProtocol, db.Port)
				db.Port = proxy.port
				store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write))
				relation := prepare(t, store).Relation
				db.Exec(
					t,
					"insert into "+relation+" (model_name, execution_time, row_count, run_id, node_id, phase) values "+
						"('s.orders - AFTER', '2026-11-23 10:00:00', 900, 'now', 'model.shop.orders', 'after')",
				)

				proxy.strike(tc.statement, tc.says)
				got := collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}}})
				if diff := gocmp.Diff(warehouse.Collected{Relation: relation, Rows: []tally.Row{nowRow()}}, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if diff := gocmp.Diff([][]string{{"now"}}, db.Query(t, "select run_id from dbt_audit_run")); diff != "" {
					t.Errorf("runs (-want +got):\n%s", diff)
				}
				if proxy.armed() {
					t.Error("there was no such statement")
				}
			})
		}
	})
}

func TestWaitingForALostMySQLEnds(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MariaDB)
	proxy := newProxy(t, mysqlProtocol, db.Port)
	db.Port = proxy.port
	store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write))
	prepare(t, store)

	proxy.away = 1 << 20
	proxy.strike("select", closed)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := store.Collect(ctx, warehouse.CollectRequest{Invocations: []string{"now"}})
	if err == nil || !strings.Contains(err.Error(), "connect to mysql at 127.0.0.1:") {
		t.Errorf("error %v; want one about the connection", err)
	}
	if ctx.Err() != nil {
		t.Error("no time is left")
	}
	if tries := proxy.connections.Load(); tries < 3 {
		t.Errorf("%d connections; want more than one", tries)
	}
}

// A wrong host is reported at once.
func TestAnUnreachableMySQLIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MariaDB)
	proxy := newProxy(t, mysqlProtocol, db.Port)
	db.Port = proxy.port
	proxy.refuse.Store(1 << 20)
	store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Read))
	if _, err := store.Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"now"}}); err == nil {
		t.Error("no error")
	}
	if tries := proxy.connections.Load(); tries != 1 {
		t.Errorf("%d connections; want one", tries)
	}
}

func TestAReadOnlyMySQLIsReported(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MySQL)
	proxy := newProxy(t, mysqlProtocol, db.Port)
	db.Port = proxy.port
	proxy.strike("create table", "1290")
	_, err := open(
		t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write),
	).Prepare(t.Context())
	if want := "use the writer's endpoint in the profile"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want %q in it", err, want)
	}
}
