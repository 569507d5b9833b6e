package cloudrun

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Each run is compared with the newest one before it that breaches nothing or was accepted.
func TestSound(t *testing.T) {
	t.Parallel()
	s, server, _ := newSession(t, config.Attach)
	for _, test := range []struct {
		name   string
		counts []int64 // the oldest first
		accept int     // which run was accepted; 0: none
		scope  tally.Scope
		edited bool // each run builds code of its own
		want   string
	}{
		{"nothing breached", []int64{100, 101, 99}, 0, "", false, "[1 2 3]"},
		{"a loss that stays", []int64{100, 50, 50}, 0, "", false, "[1]"},
		{"rows that come back", []int64{100, 50, 101}, 0, "", false, "[1 3]"},
		{"an accepted loss", []int64{100, 50, 50, 51}, 3, "", false, "[1 3 4]"},
		{"a loss by data", []int64{100, 50, 50}, 0, tally.ScopeEdited, false, "[1 2 3]"},
		{"a loss by an edit", []int64{100, 50, 50}, 0, tally.ScopeEdited, true, "[1]"},
	} {
		limits := tally.Limits{MaxDrop: &tally.Limit{Amount: 20, Percent: true}, Scope: test.scope}
		node := tally.Node{ID: "model.shop.orders", Name: "orders", ResourceType: "model", Relation: "shop.orders", Materialized: "table", Limits: limits}
		var past []Past
		for i, count := range test.counts {
			server.Schedule()
			server.Wait()
			newest, err := s.Client.Runs(t.Context(), dbtcloud.Query{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			run, err := s.Client.Run(t.Context(), newest[0].ID, true)
			if err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("invocation-%d", i+1)
			p := Past{Run: run, Runs: []tally.Run{{ID: id, Status: "success"}}}
			at := time.Date(2026, 11, 1+i, 0, 0, 0, 0, time.UTC)
			for _, phase := range []tally.Phase{tally.Before, tally.After} {
				p.Rows = append(p.Rows, tally.Row{
					Invocation: id, NodeID: node.ID, Relation: node.Relation, Phase: phase, Time: at, Count: &count, Materialized: "table",
				})
			}
			if test.accept == i+1 {
				p.Accept = "alice"
			}
			past = append([]Past{p}, past...)
		}
		read := func(manifest io.Reader) ([]tally.CodeNode, error) {
			text, err := io.ReadAll(manifest)
			if !test.edited {
				text = []byte("the same")
			}
			return []tally.CodeNode{{ID: node.ID, Fingerprint: string(text)}}, err
		}
		judge := Judge{Session: s, Input: tally.Input{Nodes: []tally.Node{node}, Limits: limits}, Read: read}
		var got []int
		for _, p := range judge.Sound(t.Context(), past) {
			var n int
			_, _ = fmt.Sscanf(p.Runs[0].ID, "invocation-%d", &n)
			got = append([]int{n}, got...)
		}
		if diff := cmp.Diff(test.want, fmt.Sprint(got)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestAcceptedRuns(t *testing.T) {
	t.Parallel()
	run := func(id int64, cause string) dbtcloud.Run {
		return dbtcloud.Run{ID: id, Trigger: dbtcloud.RunTrigger{Cause: cause}}
	}
	s := Session{Accept: true}
	s.Event.Actor = "alice"
	got := acceptedRuns([]dbtcloud.Run{
		run(5, "scheduled"), run(4, s.request().Cause), run(3, acceptsCause+"1"+s.acceptedBy()+" (dbt-tally 0a1b)"),
		run(2, acceptsCause+"x (accepted by mallory)"),
	})
	if diff := cmp.Diff(map[int64]string{4: "alice", 1: "alice", 2: "mallory"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
