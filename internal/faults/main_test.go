//go:build unix

// Package faults injects faults into the whole program, each on its own: into dbt, the
// terminal, the warehouse, GitHub, the runner and the inputs. Its table is also the page
// docs/reliability.md.
package faults

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/app"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbt"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// testingM runs the package's tests and then stops the servers.
type testingM struct{ *testing.M }

// Run has more tests at once than processors: most of them wait.
func (m testingM) Run() int {
	// A signal that is handled is not ignored by child processes, even under nohup.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	return server.Main(m.M)
}

func TestMain(m *testing.M) {
	testscript.Main(testingM{m}, map[string]func(){"dbt-tally": dbtTally, "fake-dbt": fakeDBT})
}

// dbtTally is the program, as main.go runs it.
func dbtTally() {
	ctx, kill := app.Interrupts()
	dir, _ := os.Getwd()
	os.Exit(app.Command{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Environ: os.Environ(), Dir: dir, Version: "test",
		HTTP: app.HTTPClient(os.Getenv), Now: time.Now, Kill: kill,
	}.Main(ctx, os.Args[1:]))
}

func fakeDBT() {
	dir, _ := os.Getwd()
	os.Exit(fakedbt.Process{
		Args: os.Args[1:], Environ: os.Environ(), Dir: dir, Stdout: os.Stdout, Stderr: os.Stderr,
	}.Main(context.Background()))
}
