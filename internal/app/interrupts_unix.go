//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// keepWriting turns signals about the output into errors. If SIGPIPE is caught, this
// process receives an EPIPE instead, and its children keep the default. The children
// ignore SIGTTOU too: in a terminal with tostop it would stop a dbt in its own process
// group for ever.
func keepWriting() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signal.Ignore(syscall.SIGTTOU)
}

// untilOrphaned returns when the process that started this one has ended. Linux could send
// a signal instead, but does so when the thread that started this process ends.
func untilOrphaned() {
	const interval = 500 * time.Millisecond
	for parent := os.Getppid(); os.Getppid() == parent; {
		time.Sleep(interval)
	}
}
