package warehouse_test

import (
	"context"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Each case is an answer on the old connection, to one of the statements, of a server
// that fails over.
func TestAPostgresFailoverIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"the connection is closed": closed,
		"the connection is reset":  reset,
		"connection_failure":       "08006",
		"the server only reads":    "25006",
		"deadlock":                 "40P01",
		"lock wait timeout":        "55P03",
		"too many connections":     "53300",
		"shutting down":            "57P01",
		"crashed":                  "57P02",
		"starting up":              "57P03",
		"conflict with the replay": "40001",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			way := newProxy(t, postgresProtocol, db.Port)
			proxied := db
			proxied.Port = way.port
			store := open(t, options(proxied, auditLog, warehouse.Write))
			relation := prepare(t, store).Relation
			db.Exec(t, "insert into "+relation+" (model_name, execution_time, row_count, run_id, node_id, phase) values "+
				"('s.orders - AFTER', '2026-11-23 10:00:00', 900, 'now', 'model.shop.orders', 'after')",
				"insert into "+relation+" (model_name, run_id) select 'a long answer', 'now' from generate_series(1, 500)")

			for _, statement := range []string{"set_config", "insert into", "commit", "select model_name"} {
				way.strike(statement, says)
				got := collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, Runs: []tally.Run{{ID: statement}}})
				if diff := gocmp.Diff(warehouse.Collected{Relation: got.Relation, Rows: []tally.Row{nowRow()}}, got); diff != "" {
					t.Errorf("%s: (-want +got):\n%s", statement, diff)
				}
				if diff := gocmp.Diff([][]string{{"1"}}, db.Query(t, "select count(*) from audit.dbt_audit_run where run_id "+
					"= '"+statement+"'")); diff != "" {
					t.Errorf("%s: recorded so often (-want +got):\n%s", statement, diff)
				}
				if way.armed() {
					t.Errorf("%s: there was no such statement", statement)
				}
			}
		})
	}
}

func TestWaitingForALostPostgresEnds(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	way := newProxy(t, postgresProtocol, db.Port)
	db.Port = way.port
	store := open(t, options(db, auditLog, warehouse.Write))
	prepare(t, store)

	way.away = 1 << 20
	way.strike("select", closed)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := store.Collect(ctx, warehouse.CollectRequest{Invocations: []string{"now"}})
	if err == nil || !strings.Contains(err.Error(), "connect to postgres at 127.0.0.1:") {
		t.Errorf("error %v; want one about the connection", err)
	}
	if ctx.Err() != nil {
		t.Error("no time is left")
	}
	if tries := way.connections.Load(); tries < 3 {
		t.Errorf("%d connections; want more than one", tries)
	}
}

// Before dbt starts, nothing is retried.
func TestPrepareDoesNotWaitForAFailover(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ statement, says, want string }{
		"the server only reads":   {"create table", "25006", "use the writer's endpoint in the profile"},
		"the connection is reset": {"create table", reset, "the connection to postgres was lost: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			way := newProxy(t, postgresProtocol, db.Port)
			db.Port = way.port
			way.strike(tc.statement, tc.says)
			_, err := open(t, options(db, auditLog, warehouse.Write)).Prepare(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v; want %q in it", err, tc.want)
			}
			// database/sql connects again by itself if it notices the loss before it sends
			// a statement.
			if tries := way.connections.Load(); tries > 2 {
				t.Errorf("%d connections; want at most 2", tries)
			}
		})
	}
}
