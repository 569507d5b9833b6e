// Command dbt-tally runs dbt with audit hooks around every model and shows what
// the run did to the row counts.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/app"
	"github.com/dbt-tally/dbt-tally/internal/pid1"
)

var version = "dev" // set by the linker in releases

func main() {
	if os.Getpid() == 1 {
		status, err := pid1.Supervise("/proc/self/exe", os.Args)
		if err != nil {
			fmt.Fprintln(os.Stderr, "dbt-tally:", err)
			status = 2
		}
		os.Exit(status)
	}
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
