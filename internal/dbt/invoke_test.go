package dbt

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// script returns a CLI whose dbt is a shell script, for behaviour that is too quick or too
// rare to test with a real dbt. internal/stories runs a real dbt.
func script(t *testing.T, body string) CLI {
	t.Helper()
	dir := t.TempDir()
	path := write(t, "#!/bin/sh\n"+body, dir, "dbt")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return CLI{
		Executable: path, WorkDir: dir, Env: []string{"PATH=" + os.Getenv("PATH")}, ProjectDir: dir,
		TargetPath: filepath.Join(dir, "target"), LogFile: filepath.Join(dir, "logs", "dbt.log"), ScratchDir: t.TempDir(),
		Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Now: time.Now,
	}
}

const results = `{"metadata": {"invocation_id": "%s", "dbt_version": "1.11.16"}, "results": [
 {"unique_id": "model.shop.a", "status": "success", "message": "SELECT 3", "execution_time": 0.5},
 {"unique_id": "model.shop.b", "status": "error", "message": "\u001b[31mboom\u001b[0m", "execution_time": 0.25},
 {"unique_id": "test.shop.t", "status": "fail", "message": null, "execution_time": 0}]}`

func TestOutputAndExitCodeArePassedOn(t *testing.T) {
	t.Parallel()
	c := script(t, `echo "out: $1"; echo err >&2; exit 1`)
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if err != nil {
		t.Fatal(err)
	}
	out, errs := c.Stdout.(*bytes.Buffer).String(), c.Stderr.(*bytes.Buffer).String()
	if inv.ExitCode != 1 || out != "out: build\n" || errs != "err\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", inv.ExitCode, out, errs)
	}
}

func TestResultsOfThisInvocation(t *testing.T) {
	t.Parallel()
	fake := func(resultsID string) CLI {
		return script(t, `cat >"$DBT_LOG_PATH/dbt.log" <<'END'


============================== 23:59:58.000000 | one ==============================
`+"\x1b[0m"+`23:59:58.000000 [info ] [MainThread]: Running with dbt=1.11.16
23:59:58.100000 [debug] [Thread-2 (]: Began running node model.shop.z
23:59:58.500000 [debug] [Thread-1 (]: Began running node model.shop.a
23:59:58.600000 [info ] [Thread-1 (]: 1 of 3 START sql table model dev.a ........ [RUN]
23:59:59.000000 [debug] [Thread-1 (]: On model.shop.a: /* app */

  do $x$ begin insert /* dbt_tally */ into t
23:59:59.100000 [debug] [Thread-2 (]: On model.shop.z: select 1
23:59:59.900000 [debug] [Thread-2 (]: SQL status: SELECT 1 in 0.8 seconds
23:59:59.950000 [debug] [ThreadPool]: SQL status: of no statement
00:00:00.250000 [debug] [Thread-1 (]: SQL status: DO in 1.25 seconds
00:00:00.500000 [info ] [Thread-1 (]: 1 of 3 OK created sql table model dev.a ........ [`+"\x1b[32mSELECT 3\x1b[0m"+` in 2.00s]
00:00:00.500000 [debug] [Thread-1 (]: Finished running node model.shop.a
00:00:00.500000 [debug] [Thread-1 (]: Began running node model.shop.b
00:00:00.600000 [debug] [Thread-1 (]: Database Error in model b (models/b.sql)
  no such column
00:00:00.700000 [error] [Thread-1 (]: 2 of 3 ERROR creating sql table model dev.b ........ [`+"\x1b[31mERROR\x1b[0m"+` in 0.25s]
00:00:00.750000 [debug] [Thread-1 (]: Finished running node model.shop.b
00:00:01.000000 [debug] [Thread-1 (]: Began running node test.shop.t
00:00:01.250000 [error] [Thread-1 (]: 3 of 3 FAIL 2 t ........ [`+"\x1b[31mFAIL 2\x1b[0m"+` in 0.25s]
00:00:01.250000 [debug] [Thread-1 (]: Finished running node test.shop.t
00:00:01.300000 [debug] [Thread-1 (]: Finished running node model.shop.never_begun
END
mkdir -p target; cat >target/run_results.json <<'END'
`+strings.Replace(results, "%s", resultsID, 1)+`
END
exit 1`)
	}
	inFlight := NodeResult{NodeID: "model.shop.z"}
	tests := map[string]struct {
		resultsID string
		want      []NodeResult
	}{
		"are taken from run_results.json": {"one", []NodeResult{
			{NodeID: "model.shop.a", Status: "success", Message: "SELECT 3", Seconds: 0.5},
			{NodeID: "model.shop.b", Status: "error", Message: "boom", Seconds: 0.25},
			{NodeID: "test.shop.t", Status: "fail"},
			inFlight,
		}},
		"are not those of another invocation": {"of another day", []NodeResult{
			{NodeID: "model.shop.a", Status: "success", Message: "SELECT 3", Seconds: 2},
			{
				NodeID: "model.shop.b", Status: "error",
				Message: "Database Error in model b (models/b.sql)\n  no such column", Seconds: 0.25,
			},
			{NodeID: "test.shop.t", Status: "fail", Message: "FAIL 2", Seconds: 0.25},
			inFlight,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv, err := fake(test.resultsID).Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
			if err != nil {
				t.Fatal(err)
			}
			want := Invocation{
				ID: "one", Command: Command{"build"}, DBTVersion: "1.11.16", ExitCode: 1, Nodes: test.want,
				Audit: AuditCost{Statements: 1, Seconds: 1.25, Known: true},
			}
			if diff := cmp.Diff(want, inv, cmpopts.IgnoreFields(Invocation{}, "StartedAt", "CompletedAt")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestResultsOfAnEarlierCommandAreNotThisOnes(t *testing.T) {
	t.Parallel()
	c := script(t, `[ -e target/run_results.json ] || exit 9; exit 2`)
	write(t, strings.Replace(results, "%s", "old", 1), c.TargetPath, "run_results.json")
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if err != nil || inv.ExitCode != 2 || len(inv.Nodes) != 0 || inv.ID != "" {
		t.Errorf("got %+v, %v", inv, err)
	}
}

func TestWhyDBTCouldNotRun(t *testing.T) {
	t.Parallel()
	c := script(t, `cat >"$DBT_LOG_PATH/dbt.log" <<'END'
============================== 10:00:00.000000 | one ==============================
10:00:00.000000 [info ] [MainThread]: Running with dbt=1.11.16
10:00:00.100000 [error] [MainThread]: `+"\x1b[31m"+`Encountered an error:
Compilation Error`+"\x1b[0m"+`
10:00:00.200000 [error] [MainThread]: something later
END
exit 2`)
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if want := "Encountered an error:\nCompilation Error"; err != nil || inv.Error != want || inv.ID != "one" {
		t.Errorf("got %q of %q, %v; want %q", inv.Error, inv.ID, err, want)
	}
}

func TestDBTsOwnLogGetsEveryByte(t *testing.T) {
	t.Parallel()
	const said = "\n\n============================== 10:00:00.000000 | one ==============================\n" +
		"\x1b[0m10:00:00.000000 [info ] [MainThread]: Running with dbt=1.11.16\n  more of it\n10:00:00.1 cut o"
	c := script(t, `cp said "$DBT_LOG_PATH/dbt.log"`)
	write(t, said, c.WorkDir, "said")
	write(t, "of earlier runs\n", c.LogFile)
	if _, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(c.LogFile)
	if diff := cmp.Diff("of earlier runs\n"+said, string(got)); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestAFullLogIsMovedAside(t *testing.T) {
	t.Parallel()
	c := script(t, `for i in 1 2 3 4; do echo "10:00:00.000000 [info ] [MainThread]: record $i"; echo "  more"; done >"$DBT_LOG_PATH/dbt.log"`)
	c.Env = append(c.Env, "DBT_LOG_FILE_MAX_BYTES=100")
	write(t, "10:00:00.000000 [info ] [MainThread]: of earlier runs\n", c.LogFile)
	write(t, "oldest", c.LogFile+".5")
	if _, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{}); err != nil {
		t.Fatal(err)
	}
	const one, more = "10:00:00.000000 [info ] [MainThread]: record ", "\n  more\n"
	for name, want := range map[string]string{
		c.LogFile:        one + "4" + more,
		c.LogFile + ".1": one + "3" + more,
		c.LogFile + ".3": one + "1" + more,
		c.LogFile + ".4": "10:00:00.000000 [info ] [MainThread]: of earlier runs\n",
		c.LogFile + ".5": "oldest",
	} {
		text, err := os.ReadFile(name)
		if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", filepath.Base(name), err, diff)
		}
	}
}

func TestALogOfPlainTextHasNoResults(t *testing.T) {
	t.Parallel()
	c := script(t, `echo '10:00:00  Began running node model.shop.z' >"$DBT_LOG_PATH/dbt.log"
mkdir -p target; cat >target/run_results.json <<'END'
`+strings.Replace(results, "%s", "one", 1)+`
END`)
	write(t, strings.Replace(results, "%s", "old", 1), c.TargetPath, "run_results.json")
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if err != nil || inv.ID != "one" || len(inv.Nodes) != 3 || inv.Audit.Known {
		t.Errorf("got %+v, %v; want the data of run_results.json, and an unknown cost", inv, err)
	}
}

func TestALogAsJSONHasTheSameResults(t *testing.T) {
	t.Parallel()
	c := script(t, `cat >"$DBT_LOG_PATH/dbt.log" <<'END'
{"data": {}, "info": {"invocation_id": "one", "level": "info", "msg": "Running with dbt=1.11.16", "thread": "MainThread", "ts": "2026-01-01T23:59:58.000000Z"}}
{"data": {}, "info": {"invocation_id": "one", "level": "debug", "msg": "Began running node model.shop.a", "thread": "Thread-1 (worker)", "ts": "2026-01-01T23:59:58.500000Z"}}
{"data": {}, "info": {"invocation_id": "one", "level": "debug", "msg": "On model.shop.a: insert /* dbt_tally */ into t", "thread": "Thread-1 (worker)", "ts": "2026-01-01T23:59:59.000000Z"}}
{"data": {}, "info": {"invocation_id": "one", "level": "debug", "msg": "SQL status: DO in 1.25 seconds", "thread": "Thread-1 (worker)", "ts": "2026-01-02T00:00:00.250000Z"}}
END
exit 2`)
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	want := Invocation{
		ID: "one", Command: Command{"build"}, DBTVersion: "1.11.16", ExitCode: 2, Nodes: []NodeResult{{NodeID: "model.shop.a"}},
		Audit: AuditCost{Statements: 1, Seconds: 1.25, Known: true},
	}
	if diff := cmp.Diff(want, inv, cmpopts.IgnoreFields(Invocation{}, "StartedAt",
		"CompletedAt")); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestHooksAreConfiguredByTheEnvironment(t *testing.T) {
	t.Parallel()
	c := script(t, `env | grep ^DBT_TALLY | sort`)
	c.Env = append(c.Env, "DBT_TALLY_RELATION=left over", "DBT_TALLY_COUNT=exact", "DBT_TALLY_CARRY_FROM=10")
	for _, test := range []struct {
		hooks Hooks
		want  string
	}{
		{Hooks{}, "DBT_TALLY_CARRY_FROM=10\nDBT_TALLY_RELATION=\n"},
		{Hooks{Relation: `"a"."b"`, Columns: AllColumns}, "DBT_TALLY_CARRY_FROM=10\nDBT_TALLY_RELATION=\"a\".\"b\"\n"},
		{
			Hooks{Relation: "t", Columns: RowColumns},
			"DBT_TALLY_CARRY_FROM=10\nDBT_TALLY_COLUMNS=rows\nDBT_TALLY_RELATION=t\nDBT_TALLY_SPECIAL=true\n",
		},
		{
			Hooks{Relation: "t", Guard: "try {}", Columns: TutorialColumns, CountViews: true, CountExact: true, ChangeColumn: "at"},
			"DBT_TALLY_CARRY_FROM=10\nDBT_TALLY_CHANGE_COLUMN=at\nDBT_TALLY_COLUMNS=tutorial\nDBT_TALLY_COUNT=exact\n" +
				"DBT_TALLY_COUNT_VIEWS=true\nDBT_TALLY_GUARD=try {}\nDBT_TALLY_RELATION=t\nDBT_TALLY_SPECIAL=true\n",
		},
	} {
		out := c.Stdout.(*bytes.Buffer)
		out.Reset()
		if _, err := c.Invoke(t.Context(), Command{"build"}, test.hooks, Version{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestTheLogGoesWhereTheUserWantsIt(t *testing.T) {
	t.Parallel()
	c := script(t, `echo "$@"; echo "10:00:00.000000 [debug] [MainThread]: 'log_path': '$DBT_ENGINE_LOG_PATH'" >"$DBT_LOG_PATH/dbt.log"`)
	command := Command{
		"build", "--log-format-file", "json", "--log-path", "theirs",
		"--log-file-max-bytes=7", "--select", "x",
	}
	inv, err := c.Invoke(t.Context(), command, Hooks{}, Version{})
	if err != nil {
		t.Fatal(err)
	}
	if out := c.Stdout.(*bytes.Buffer).String(); out != "build --log-format-file json --select x\n" {
		t.Errorf("dbt got %q", out)
	}
	if diff := cmp.Diff(command, inv.Command); diff != "" {
		t.Errorf("the command (-want +got)\n%s", diff)
	}
	dir := filepath.Join(c.WorkDir, "theirs")
	got, err := os.ReadFile(filepath.Join(dir, "dbt.log"))
	if want := "10:00:00.000000 [debug] [MainThread]: 'log_path': '" + dir + "'\n"; string(got) != want {
		t.Errorf("%v, the log has %q; want %q", err, got, want)
	}
}

func TestDBTTwoGetsItsInvocationID(t *testing.T) {
	t.Parallel()
	c := script(t, `echo "$@"`)
	inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{Number: "2.0.1", Rust: true})
	want := "build --invocation-id " + inv.ID + "\n"
	if out := c.Stdout.(*bytes.Buffer).String(); err != nil || inv.ID == "" || out != want || inv.DBTVersion != "2.0.1" {
		t.Errorf("dbt got %q, want %q; %+v, %v", out, want, inv, err)
	}
	inv, err = c.Invoke(t.Context(), Command{"build", "--invocation-id", "mine"}, Hooks{}, Version{Rust: true})
	if err != nil || inv.ID != "mine" {
		t.Errorf("got id %q, %v; want the user's own", inv.ID, err)
	}
}

// waitFor waits until the file exists.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 500 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s never came", path)
}

func TestAnInterruptReachesDBTOnceAndItsGroup(t *testing.T) {
	t.Parallel()
	// The inner shell is dbt, started by a wrapper that does not forward signals.
	c := script(t, `sh -c 'trap "echo interrupted; exit 2" INT; touch ready; while :; do sleep 0.05; done'; exit $?`)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() { waitFor(t, filepath.Join(c.WorkDir, "ready")); interrupt() }()
	inv, err := c.Invoke(ctx, Command{"build"}, Hooks{}, Version{})
	if err != nil || !inv.Interrupted || inv.ExitCode != 2 {
		t.Errorf("got exit %d, interrupted %v, %v", inv.ExitCode, inv.Interrupted, err)
	}
	if got := c.Stdout.(*bytes.Buffer).String(); got != "interrupted\n" {
		t.Errorf("dbt saw %q, want one interrupt", got)
	}
}

func TestASecondInterruptKills(t *testing.T) {
	t.Parallel()
	c := script(t, `trap "touch stubborn" INT; touch ready; while :; do sleep 0.05; done`)
	kill := make(chan struct{})
	c.Kill = kill
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		waitFor(t, filepath.Join(c.WorkDir, "ready"))
		interrupt()
		waitFor(t, filepath.Join(c.WorkDir, "stubborn"))
		close(kill)
	}()
	inv, err := c.Invoke(ctx, Command{"build"}, Hooks{}, Version{})
	if err != nil || inv.ExitCode != ExitCouldNotRun || !inv.Interrupted {
		t.Errorf("got exit %d, interrupted %v, %v", inv.ExitCode, inv.Interrupted, err)
	}
}

func TestVersionOfDBT(t *testing.T) {
	t.Parallel()
	const v1 = "echo 'Core:'; echo '  - installed: 1.12.6'; echo '  - latest:    1.12.6 - Up to date!'"
	tests := map[string]struct {
		body string
		want Version
	}{
		"v1, asked":         {v1, Version{Number: "1.12.6"}},
		"v2":                {"echo 'dbt-core 2.0.3'", Version{Number: "2.0.3", Rust: true}},
		"v2, as Fusion":     {"echo 'dbt-fusion 2.0.0-preview.70'", Version{Number: "2.0.0-preview.70", Rust: true}},
		"something unknown": {"echo hello", Version{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := script(t, test.body).DetectVersion(t.Context())
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestTheVersionIsFoundWithoutStartingPython(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, "#!/nowhere/bin/python\n", dir, "bin", "dbt")
	write(t, "", dir, "lib", "python3.12", "site-packages", "dbt_core-1.10.4.dist-info", "METADATA")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := CLI{Executable: path}.DetectVersion(t.Context())
	if want := (Version{Number: "1.10.4"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestAnOperationReturnsPayloadsOrDBTsMessage(t *testing.T) {
	t.Parallel()
	c := script(t, `echo "$@ $NODES" >args
echo '{"info": {"level": "info", "msg": "Running with dbt"}}'
echo '{"info": {"level": "info", "msg": "DBT_TALLY {\"a\": 1}"}}'
echo '{"info": {"level": "info", "msg": "DBT_TALLY [2]"}}'
echo '{"info": {"level": "error", "msg": "\u001b[31mno such table\u001b[0m"}}'
exit $(cat code)`)
	o := Operator{CLI: c, Like: Command{"build", "--target", "ci", "--select", "x"}}
	write(t, "0", c.WorkDir, "code")
	got, err := o.RunOperation(t.Context(), "dbt_tally_collect", map[string]any{"b": []string{"x"}, "a": 1}, "NODES=many")
	if diff := cmp.Diff([][]byte{[]byte(`{"a": 1}`), []byte(`[2]`)}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	args, _ := os.ReadFile(filepath.Join(c.WorkDir, "args"))
	text, want := string(args), `run-operation dbt_tally_collect --args {"a":1,"b":["x"]}`
	if !strings.HasPrefix(text, want) || !strings.Contains(text, "--target ci") || !strings.Contains(text, "many") || strings.Contains(text, "--select") {
		t.Errorf("dbt got %s", args)
	}
	write(t, "1", c.WorkDir, "code")
	if _, err := o.RunOperation(t.Context(), "dbt_tally_collect",
		nil); err == nil || err.Error() != "dbt run-operation dbt_tally_collect: no such table" {
		t.Errorf("got error %v", err)
	}
}
