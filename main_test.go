package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mariadb"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// testingM runs the package's tests and then stops the servers.
type testingM struct{ *testing.M }

func (m testingM) Run() int {
	defer mariadb.Stop()
	return postgres.Main(m.M)
}

func TestMain(m *testing.M) {
	testscript.Main(testingM{m}, map[string]func(){"dbt-tally": main})
}

// TestStories runs every user story of testdata/script through the real main,
// with real dbt on real databases and the strict fake of GitHub.
func TestStories(t *testing.T) {
	t.Parallel()
	needDBT(t, "1.11")
	stories{t}.run("testdata/script")
}

// stories runs scripts; what a script needs of the test process is a command.
type stories struct{ t *testing.T }

func (s stories) run(dir string) {
	testscript.Run(s.t, testscript.Params{
		Dir:   dir,
		Setup: s.setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"postgres": s.postgres,
			"mariadb":  s.mariadb,
			"sql":      s.sql,
			"dbt":      s.dbt,
			"github":   s.github,
			"comment":  s.comment,
			"diff":     s.diff,
			"review":   s.review,
			"issue":    s.issue,
			"fault":    s.fault,
			"await":    s.await,
			"outputs":  s.outputs,
			"exits":    s.exits,
			"signal":   s.signal,
			"input":    s.input,
		},
	})
}

// story is a script as helpers of tests see it: what fails there ends the script.
type story struct {
	testing.TB
	ts *testscript.TestScript
}

func (s story) Cleanup(end func())                { s.ts.Defer(end) }
func (s story) Fatalf(format string, args ...any) { s.ts.Fatalf(format, args...) }
func (s story) Fatal(args ...any)                 { s.ts.Fatalf("%s", fmt.Sprint(args...)) }

func (s stories) story(ts *testscript.TestScript) story { return story{s.t, ts} }

// Skipf fails: the stories as a whole have been skipped where tools are missing.
func (s story) Skipf(format string, args ...any) {
	s.ts.Fatalf("needs what is not here: "+format, args...)
}

// world is what one story has beside its files.
type world struct {
	database database
	forge    *fakegithub.Server
	env      *testscript.Env
}

// database is the story's, of either kind.
type database interface {
	Exec(t testing.TB, statements ...string)
	Query(t testing.TB, query string) [][]string
}

type worldKey struct{}

func (s stories) setup(env *testscript.Env) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	env.Values[worldKey{}] = &world{env: env}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("ROOT", root)
	env.Setenv("PATH", dbtFolder(root, "1.11")+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
	env.Setenv("NO_PROXY", "127.0.0.1")
	return nil
}

// dbtFolder is the folder of the dbt of a minor version that `make tools` made.
func dbtFolder(root, version string) string {
	return filepath.Join(root, ".cache", "dbt-"+version, "bin")
}

func (s stories) world(ts *testscript.TestScript) *world {
	return ts.Value(worldKey{}).(*world)
}

// needDBT skips the story where dbt is not installed, loudly.
func needDBT(t testing.TB, version string) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dbtFolder(root, version), "dbt")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no dbt %s at %s: run make tools", version, path)
	}
	return path
}

// postgres gives the story a fresh database: PGHOST, PGPORT, ... and DATABASE.
// With an argument, the login is a new role that owns nothing.
func (s stories) postgres(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	login, ok := w.database.(postgres.Database)
	if !ok {
		login = postgres.New(s.story(ts))
		w.database = login
	}
	if len(args) > 0 {
		login = login.As(s.story(ts), args[0])
		ts.Setenv("ROLE", login.User)
	}
	ts.Setenv("PGHOST", login.Host)
	ts.Setenv("PGPORT", strconv.Itoa(login.Port))
	ts.Setenv("PGUSER", login.User)
	ts.Setenv("PGPASSWORD", login.Password)
	ts.Setenv("PGDATABASE", login.Name)
}

// mariadb gives the story a fresh database: MYSQL_HOST, MYSQL_PORT, ...
func (s stories) mariadb(ts *testscript.TestScript, _ bool, _ []string) {
	login := mariadb.New(s.story(ts))
	s.world(ts).database = login
	ts.Setenv("MYSQL_HOST", login.Host)
	ts.Setenv("MYSQL_PORT", strconv.Itoa(login.Port))
	ts.Setenv("MYSQL_USER", login.User)
	ts.Setenv("MYSQL_PASSWORD", login.Password)
	ts.Setenv("MYSQL_DATABASE", login.Name)
}

// sql runs a statement as the database's owner; a query's rows go to stdout.
func (s stories) sql(ts *testscript.TestScript, _ bool, args []string) {
	statement := strings.Join(args, " ")
	w := s.world(ts)
	if !strings.HasPrefix(statement, "select") {
		w.database.Exec(s.story(ts), statement)
		return
	}
	for _, row := range w.database.Query(s.story(ts), statement) {
		fmt.Fprintln(ts.Stdout(), strings.Join(row, " | "))
	}
}

// dbt puts another version of dbt on the PATH: dbt 1.8.
func (s stories) dbt(ts *testscript.TestScript, _ bool, args []string) {
	needDBT(s.story(ts), args[0])
	ts.Setenv("PATH", dbtFolder(ts.Getenv("ROOT"), args[0])+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

// github makes the story a step of a workflow: github EVENT [readonly].
func (s stories) github(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	if w.forge == nil {
		w.forge = fakegithub.New(s.story(ts), fakegithub.Options{})
	}
	event := map[string]any{"repository": map[string]any{"full_name": fakegithub.Repository}}
	if strings.HasPrefix(args[0], "pull_request") {
		repository := map[string]any{"full_name": fakegithub.Repository, "id": 1}
		event["number"] = fakegithub.PullRequest
		event["pull_request"] = map[string]any{
			"number": fakegithub.PullRequest,
			"head":   map[string]any{"sha": fakegithub.HeadSHA, "ref": fakegithub.HeadBranch, "repo": repository},
			"base":   map[string]any{"sha": "f00d", "ref": "main", "repo": repository},
		}
	}
	text, err := json.Marshal(event)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("event.json"), text, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("summary.md"), nil, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("output.txt"), nil, 0o644))
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": args[0], "GITHUB_EVENT_PATH": ts.MkAbs("event.json"),
		"GITHUB_REPOSITORY": fakegithub.Repository, "GITHUB_SHA": fakegithub.HeadSHA, "GITHUB_REF_NAME": fakegithub.HeadBranch,
		"GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "dbt",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": w.forge.URL(), "GITHUB_GRAPHQL_URL": w.forge.URL() + "/graphql",
		"GITHUB_WORKSPACE": w.env.WorkDir, "GITHUB_STEP_SUMMARY": ts.MkAbs("summary.md"), "GITHUB_OUTPUT": ts.MkAbs("output.txt"),
		"INPUT_GITHUB-TOKEN": fakegithub.JobToken,
	} {
		ts.Setenv(name, value)
	}
}

// comment shows what is on the pull request: comment list prints every comment,
// comment count N demands a number, comment add AUTHOR FILE puts one there.
func (s stories) comment(ts *testscript.TestScript, _ bool, args []string) {
	forge := s.world(ts).forge
	comments := forge.Comments(fakegithub.PullRequest)
	switch args[0] {
	case "list":
		for _, c := range comments {
			fmt.Fprintf(ts.Stdout(), "#%d by %s\n%s\n", c.ID, c.Author, c.Body)
		}
	case "count":
		if want, _ := strconv.Atoi(args[1]); len(comments) != want {
			ts.Fatalf("%d comments, want %d", len(comments), want)
		}
	case "add":
		forge.AddComment(fakegithub.PullRequest, args[1], ts.ReadFile(args[2]))
	case "copy":
		forge.AddComment(fakegithub.PullRequest, comments[0].Author, comments[0].Body)
	default:
		ts.Fatalf("comment %s: unknown", args[0])
	}
}

// diff makes the pull request change a file: diff PATH [FILE with the hunks].
func (s stories) diff(ts *testscript.TestScript, _ bool, args []string) {
	file := fakegithub.File{PullRequest: fakegithub.PullRequest, Path: args[0]}
	if len(args) > 1 {
		file.Patch = strings.TrimSuffix(ts.ReadFile(args[1]), "\n")
	}
	s.world(ts).forge.AddFile(file)
}

// review shows the pull request's review comments: review list prints every one,
// review count N demands a number.
func (s stories) review(ts *testscript.TestScript, _ bool, args []string) {
	all := s.world(ts).forge.ReviewComments(fakegithub.PullRequest)
	switch args[0] {
	case "list":
		for _, c := range all {
			fmt.Fprintf(ts.Stdout(), "#%d by %s at %s %s %d\n%s\n", c.ID, c.Author, c.Path, c.Side, c.Line, c.Body)
		}
	case "count":
		if want, _ := strconv.Atoi(args[1]); len(all) != want {
			ts.Fatalf("%d review comments, want %d", len(all), want)
		}
	default:
		ts.Fatalf("review %s: unknown", args[0])
	}
}

// issue shows the repository's issues: issue list prints every one, issue count N
// demands a number.
func (s stories) issue(ts *testscript.TestScript, _ bool, args []string) {
	all := s.world(ts).forge.Issues()
	switch args[0] {
	case "list":
		for _, i := range all {
			fmt.Fprintf(ts.Stdout(), "%s: %s\n%s\n", i.State, i.Title, i.Body)
		}
	case "count":
		if want, _ := strconv.Atoi(args[1]); len(all) != want {
			ts.Fatalf("%d issues, want %d", len(all), want)
		}
	default:
		ts.Fatalf("issue %s: unknown", args[0])
	}
}

// fault makes the forge fail: fault METHOD PATTERN STATUS MESSAGE.
func (s stories) fault(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[2])
	ts.Check(err)
	s.world(ts).forge.Fail(args[0], args[1], fakegithub.Fault{Status: status, Message: strings.Join(args[3:], " ")})
}

// await waits until a query gives a row: what a background command is to do.
func (s stories) await(ts *testscript.TestScript, _ bool, args []string) {
	for range 300 {
		if len(s.world(ts).database.Query(s.story(ts), strings.Join(args, " "))) > 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("no row for %s", strings.Join(args, " "))
}

// outputs demands step outputs: outputs models=5 status=success.
func (s stories) outputs(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("output.txt")
	for _, want := range args {
		name, value, _ := strings.Cut(want, "=")
		if !hasOutput(text, name, value) {
			ts.Fatalf("output %s is not %q in:\n%s", name, value, text)
		}
	}
}

// exits demands an exit status: exits 64 dbt-tally --comment maybe.
func (s stories) exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var exit *exec.ExitError
	got := 0
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// signal sends SIGTERM to what runs in the background, as a runner does.
func (s stories) signal(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// input sets an input of the action to the text of a file: input dbt-command FILE.
func (s stories) input(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("INPUT_"+strings.ToUpper(args[0]), ts.ReadFile(args[1]))
}

// hasOutput looks for an output in the file that the runner reads, in either form.
func hasOutput(text, name, value string) bool {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line == name+"="+value {
			return true
		}
		if strings.HasPrefix(line, name+"<<") && i+2 < len(lines) && lines[i+1] == value && lines[i+2] == line[len(name)+2:] {
			return true
		}
	}
	return false
}
