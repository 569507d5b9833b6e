package warehouse_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// execDuckDB runs statements on the file in another process, which closes the file again.
func execDuckDB(bin, dir string) func(*testing.T, ...string) {
	return func(t *testing.T, statements ...string) {
		t.Helper()
		c, err := consoleOf(filepath.Join(bin, "python"))
		if err != nil {
			t.Fatal(err)
		}
		problem, err := c.execute(dir, strings.Join(statements, ";"))
		if err != nil || problem != "" {
			t.Fatalf("%s: %s %v", statements, problem, err)
		}
	}
}

// console is a Python that executes SQL on DuckDB files. A start, with the import of
// DuckDB, takes longer than most statements. The process ends with the tests, which hold
// the other end of its input.
type console struct {
	mu      sync.Mutex
	input   *json.Encoder
	answers *json.Decoder
}

const consoleProgram = `
import json, os, sys
import duckdb

for line in sys.stdin:
    directory, sql = json.loads(line)
    os.chdir(directory)
    problem = ""
    try:
        with duckdb.connect("lab.duckdb") as connection:
            connection.execute(sql)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    print(json.dumps(problem), flush=True)
`

// consoles has a function per Python that starts its console, once.
var consoles sync.Map

func consoleOf(python string) (*console, error) {
	start, _ := consoles.LoadOrStore(python, sync.OnceValues(func() (*console, error) { return startConsole(python) }))
	return start.(func() (*console, error))()
}

func startConsole(python string) (*console, error) {
	cmd := exec.Command(python, "-c", consoleProgram)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &console{input: json.NewEncoder(input), answers: json.NewDecoder(answers)}, nil
}

// execute returns DuckDB's problem, or "".
func (c *console) execute(dir, sql string) (problem string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.input.Encode([]string{dir, sql}); err != nil {
		return "", err
	}
	err = c.answers.Decode(&problem)
	return problem, err
}
