package bench

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestStatementsOfModelsAreCounted(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "dbt.log")
	write(t, log, strings.Repeat(line(t, "E016",
		object{"node_info": object{"unique_id": "model.bench.m_001"}}), 2*models)+
		line(t, "E017", object{"node_info": object{"unique_id": "model.bench.m_001"}})+
		line(t, "E016", object{"node_info": object{"unique_id": "test.bench.t"}})+
		line(t, "E016", object{"conn_name": "master"})+
		"dbt was here\n")
	if got := statements(t, log, models); got != 2 {
		t.Errorf("%v statements per model, want 2", got)
	}
}

func TestAMissedLimitIsReported(t *testing.T) {
	t.Parallel()
	figures := newTable("")
	figures.bar("one", "%.2f", 1.10, 1.10)
	figures.bar("two", "%.2f", 1.11, 1.10)
	if err := figures.tabs.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "\n  one  1.10  at most 1.10  kept\n  two  1.11  at most 1.10  MISSED\n"
	if got := figures.text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := []string{"two 1.11"}; !slices.Equal(figures.bad, want) {
		t.Errorf("figures beyond their limits: %q; want %q", figures.bad, want)
	}
}

func TestTheMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	if got := median([]float64{9, 1, 2}); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
}
