package dbt

import (
	"context"
	"strings"
	"testing"
	"time"
)

// within fails the test if it takes longer.
func within(t *testing.T, most time.Duration) {
	t.Helper()
	began := time.Now()
	t.Cleanup(func() {
		if took := time.Since(began); took > most {
			t.Errorf("took %s; want at most %s", took, most)
		}
	})
}

// leaves is a wrapper that leaves a process which keeps the output open, such as a
// proxy to the database.
const leaves = "sleep 60 &\n"

func TestAWrapperMayLeaveAProcessBehind(t *testing.T) {
	t.Parallel()
	t.Run("version", func(t *testing.T) {
		t.Parallel()
		within(t, 30*time.Second)
		got, err := script(t, leaves+"echo 'dbt-core 2.0.3'").DetectVersion(t.Context())
		if want := (Version{Number: "2.0.3", Rust: true}); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	})
	t.Run("run-operation", func(t *testing.T) {
		t.Parallel()
		within(t, 30*time.Second)
		o := Operator{CLI: script(t, leaves+`echo '{"info": {"level": "info", "msg": "DBT_TALLY 1"}}'`), Like: Command{"build"}}
		got, err := o.RunOperation(t.Context(), "dbt_tally_collect", nil)
		if err != nil || len(got) != 1 || string(got[0]) != "1" {
			t.Errorf("got %q, %v; want 1", got, err)
		}
	})
	t.Run("uv", func(t *testing.T) {
		t.Parallel()
		within(t, 30*time.Second)
		uv := script(t, leaves)
		r := Requirements{UV: uv.Executable, Dir: t.TempDir(), Env: uv.Env, Output: uv.Stdout}
		if err := r.uv(t.Context(), []string{"venv"}); err != nil {
			t.Error(err)
		}
	})
}

func TestADBTThatDoesNotAnswerIsKilled(t *testing.T) {
	t.Parallel()
	within(t, 30*time.Second)
	c := script(t, `trap "" INT; while :; do sleep 0.05; done`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got, err := c.DetectVersion(ctx); err != nil || got != (Version{}) {
		t.Errorf("got %+v, %v; want no version", got, err)
	}
	_, err := Operator{CLI: c, Like: Command{"build"}}.RunOperation(ctx, "dbt_tally_collect", nil)
	if err == nil {
		t.Error("an operation without an answer returned no error")
	}
}

func TestADBTThatTheSystemKillsWasNotInterrupted(t *testing.T) {
	t.Parallel()
	inv, err := script(t, "kill -KILL $$").Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if err != nil || inv.ExitCode != ExitCouldNotRun || inv.Interrupted {
		t.Errorf("got exit %d, interrupted %v, %v", inv.ExitCode, inv.Interrupted, err)
	}
	if !strings.Contains(inv.Error, "signal: killed") {
		t.Errorf("got %q; want the signal", inv.Error)
	}
}

func TestAMessageOf20MBIsCut(t *testing.T) {
	t.Parallel()
	c := script(t, `mkdir -p target
{ printf '{"metadata": {"invocation_id": "one"}, "results": [{"unique_id": "model.shop.a", "status": "error", "message": "'
head -c 20000000 /dev/zero | tr '\0' x
printf '"}]}'; } >target/run_results.json
exit 1`)
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if err != nil || len(inv.Nodes) != 1 {
		t.Fatalf("got %d nodes, %v; want one", len(inv.Nodes), err)
	}
	if got := inv.Nodes[0].Message; len(got) > maxMessage+10 || !strings.HasSuffix(got, "xx …") {
		t.Errorf("got %d bytes that end with %q", len(got), got[len(got)-10:])
	}
}
