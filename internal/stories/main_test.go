// Package stories tests dbt-tally as its users run it: each .txtar of testdata/script is
// a user story, run through the whole program. Rules about the repository itself are left
// to the tests in its root directory.
package stories

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/program"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
)

// The fake dbt is the dbt of the stories that do not request a real one.
func TestMain(m *testing.M) { program.Main(program.Tests{M: m, Parallel: 4}, "dbt") }

// TestStories runs every user story of testdata/script through the whole program, on real
// databases and the strict fake of GitHub. Stories about dbt request a real one.
func TestStories(t *testing.T) {
	t.Parallel()
	stories{t: t}.run("script")
}

// TestMySQLStories runs the stories of dbt-mysql, on MariaDB and on MySQL.
func TestMySQLStories(t *testing.T) {
	t.Parallel()
	for _, flavour := range mysql.Flavours {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			stories{t, flavour}.run("script/mysql")
		})
	}
}

// TestGitLabStories runs the stories of GitLab CI, on the strict fake of GitLab.
func TestGitLabStories(t *testing.T) {
	t.Parallel()
	stories{t: t}.run("script/gitlab")
}

// stories runs scripts. The commands that a script needs from the test process are its
// methods.
type stories struct {
	t       *testing.T
	flavour mysql.Flavour // $FLAVOUR of the scripts; "": none
}

// run runs the stories in a directory of testdata.
func (s stories) run(dir string) {
	testscript.Run(s.t, testscript.Params{Dir: testdata(dir), Setup: s.setup, Cmds: s.commands()})
}

// command is a script command in addition to those of testscript.
type command = func(*testscript.TestScript, bool, []string)

func (s stories) commands() map[string]command {
	return map[string]command{
		"postgres":   s.postgres,
		"pgbouncer":  s.pgbouncer,
		"mysql":      s.mysql,
		"snowflake":  s.snowflake,
		"refusing":   s.refusing,
		"silent":     s.silent,
		"sql":        s.sql,
		"real":       s.real,
		"github":     s.github,
		"gitlab":     s.gitlab,
		"note":       s.note,
		"discussion": s.discussion,
		"ticket":     s.ticket,
		"pipeline":   s.pipeline,
		"comment":    s.comment,
		"diff":       s.diff,
		"review":     s.review,
		"checks":     s.checks,
		"issue":      s.issue,
		"fault":      s.fault,
		"cloud":      s.cloud,
		"await":      s.await,
		"enterprise": s.enterprise,
		"outputs":    s.outputs,
		"exits":      s.exits,
		"signal":     s.signal,
		"input":      s.input,
		"follow":     s.follow,
		"explained":  s.explained,
		"workflow":   s.workflow,
		"multiply":   s.multiply,
	}
}

// story is a script as a testing.TB for test helpers: a failure ends the script, and a
// missing program skips it.
type story struct {
	testing.TB
	ts *testscript.TestScript
}

func (s story) Cleanup(end func())                { s.ts.Defer(end) }
func (s story) Fatalf(format string, args ...any) { s.ts.Fatalf(format, args...) }
func (s story) Fatal(args ...any)                 { s.ts.Fatalf("%s", fmt.Sprint(args...)) }

func (s stories) story(ts *testscript.TestScript) story {
	return story{s.world(ts).env.T().(testing.TB), ts}
}

// world is the environment of one story besides its files.
type world struct {
	database database
	forge    *fakegithub.Server
	gitlab   *fakegitlab.Server // nil: the story is not about GitLab
	pull     pull               // the pull request of the job
	fork     pull               // the pull request from a fork; the zero value: not open yet
	cloud    *fakedbtcloud.Server
	env      *testscript.Env
}

type worldKey struct{}

func (s stories) setup(env *testscript.Env) error {
	root := server.Root()
	env.Values[worldKey{}] = &world{env: env}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("ROOT", root)
	env.Setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
	env.Setenv("NO_PROXY", "127.0.0.1")
	env.Setenv("FLAVOUR", string(s.flavour))
	return nil
}

func (s stories) world(ts *testscript.TestScript) *world {
	return ts.Value(worldKey{}).(*world)
}

// testdata returns a path below testdata in the root of the repository.
func testdata(name string) string { return filepath.Join(server.Root(), "testdata", name) }

// real puts a real dbt on the PATH before the fake: real dbt 1.8. It is forked from a
// warm process, unless the story measures a cold start: real dbt 1.11 cold.
func (s stories) real(ts *testscript.TestScript, _ bool, args []string) {
	start := func(t testing.TB, version string) string { return warmdbt.Start(t, version) }
	if len(args) > 2 && args[2] == "cold" {
		start = warmdbt.Environment
	}
	ts.Setenv("PATH", filepath.Join(start(s.story(ts), args[1]), "bin")+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

// exits checks an exit status: exits 64 dbt-tally --comment maybe.
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

// signal sends SIGTERM to the background commands, as a runner does.
func (s stories) signal(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// input sets an input of the action to the text of a file: input dbt-command FILE.
func (s stories) input(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("INPUT_"+strings.ToUpper(args[0]), ts.ReadFile(args[1]))
}
