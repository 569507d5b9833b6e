//go:build unix

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// world is a job on GitHub about a pull request, with its own project and PostgreSQL,
// before its only step.
type world struct {
	t      *testing.T
	dir    string
	db     postgres.Database
	forge  *fakegithub.Server
	env    map[string]string
	shell  string   // runs dbt-tally; "$@" are its arguments
	args   []string // the arguments of dbt-tally
	reader bool     // a reader of the output exists; otherwise the output is closed

	mysql     mysql.Database // of onMySQL
	python    string         // of onDuckDB
	passwords []string
	waits     string // "started" or "built": where dbt waits until duringDBT has run
	duringDBT func()
	unlocks   []func() // end locks

	mu       sync.Mutex
	requests []string // that GitHub received, without the header with the token
	between  between  // answers them; nil: the fake GitHub does
}

const token = fakegithub.JobToken

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), db: postgres.New(t), shell: `exec dbt-tally "$@"`, args: []string{"build"}, reader: true}
	w.passwords = []string{w.db.Password}
	w.forge = fakegithub.New(t, fakegithub.Options{})
	api := w.gitHub()
	if err := os.CopyFS(w.path("project"), os.DirFS(filepath.Join(server.Root(), "testdata", "project"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"summary.md", "output.txt"} {
		w.write(name, "")
	}
	event, err := json.Marshal(map[string]any{
		"repository": map[string]any{"full_name": fakegithub.Repository, "id": 1},
		"number":     fakegithub.PullRequest,
		"pull_request": map[string]any{
			"number": fakegithub.PullRequest,
			"head": map[string]any{
				"sha": fakegithub.HeadSHA, "ref": fakegithub.HeadBranch,
				"repo": map[string]any{"full_name": fakegithub.Repository, "id": 1},
			},
			"base": map[string]any{"ref": "main", "repo": map[string]any{"full_name": fakegithub.Repository, "id": 1}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.write("event.json", string(event))
	w.env = map[string]string{
		"PATH": w.path("bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME": w.dir, "NO_PROXY": "127.0.0.1",
		"DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
		"GITHUB_ACTIONS":                 "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": w.path("event.json"),
		"GITHUB_REPOSITORY": fakegithub.Repository, "GITHUB_SHA": fakegithub.HeadSHA, "GITHUB_REF_NAME": fakegithub.HeadBranch,
		"GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "dbt", "GITHUB_ACTOR": "alice",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": api, "GITHUB_GRAPHQL_URL": api + "/graphql",
		"GITHUB_WORKSPACE": w.path("project"), "GITHUB_STEP_SUMMARY": w.path("summary.md"), "GITHUB_OUTPUT": w.path("output.txt"),
		"TOKEN": token, "INPUT_CHECK": "always",
	}
	for _, entry := range w.db.Environment() {
		name, value, _ := strings.Cut(entry, "=")
		w.env[name] = value
	}
	// A shell does not pass on a variable with a hyphen in its name.
	program, err := exec.LookPath("dbt-tally")
	if err != nil {
		t.Fatal(err)
	}
	w.write("bin/dbt-tally", fmt.Sprintf("#!/bin/sh\nexec env INPUT_GITHUB-TOKEN=\"$TOKEN\" %s \"$@\"\n", program))
	w.dbt(`exec fake-dbt "$@"`)
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	err := os.MkdirAll(filepath.Dir(w.path(name)), 0o755)
	if err == nil {
		err = os.WriteFile(w.path(name), []byte(text), 0o755)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// dbt replaces dbt by a script. Requests before the user's command are answered.
func (w *world) dbt(script string) {
	w.t.Helper()
	w.write("bin/dbt", "#!/bin/sh\nif [ \"$1\" = --version ]; then exec fake-dbt --version; fi\n"+script+"\n")
}

// before runs f when the audit table is ready and dbt has built nothing yet.
func (w *world) before(f func()) { w.wait("started", f) }

// then runs f when dbt has done its work and before it ends.
func (w *world) then(f func()) { w.wait("built", f) }

func (w *world) wait(where string, f func()) {
	w.t.Helper()
	w.waits, w.duringDBT = where, f
	w.write("waits", where)
	if w.python == "" {
		w.dbt(`meet() { if [ "$(cat ../waits)" = $1 ]; then touch ../$1; while [ ! -e ../go ] && [ -e ../waits ]; do sleep 0.05; done; fi; }; ` +
			`meet started; fake-dbt "$@"; code=$?; meet built; exit $code`)
	}
}

// ended is the result of a run.
type ended struct {
	code   int
	took   time.Duration
	output string
}

func (w *world) run() ended {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", w.shell, "sh"}, w.args...)...)
	cmd.Dir, cmd.WaitDelay = w.path("project"), time.Second
	// A forked real dbt can only join a process group of its own session.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: w.python == "", Setpgid: w.python != ""}
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if !w.reader {
		read, written, err := os.Pipe()
		if err != nil {
			w.t.Fatal(err)
		}
		read.Close()
		defer written.Close()
		cmd.Stdout = written
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	if w.duringDBT != nil {
		w.await(w.waits)
		w.duringDBT()
		w.write("go", "")
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		w.t.Errorf("wait: %v", err)
	}
	return ended{cmd.ProcessState.ExitCode(), time.Since(began), out.String()}
}

func (w *world) await(name string) {
	w.t.Helper()
	for range 4800 {
		if _, err := os.Stat(w.path(name)); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s never came", name)
}
