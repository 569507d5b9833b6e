//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// terminal is docker run -it in a terminal of util-linux's script.
type terminal struct {
	cmd  *exec.Cmd
	keys io.WriteCloser
	out  strings.Builder
}

func (s shop) terminal(args ...string) *terminal {
	s.t.Helper()
	docker := s.docker(append([]string{"--interactive", "--tty", "--rm", image}, args...)...)
	term := &terminal{cmd: exec.CommandContext(s.t.Context(), "script", "--quiet", "--flush", "--return",
		"--command", "docker "+strings.Join(docker, " "), "/dev/null")}
	term.cmd.Stdout, term.cmd.Stderr = &term.out, &term.out
	var err error
	if term.keys, err = term.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := term.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return term
}

// end waits for the end and returns the exit status.
func (term *terminal) end(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := term.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return term.cmd.ProcessState.ExitCode()
}

// TestInATerminal runs the container as a person does: to its end, and with Ctrl-C in
// mid-query, once and twice.
func TestInATerminal(t *testing.T) {
	const ctrlC = "\x03"
	s := newShop(t)
	calm := s.terminal("build")
	if status, out := calm.end(t), calm.out.String(); status != 0 || !strings.Contains(out, "\x1b[36mnew") {
		t.Errorf("exit status %d; want 0 and a coloured table:\n%q", status, out)
	}
	s.write("models/slow.sql", slowModel)
	for _, c := range []struct {
		keys string
		most time.Duration
	}{{ctrlC, 7 * time.Second}, {ctrlC + ctrlC, 5 * time.Second}} {
		term := s.terminal("build")
		eventually(t, "PostgreSQL runs the slow query", func() bool { return s.slowQueries() == "1" })
		asked := time.Now()
		if _, err := io.WriteString(term.keys, c.keys); err != nil {
			t.Fatal(err)
		}
		status := term.end(t)
		took := time.Since(asked)
		t.Logf("%d times Ctrl-C: status %d after %.1f s", len(c.keys), status, took.Seconds())
		if status != 2 || took > c.most {
			t.Errorf("want dbt's 2, after %s at most\n%s", c.most, term.out.String())
		}
		var report struct{ Status string }
		if err := json.Unmarshal([]byte(s.read("target/dbt-tally/report.json")), &report); err != nil || report.Status != "incomplete" {
			t.Errorf("status %q, %v; want incomplete", report.Status, err)
		}
		if len(c.keys) == 1 && s.slowQueries() != "0" {
			t.Error("PostgreSQL still runs the query")
		}
		s.psql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(300)%' and pid <> pg_backend_pid()")
		s.isTheOwners()
	}
}
