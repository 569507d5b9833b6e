//go:build unix

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
)

// realDBT runs dbt, and waits where the test asks for it. It is a Python script, from
// which dbt-tally knows dbt's Python.
const realDBT = `#!%s
import os, subprocess, sys, time

def meet(where):
    if "build" in sys.argv and os.path.exists("../waits") and open("../waits").read() == where:
        open("../" + where, "w").close()
        while os.path.exists("../waits") and not os.path.exists("../go"):
            time.sleep(0.05)

meet("started")
code = subprocess.call(["%s", *sys.argv[1:]])
meet("built")
sys.exit(code)
`

// real replaces the fake dbt.
func (w *world) real(version string) {
	w.t.Helper()
	bin := filepath.Join(warmdbt.Start(w.t, version), "bin")
	w.python = filepath.Join(bin, "python")
	w.write("bin/dbt", fmt.Sprintf(realDBT, w.python, filepath.Join(bin, "dbt")))
}

// onMySQL moves the project to MySQL, with a login of its own and a real dbt, or a script
// that takes dbt's place.
func (w *world) onMySQL(script string) {
	w.t.Helper()
	admin := mysql.New(w.t, mysql.MySQL)
	w.mysql = admin.As(w.t, "ci")
	admin.Exec(w.t, fmt.Sprintf("grant all on %s.* to '%s'@'%%'", admin.Name, w.mysql.User))
	w.passwords = append(w.passwords, w.mysql.Password)
	w.env["SHOP_TARGET"] = "mysql"
	for _, entry := range w.mysql.Environment() {
		name, value, _ := strings.Cut(entry, "=")
		w.env[name] = value
	}
	w.args = []string{"--audit-table", "dbt_audit_log", "build"}
	if script == "" {
		w.real("1.7-mysql")
	} else {
		w.dbt(script)
	}
}

// killMySQL ends all connections of the user.
func (w *world) killMySQL() {
	for _, row := range w.mysql.Query(w.t, "select id from information_schema.processlist where id <> connection_id()") {
		w.mysql.Exec(w.t, "kill "+row[0])
	}
}

// quiet ignores the failure of a statement that outlives its test.
type quiet struct{ testing.TB }

func (quiet) Fatalf(string, ...any) {}

// lockMySQL keeps the audit table locked for some seconds, or until the test ends.
func (w *world) lockMySQL(seconds int) {
	w.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.mysql.Exec(quiet{w.t}, fmt.Sprintf("lock tables dbt_audit_log write; do sleep(%d)", seconds))
	}()
	w.t.Cleanup(func() { <-done })
	for len(w.mysql.Query(w.t, "select 1 from information_schema.processlist where info like 'do sleep(%'")) == 0 {
		time.Sleep(50 * time.Millisecond)
	}
}

// onDuckDB moves the project to a DuckDB file, with a real dbt.
func (w *world) onDuckDB() {
	w.t.Helper()
	w.real("1.11")
	w.env["SHOP_TARGET"] = "duckdb"
}

// sqlDuckDB runs a statement in the project's file.
func (w *world) sqlDuckDB(statement string) {
	w.t.Helper()
	out, err := exec.Command(w.python, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])",
		w.path("project/shop.duckdb"), statement).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", statement, err, out)
	}
}

// openDuckDB keeps the file open in another process for some seconds.
func (w *world) openDuckDB(seconds int) {
	w.t.Helper()
	cmd := exec.Command(w.python, "-c", "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print(flush=True); "+
		fmt.Sprintf("time.sleep(%d)", seconds), w.path("project/shop.duckdb"))
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = cmd.Wait() })
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		w.t.Fatalf("no process that has the file open: %v", err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}
