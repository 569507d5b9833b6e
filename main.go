// Command dbt-tally runs dbt with audit hooks around every model and shows what
// the run did to the row counts.
package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/app"
)

var version = "dev" // set by the linker in releases

func main() {
	ctx, interrupt := context.WithCancel(context.Background())
	signals, kill := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() { <-signals; interrupt(); <-signals; close(kill) }()
	dir, _ := os.Getwd()
	os.Exit(app.Command{
		Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Dir: dir, Version: version,
		HTTP: http.DefaultClient, Now: time.Now, Kill: kill,
	}.Main(ctx, os.Args[1:]))
}
