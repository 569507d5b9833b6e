package pid1

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// supervised makes a new process of this test a supervisor.
const supervised = "PID1_TEST_SUPERVISE"

// asShell begins a script whose shell is a supervised shell, not a supervised program.
const asShell = "# shell\n"

const prSetChildSubreaper = 36 // from linux/prctl.h; package syscall has no name for it

func TestMain(m *testing.M) {
	script, is := os.LookupEnv(supervised)
	if !is {
		os.Exit(m.Run())
	}
	// A subreaper inherits orphans as the first process does.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		panic(errno)
	}
	program := Program{Path: "/bin/sh", Args: []string{"sh", "-c", script}}
	if rest, is := strings.CutPrefix(script, asShell); is {
		program = ProgramOf("/nowhere", []string{"dbt-tally", "sh", "-c", rest})
	}
	os.Exit(Supervise(program, os.Stderr))
}

// supervisor returns a command that supervises the shell script.
func supervisor(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), supervised+"="+script)
	cmd.Stderr = os.Stderr
	return cmd
}

// signalled starts a command, sends it a signal once it has printed "ready", and returns what
// it printed after that. The caller waits for its end.
func signalled(t *testing.T, cmd *exec.Cmd, signal os.Signal) (rest string) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func exitStatus(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func TestStatusOfTheProgramIsPassedOn(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "kill -KILL $$": 137} {
		if got := exitStatus(t, supervisor(t, script).Run()); got != want {
			t.Errorf("%q: exit status %d; want %d", script, got, want)
		}
	}
}

func TestOrphansAreReaped(t *testing.T) {
	t.Parallel()
	// The inner shell ends at once and leaves its child behind. A zombie can be signalled
	// until a process has waited for it.
	script := `orphan=$(sh -c 'sleep 0.2 >/dev/null & echo $!')
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			sleep 0.2
			kill -0 "$orphan" 2>/dev/null || exit 0
		done
		exit 1`
	if got := exitStatus(t, supervisor(t, script).Run()); got != 0 {
		t.Error("the orphan became a zombie")
	}
}

func TestEachSignalReachesTheProgramOnce(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd := supervisor(t, `trap 'echo heard' INT TERM; echo ready; i=0
				while [ $i -lt 10 ]; do sleep 0.1; i=$((i+1)); done; exit 5`)
			rest := signalled(t, cmd, signal)
			if got := strings.Count(rest, "heard"); got != 1 {
				t.Errorf("heard %d signals; want 1", got)
			}
			if got := exitStatus(t, cmd.Wait()); got != 5 {
				t.Errorf("exit status %d; want 5", got)
			}
		})
	}
}

// The shell itself ends at the signal, as it has no trap, but the program that it runs has
// something left to do.
func TestAShellsProgramReceivesTheSignalAndEnds(t *testing.T) {
	t.Parallel()
	cmd := supervisor(t, asShell+`sh -c 'trap "sleep 0.3; echo reported; exit 2" TERM; echo ready
		for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done'; echo no`)
	rest := signalled(t, cmd, syscall.SIGTERM)
	status := exitStatus(t, cmd.Wait())
	if rest != "reported\n" || status != 128+int(syscall.SIGTERM) {
		t.Errorf("%q, status %d; want that the program reported, and the shell's status", rest, status)
	}
}

func TestAShellMayLeaveAProcessBehind(t *testing.T) {
	t.Parallel()
	began := time.Now()
	status := exitStatus(t, supervisor(t, asShell+"sleep 60 >/dev/null 2>&1 & exit 4").Run())
	if took := time.Since(began); status != 4 || took > 30*time.Second {
		t.Errorf("status %d after %s; want 4 at once", status, took)
	}
}

func TestAMissingProgramIsAnError(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	status := Supervise(ProgramOf("/nowhere", []string{"nowhere", "build"}), &stderr)
	if status != 2 || !strings.Contains(stderr.String(), "no such file") {
		t.Errorf("got status %d, %q; want 2 and that the file does not exist", status, stderr.String())
	}
}
