// Package program gives scripts the commands dbt-tally and the fake dbt: both run in the
// test binary, so that nothing has to be built first.
package program

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/app"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbt"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// Tests runs the tests of a package and then stops the database servers that they share.
type Tests struct {
	*testing.M
	Parallel int // as in [server.Parallel]
}

// Run returns the exit status of the test binary.
func (t Tests) Run() int {
	server.InMemory()
	server.Parallel(t.Parallel)
	return server.Main(t.M)
}

// Main is the TestMain of a package with scripts. They start the fake dbt by the name dbt.
func Main(tests testscript.TestingM, dbt string) {
	testscript.Main(tests, map[string]func(){"dbt-tally": dbtTally, dbt: fakeDBT})
}

// dbtTally runs the program as main.go does, except that it waits less for a server that
// does not answer.
func dbtTally() {
	ctx, kill := app.Interrupts(os.Getenv)
	dir, _ := os.Getwd()
	client := *app.HTTPClient(os.Getenv)
	client.Timeout = 5 * time.Second
	os.Exit(app.Command{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Environ: os.Environ(), Dir: dir, Version: "test",
		HTTP: &client, Now: time.Now, Kill: kill,
		Patience: 16 * time.Second, LockWait: 8 * time.Second,
	}.Main(ctx, os.Args[1:]))
}

func fakeDBT() {
	dir, _ := os.Getwd()
	os.Exit(fakedbt.Process{
		Args: os.Args[1:], Environ: os.Environ(), Dir: dir, Stdout: os.Stdout, Stderr: os.Stderr,
	}.Main(context.Background()))
}
