// Command dbt-tally runs dbt with audit hooks around every model and reports how the row
// counts changed.
package main

import (
	"os"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/app"
	"github.com/dbt-tally/dbt-tally/internal/buildinfo"
	"github.com/dbt-tally/dbt-tally/internal/pid1"
)

var version = "dev" // set by the linker in releases

func main() {
	if os.Getpid() == 1 {
		os.Exit(pid1.Supervise(pid1.ProgramOf("/proc/self/exe", os.Args), os.Stderr))
	}
	ctx, kill := app.Interrupts(os.Getenv)
	dir, _ := os.Getwd()
	os.Exit(app.Command{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Environ: os.Environ(), Dir: dir, Version: buildinfo.Version(version),
		HTTP: app.HTTPClient(os.Getenv), Now: time.Now, Kill: kill,
	}.Main(ctx, os.Args[1:]))
}
