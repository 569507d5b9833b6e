//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
)

// keepWriting turns signals about the output into errors. If SIGPIPE is caught, this
// process receives an EPIPE instead, and its children keep the default. The children
// ignore SIGTTOU too: in a terminal with tostop it would stop a dbt in its own process
// group for ever.
func keepWriting() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signal.Ignore(syscall.SIGTTOU)
}
