package warehouse_test

import (
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Every run pays for each round trip, which takes long if the warehouse is far away.
func TestPostgresRoundTripsOfARun(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	way := newProxy(t, postgresProtocol, db.Port)
	db.Port = way.port
	trips := func(id string) int64 {
		was := way.statements.Load()
		store := open(t, options(db, auditLog, warehouse.Write))
		prepare(t, store)
		collect(t, store, warehouse.CollectRequest{
			Invocations: []string{id}, Runs: []tally.Run{{ID: id, CompletedAt: at("09:00:00"), Status: "success"}},
			History: warehouse.HistoryQuery{Wanted: true, Before: at("10:00:00")},
		})
		store.Close()
		return way.statements.Load() - was
	}
	for _, tc := range []struct {
		run  string
		most int64
	}{{"first", 27}, {"second", 17}} {
		if got := trips(tc.run); got > tc.most {
			t.Errorf("%s run: %d round trips; want at most %d", tc.run, got, tc.most)
		}
	}
}
