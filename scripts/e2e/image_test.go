//go:build e2e

package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNoFileOfRootRemainsInTheWorkspace(t *testing.T) {
	s := newShop(t)
	s.write("packages.yml", "packages: [{local: tools}]\n")
	run(t, "mkdir", filepath.Join(s.workspace, "tools"))
	s.write("tools/dbt_project.yml", "name: tools\n")
	run(t, "docker", s.docker("--rm", image, "build")...)
	for _, made := range []string{"target", "logs", "dbt_packages", "target/dbt-tally/report.json"} {
		if found := run(t, "find", filepath.Join(s.workspace, made), "-maxdepth", "0"); found == "" {
			t.Errorf("there is no %s", made)
		}
	}
	s.isTheOwners()
}

func TestTheExitStatusIsTheContainers(t *testing.T) {
	s := newShop(t)
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"build"}, 0},
		{[]string{"--max-rows", "2", "build"}, 3},
		{[]string{"build", "--no-such-flag"}, 2},
		{[]string{"--comment", "allways", "build"}, 64},
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
				t.Errorf("%s --version does not contain %q:\n%s", program, word, got)
			}
		}
	}
}

// docs/image.md names the file for sslrootcert and ssl_ca.
func TestTheImageHasTheAuthoritiesOfRDS(t *testing.T) {
	authorities := map[string]*x509.Certificate{}
	text := run(t, "docker", "run", "--rm", "--entrypoint", "cat", image, "/opt/rds-ca.pem")
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		authority, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		authorities[authority.Subject.CommonName] = authority
	}
	for _, name := range []string{
		"Amazon RDS eu-central-1 Root CA RSA2048 G1",
		"Amazon RDS us-east-1 Root CA ECC384 G1",
	} {
		if authority := authorities[name]; authority == nil || !authority.IsCA || time.Now().After(authority.NotAfter) {
			t.Errorf("no valid %q among %d", name, len(authorities))
		}
	}
}
