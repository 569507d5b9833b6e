package profile

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
)

var update = flag.Bool("update", false, "write testdata/resolved.golden.json from dbt 1.11")

const golden = "testdata/resolved.golden.json"

// resolved is dbt's result for a test case.
type resolved struct {
	Target   string         `json:"target,omitempty"`
	Settings map[string]any `json:"settings,omitempty"`
	Error    string         `json:"error,omitempty"`
}

func TestDBTResolvesAsTheGoldenSays(t *testing.T) {
	t.Parallel()
	input, err := json.Marshal(cases())
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"1.11", "1.12", "1.8"} {
		t.Run(version, func(t *testing.T) {
			answer, _ := askDBT(t, version, "testdata/resolve.py", input)
			if *update && version == "1.11" {
				if err := os.WriteFile(golden, append(answer, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(readGolden(t), decodeResolved(t, answer)); diff != "" {
				t.Errorf("dbt %s against the golden (-golden +dbt):\n%s", version, diff)
			}
		})
	}
}

func TestResolvesAsDBT(t *testing.T) {
	t.Parallel()
	want := readGolden(t)
	for _, c := range cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := want[c.Name]
			if !ok {
				t.Fatalf("%s does not have the case; run with -update", golden)
			}
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "profiles.yml"), c.File)
			got, err := Resolve(Options{
				WorkDir: dir, HomeDir: dir, Vars: c.Vars, Target: c.Target,
				LookupEnv: mapEnv(c.Env),
			}, Project{ProfileName: "shop"})
			if (err != nil) != (want.Error != "") {
				t.Fatalf("error %v, but dbt's is %q", err, want.Error)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(want, resolved{Target: got.Target, Settings: got.Settings}); diff != "" {
				t.Errorf("(-dbt +here):\n%s", diff)
			}
		})
	}
}

// cases returns testCases with their environment set.
func cases() []testCase {
	list := make([]testCase, 0, len(testCases))
	for _, c := range testCases {
		c.Env = testEnv
		if c.Vars == nil {
			c.Vars = map[string]any{}
		}
		list = append(list, c)
	}
	return list
}

func readGolden(t *testing.T) map[string]resolved {
	t.Helper()
	content, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	return decodeResolved(t, content)
}

// decodeResolved keeps 5 an int and 5.0 a float64, as Python does.
func decodeResolved(t *testing.T, content []byte) map[string]resolved {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var results map[string]resolved
	if err := decoder.Decode(&results); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		for key, value := range r.Settings {
			r.Settings[key] = pythonNumbers(t, value)
		}
	}
	return results
}

func pythonNumbers(t *testing.T, value any) any {
	t.Helper()
	switch v := value.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".e") {
			f, err := v.Float64()
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		i, err := v.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return int(i)
	case []any:
		for i := range v {
			v[i] = pythonNumbers(t, v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = pythonNumbers(t, v[key])
		}
	}
	return value
}

// askDBT runs a script of testdata in an environment of dbt, and returns what it prints to its
// standard output and error.
func askDBT(t *testing.T, version, script string, input []byte) (answer []byte, log string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), warmdbt.Python(t, version), script)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return stdout.Bytes(), stderr.String()
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mapEnv(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}
