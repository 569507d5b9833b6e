package app

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Interrupts turns this process's first SIGINT, SIGTERM or SIGHUP into the end of ctx
// and a second SIGINT or SIGTERM into the closing of kill. A runner that cancels a job
// sends both, in this order, and closing a terminal sends SIGHUP. None of them may end this
// process before it has reported. A SIGHUP that is ignored (nohup) stays ignored, and a
// closed output does not end the process.
//
// In a job of CI, the end of the process that started this one also ends ctx: a runner that
// cancels a job may signal only the shell of the step, which does not pass it on. Elsewhere,
// and under nohup, a process may outlive its shell.
func Interrupts(getenv func(string) string) (ctx context.Context, kill <-chan struct{}) {
	ctx, interrupt := context.WithCancel(context.Background())
	signals, second := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
		if systemOf(getenv, io.Discard, time.Now).active {
			go func() {
				untilOrphaned()
				interrupt()
			}()
		}
	}
	keepWriting()
	go func() {
		<-signals
		interrupt()
		for s := range signals {
			if s != syscall.SIGHUP { // a shell repeats it
				close(second)
				return
			}
		}
	}()
	return ctx, second
}
