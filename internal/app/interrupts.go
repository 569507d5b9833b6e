package app

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interrupts turns this process's first SIGINT or SIGTERM into the end of ctx and
// its second into the closing of kill. A runner that cancels a job sends both, in
// this order: neither may end us before the report is made.
func Interrupts() (ctx context.Context, kill <-chan struct{}) {
	ctx, interrupt := context.WithCancel(context.Background())
	signals, second := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		interrupt()
		<-signals
		close(second)
	}()
	return ctx, second
}
