package warehouse_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// A large project's fingerprints are written and read back in a fraction of a second.
// The bound is loose, because other tests run beside this one.
func TestFingerprintsOfALargeProject(t *testing.T) {
	t.Parallel()
	l := newPostgresLab(t)
	store := l.open(t, auditLog, warehouse.Write)
	prepare(t, store)
	code := warehouse.Fingerprints{RunID: "main", ByNode: map[string]string{}}
	for i := range 5000 {
		code.ByNode[fmt.Sprintf("model.a_large_project.model_number_%d", i)] = fmt.Sprintf("%032x", i)
	}
	begin := time.Now()
	collect(t, store, warehouse.CollectRequest{
		Runs: []tally.Run{{ID: "main", CompletedAt: at("08:00:00"), Status: "success"}}, Code: code,
	})
	got := collect(t, store, warehouse.CollectRequest{
		Invocations: []string{"now"}, History: warehouse.HistoryQuery{Wanted: true, Before: at("09:00:00")},
	})
	took := time.Since(begin)
	t.Logf("5,000 fingerprints written and read in %s", took)
	if diff := gocmp.Diff(code.ByNode, got.History.Fingerprints); diff != "" || len(got.Problems) > 0 {
		t.Errorf("problems %q, fingerprints (-want +got):\n%s", got.Problems, diff)
	}
	if took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
