package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// BenchmarkCauses measures what it costs to explain why models changed.
func BenchmarkCauses(b *testing.B) {
	in, db := network(), postgres.New(b)
	store := storeOf(b, db)
	var found, stored, columns []float64
	for b.Loop() {
		for round := range *rounds {
			found = append(found, timed(func() {
				if causes := tally.FindCauses(in); len(causes.ByNode) < 2500 {
					b.Fatalf("%d causes; want one for each node that differs", len(causes.ByNode))
				}
			}))
			code := warehouse.Code{RunID: fmt.Sprint(round), Fingerprints: in.Baseline}
			stored = append(stored, timed(func() {
				collect(b, store, warehouse.CollectRequest{Runs: []tally.Run{{ID: code.RunID}}, Code: code})
			}))
		}
	}
	relations := map[string]string{}
	var create []string
	for i := range 1000 {
		relations[fmt.Sprintf("model.bench.m%d", i)] = fmt.Sprintf(`"d"."public"."m%d"`, i)
		table := fmt.Sprintf("create table m%d (c0 int", i)
		for column := 1; column < 20; column++ {
			table += fmt.Sprintf(", c%d numeric(10, 2)", column)
		}
		create = append(create, table+")")
	}
	db.Exec(b, create...)
	for range *rounds {
		columns = append(columns, timed(func() {
			got := collect(b, store, warehouse.CollectRequest{Invocations: []string{"now"}, Relations: relations})
			if len(got.Columns) != 1000 || len(got.Columns["model.bench.m7"]) != 20 {
				b.Fatalf("columns of %d relations; want 1,000 with 20 each", len(got.Columns))
			}
		}))
	}
	t := newTable(fmt.Sprintf("causes; medians of %d rounds", *rounds))
	t.bar("causes of 5,000 nodes with 20,000 edges", "%.3f s", median(found), 0.05)
	t.bar("fingerprints of 5,000 nodes stored", "%.3f s", median(stored), 0.5)
	t.bar("columns of 1,000 relations of 20 columns read", "%.3f s", median(columns), 0.3)
	t.print(b)
}

// network returns 5,000 nodes in 50 layers, with 20,000 edges. Half of the nodes differ, and
// the code of one in the first layer does.
func network() tally.CauseInput {
	in := tally.CauseInput{
		Built: map[string]bool{}, Counted: map[string]bool{}, Differs: map[string]bool{}, Baseline: map[string]string{},
	}
	name := func(i int) string { return fmt.Sprintf("model.a_large_project.model_number_%d", i) }
	for i := range 5000 {
		node := tally.CodeNode{ID: name(i), Fingerprint: fmt.Sprintf("%032x", i)}
		for edge := range 4 {
			if layer := i / 100; layer > 0 {
				node.Parents = append(node.Parents, name((layer-1)*100+(i*7+edge*31)%100))
			}
		}
		in.Baseline[node.ID], in.Built[node.ID] = node.Fingerprint, true
		in.Counted[node.ID], in.Differs[node.ID] = i%4 != 2, i%2 == 1
		in.Nodes = append(in.Nodes, node)
	}
	in.Nodes[3].Fingerprint = "edited"
	return in
}

// storeOf returns the audit tables of a database, prepared.
func storeOf(b *testing.B, db postgres.Database) *warehouse.Store {
	b.Helper()
	store, err := warehouse.Open(b.Context(), warehouse.Options{
		Target: warehouse.Target{Type: "postgres", Settings: db.Settings()},
		Table:  warehouse.Table{Schema: "audit", Name: "dbt_audit_log"}, Access: warehouse.Write,
	})
	if err == nil {
		b.Cleanup(func() { store.Close() })
		_, err = store.Prepare(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	return store
}

func collect(b *testing.B, store *warehouse.Store, request warehouse.CollectRequest) warehouse.Collected {
	b.Helper()
	got, err := store.Collect(b.Context(), request)
	if err != nil || len(got.Problems) > 0 {
		b.Fatalf("%v, problems %q", err, got.Problems)
	}
	return got
}

// timed returns how many seconds the work takes.
func timed(work func()) float64 {
	begin := time.Now()
	work()
	return time.Since(begin).Seconds()
}
