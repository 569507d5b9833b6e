package dbt

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestATerminationOfEachProcessInterruptsDBT is not parallel, because it receives a signal.
func TestATerminationOfEachProcessInterruptsDBT(t *testing.T) {
	within(t, 30*time.Second)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	defer signal.Stop(signals)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		<-signals
		interrupt()
	}()
	// Every child of this process but dbt, which is interrupted: the one that watches.
	c := script(t, `trap 'echo interrupted; exit 2' INT
kill -TERM $$
sleep 0.2
for child in $(cat /proc/$PPID/task/*/children); do
	[ "$(cat /proc/$child/comm)" != cat ] || kill -TERM "$child"
done
i=0; while [ $i -lt 200 ]; do sleep 0.1; i=$((i+1)); done`)
	inv, err := c.Invoke(ctx, Command{"build"}, Hooks{}, Version{})
	out := c.Stdout.(*bytes.Buffer).String()
	if err != nil || inv.ExitCode != 2 || !inv.Interrupted || strings.Count(out, "interrupted") != 1 {
		t.Errorf("exit %d, interrupted %v, %q, %v; want one interrupt", inv.ExitCode, inv.Interrupted, out, err)
	}
}
