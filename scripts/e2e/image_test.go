//go:build e2e

package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNothingOfRootIsLeftInTheWorkspace(t *testing.T) {
	s := newShop(t)
	s.write("packages.yml", "packages: [{local: tools}]\n")
	run(t, "mkdir", filepath.Join(s.workspace, "tools"))
	s.write("tools/dbt_project.yml", "name: tools\n")
	run(t, "docker", s.docker("--rm", image)...)
	for _, made := range []string{"target", "logs", "dbt_packages", "target/dbt-tally/report.json"} {
		if found := run(t, "find", filepath.Join(s.workspace, made), "-maxdepth", "0"); found == "" {
			t.Errorf("there is no %s", made)
		}
	}
	if left := run(t, "find", s.workspace, "!", "-user", owner); left != "" {
		t.Errorf("not the owner's:\n%s", left)
	}
}

// GitHub sends SIGINT and kills after 10 s, docker stop sends SIGTERM and kills
// after 10 s: 7 s leave a margin.
func TestAnInterruptEndsTheQueryAndStillReports(t *testing.T) {
	for name, stop := range map[string][]string{
		"docker stop":        {"stop", "--time", "10"},
		"docker kill -s INT": {"kill", "--signal", "INT"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.write("models/slow.sql", "{{ config(materialized='table') }} select pg_sleep(300)::text as nothing from {{ ref('orders') }}\n")
			container := run(t, "docker", s.docker("--detach", image)...)
			t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", container).Run() })
			queries := func() string {
				return s.psql("select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(300)%' and pid <> pg_backend_pid()")
			}
			eventually(t, "PostgreSQL runs the slow query", func() bool { return queries() == "1" })

			asked := time.Now()
			run(t, "docker", append(stop, container)...)
			status := run(t, "docker", "wait", container)
			if took := time.Since(asked); took > 7*time.Second {
				t.Errorf("ended %.1f s after it was asked to; want 7 s", took.Seconds())
			} else {
				t.Logf("ended after %.1f s", took.Seconds())
			}
			if got := queries(); got != "0" {
				t.Errorf("PostgreSQL still runs %q queries", got)
			}
			if status != "2" {
				t.Errorf("exit status %s; want dbt's 2\n%s", status, run(t, "docker", "logs", container))
			}
			var report struct{ Status string }
			if err := json.Unmarshal([]byte(s.read("target/dbt-tally/report.json")), &report); err != nil || report.Status != "incomplete" {
				t.Errorf("status %q, %v; want incomplete", report.Status, err)
			}
		})
	}
}

func TestTheExitStatusIsTheContainers(t *testing.T) {
	s := newShop(t)
	for _, c := range []struct {
		args []string
		want int
	}{
		{nil, 0},
		{[]string{"--max-rows", "2"}, 3},
		{[]string{"--", "build", "--no-such-flag"}, 2},
		{[]string{"--comment", "allways"}, 64},
	} {
		cmd := exec.CommandContext(t.Context(), "docker", append(s.docker("--rm", image), c.args...)...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != c.want {
			t.Errorf("%q: exit status %d; want %d\n%s", c.args, got, c.want, out)
		}
	}
}

func TestEachEnvironmentHasItsDBT(t *testing.T) {
	for program, want := range map[string][]string{
		"dbt":         {"1.12.", "duckdb", "postgres", "snowflake"},
		"dbt-mysql":   {"1.7.20", "mysql", "mariadb"},
		"dbt-mariadb": {"1.7.20"},
		"git":         {"git version"},
		"uv":          {"uv "},
	} {
		got := run(t, "docker", "run", "--rm", "--entrypoint", program, image, "--version")
		for _, word := range want {
			if !strings.Contains(got, word) {
				t.Errorf("%s --version does not say %q:\n%s", program, word, got)
			}
		}
	}
}
