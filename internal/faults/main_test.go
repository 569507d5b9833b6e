//go:build unix

// Package faults injects faults into the whole program, each on its own: into dbt, the
// terminal, the warehouse, GitHub, the runner and the inputs. Its table is also the page
// docs/reliability.md.
package faults

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/program"
)

// tests runs the tests of this package.
type tests struct{ program.Tests }

// Run lets the children of the tests receive SIGHUP.
func (t tests) Run() int {
	// A child process ignores a signal that its parent ignores, as under nohup. Handling
	// SIGHUP here restores its default in the children.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	return t.Tests.Run()
}

func TestMain(m *testing.M) { program.Main(tests{program.Tests{M: m, Parallel: 16}}, "fake-dbt") }
