package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Unreachable explains an error of the network in one line: why the server could not be
// reached, and what to do. It returns "" if the error has another cause.
func Unreachable(err error) string {
	var lookup *net.DNSError
	var network net.Error
	cause, fix := "", ""
	switch {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		cause, fix = fmt.Sprintf("there is no host %q", lookup.Name), "correct the host in the profile"
	case errors.As(err, &lookup):
		cause = fmt.Sprintf("the name server did not resolve %q", lookup.Name)
		fix = "run it again, or use a network whose name server knows the host"
	case errors.Is(err, syscall.ECONNREFUSED):
		cause = "connection refused"
		fix = "start the server, or correct host and port in the profile; beside a service container the host is its name"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		cause, fix = "no route to the host", "use a network from which the server can be reached"
	case errors.Is(err, fs.ErrNotExist):
		cause, fix = "there is no such socket", "correct the path of the socket in the profile"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		cause = "timeout"
		fix = "let this machine through the server's firewall, or correct host and port in the profile"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		cause = "the server closed the connection"
		fix = "correct the port in the profile, or look into the server's log"
	default:
		return ""
	}
	return cause + "; " + fix + "; see " + docs.Troubleshooting
}
