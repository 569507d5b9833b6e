//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
)

// keepWriting turns signals about the output into errors. A SIGPIPE that is caught is
// an EPIPE for this process and stays what it was for its children. SIGTTOU is ignored
// by them too: a terminal that is set to tostop would stop a dbt in its own process
// group for ever.
func keepWriting() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signal.Ignore(syscall.SIGTTOU)
}
