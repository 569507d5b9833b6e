//go:build unix

package faults

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
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
	after  func()   // runs when a dbt that waits has done its work
	reader bool     // a reader of the output exists; otherwise the output is closed
}

const token = fakegithub.JobToken

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), db: postgres.New(t), shell: `exec dbt-tally "$@"`, args: []string{"build"}, reader: true}
	w.forge = fakegithub.New(t, fakegithub.Options{})
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
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": w.forge.URL(), "GITHUB_GRAPHQL_URL": w.forge.URL() + "/graphql",
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

// then runs f when dbt has done its work and before it ends.
func (w *world) then(f func()) {
	w.t.Helper()
	w.dbt(`fake-dbt "$@"; code=$?; touch ../built; while [ ! -e ../go ]; do sleep 0.05; done; exit $code`)
	w.after = f
}

// ended is the result of a run.
type ended struct {
	code   int
	took   time.Duration
	output string
}

func (w *world) run() ended {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", w.shell, "sh"}, w.args...)...)
	cmd.Dir, cmd.WaitDelay = w.path("project"), time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
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
	if w.after != nil {
		w.await("built")
		w.after()
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
	for range 1200 {
		if _, err := os.Stat(w.path(name)); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s never came", name)
}

// lock keeps a table locked until the test ends.
func (w *world) lock(table string) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.db.Hold(ctx, "lock table "+table)
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	for range 100 {
		rows := w.db.Query(w.t, "select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = '"+table+"'::regclass")
		if len(rows) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s was never locked", table)
}

// secrets returns a world's secrets in every form that could be written by mistake.
func (w *world) secrets() map[string]string {
	forms := map[string]string{}
	for name, secret := range map[string]string{"password": w.db.Password, "token": token} {
		quoted, _ := json.Marshal(secret)
		maps.Copy(forms, map[string]string{
			name:                          secret,
			name + ", percent-encoded":    url.PathEscape(secret),
			name + ", in a query":         url.QueryEscape(secret),
			name + ", in base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
			name + ", with doubled quote": strings.ReplaceAll(secret, "'", "''"),
			name + ", in JSON":            strings.Trim(string(quoted), `"`),
		})
	}
	return forms
}

// noSecrets searches everything that was written: the output without the masks, which the
// runner removes, all files, and the comments.
func (w *world) noSecrets(output string) {
	w.t.Helper()
	written := map[string]string{"output": output}
	for _, c := range w.forge.Comments(fakegithub.PullRequest) {
		written["comment"] += c.Body
	}
	written["requests"] = strings.Join(w.forge.Requests(), "\n")
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		written[path] = string(text)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	for where, text := range written {
		var seen strings.Builder
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "::add-mask::") {
				fmt.Fprint(&seen, line)
			}
		}
		for form, secret := range w.secrets() {
			if strings.Contains(seen.String(), secret) {
				w.t.Errorf("%s has the %s", where, form)
			}
		}
	}
}
