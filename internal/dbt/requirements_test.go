package dbt

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// needUV returns the uv that `make tools` installs.
func needUV(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("uv"); err == nil {
		return path
	}
	path, err := filepath.Abs("../../.cache/uv/bin/uv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("no uv: run make tools")
	}
	return path
}

// registry returns a directory of packages, each with its dependencies.
func registry(t *testing.T, packages map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for pkg, wants := range packages {
		name, version, _ := strings.Cut(pkg, "==")
		stem := strings.ReplaceAll(name, "-", "_") + "-" + version
		metadata := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version)
		if wants != "" {
			metadata += "Requires-Dist: " + wants + "\n"
		}
		files := map[string]string{
			"METADATA": metadata,
			"WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
			"RECORD":   "",
		}
		if name == "dbt-core" {
			files["entry_points.txt"] = "[console_scripts]\ndbt = this:main\n"
		}
		wheel, err := os.Create(filepath.Join(dir, stem+"-py3-none-any.whl"))
		if err != nil {
			t.Fatal(err)
		}
		archive := zip.NewWriter(wheel)
		for file, text := range files {
			w, err := archive.Create(stem + ".dist-info/" + file)
			if err == nil {
				_, err = w.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(archive.Close(), wheel.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func requirements(t *testing.T, lines ...string) (Requirements, *bytes.Buffer) {
	t.Helper()
	packages := registry(t, map[string]string{
		"dbt-core==1.8.0": "", "dbt-core==1.9.0": "", "dbt-odd==1.0": "dbt-core==1.8.0", "dbt-even==1.0": "",
	})
	var said bytes.Buffer
	return Requirements{
		Lines:  append([]string{"--no-index", "--find-links " + packages}, lines...),
		Dir:    filepath.Join(t.TempDir(), "dbt-tally"),
		UV:     needUV(t),
		Env:    os.Environ(),
		Output: &said,
	}, &said
}

func TestRequirementsBecomeAnEnvironmentWithADBT(t *testing.T) {
	t.Parallel()
	r, said := requirements(t, "dbt-core==1.8.*", "dbt-odd")
	env, err := r.Install(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	got, err := CLI{Executable: env.Executable}.DetectVersion(t.Context())
	if err != nil || got.Number != "1.8.0" {
		t.Errorf("dbt %q, %v; want 1.8.0", got.Number, err)
	}
	if err := env.Remove(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(r.Dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(r.Dir, "cache")}, left); diff != "" {
		t.Errorf("left behind (-want +got)\n%s", diff)
	}
}

func TestTheErrorNamesTheLinesThatCannotBeInstalled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		want  string // of the error
		said  string // by uv
	}{
		"conflict": {
			[]string{"dbt-even", "dbt-core==1.9.0", "dbt_odd==1.0"},
			"could not install line 4 (dbt-core==1.9.0), line 5 (dbt_odd==1.0): Because", "unsatisfiable",
		},
		"not there":          {[]string{"dbt-core", "dbt-nowhere"}, "could not install line 4 (dbt-nowhere): Because dbt-nowhere", "not found"},
		"not a requirement":  {[]string{"dbt-core", "==1"}, "line 3 (dbt-core), line 4 (==1)", "requirements.txt"},
		"without dbt itself": {[]string{"dbt-even"}, `did not install dbt`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, said := requirements(t, c.lines...)
			_, err := r.Install(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want %q", err, c.want)
			}
			if !strings.Contains(said.String(), c.said) {
				t.Errorf("uv said %q; want %q", said, c.said)
			}
			if left, _ := filepath.Glob(filepath.Join(r.Dir, "env-*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// dbt-core 1.12 depends on a package of which the registry lacks some files.
func TestAParserThatNoRunUsesIsNotInstalled(t *testing.T) {
	t.Parallel()
	r, said := requirements(t, "dbt-core")
	r.Lines[1] = "--find-links " + registry(t, map[string]string{"dbt-core==1.12.6": "dbt-core-experimental-parser"})
	env, err := r.Install(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := env.Remove(); err != nil {
		t.Error(err)
	}
}

func TestTheErrorNamesTheHostThatCannotBeReached(t *testing.T) {
	t.Parallel()
	r, said := requirements(t)
	r.Lines = []string{"dbt-core"}
	r.Env = append(r.Env, "UV_DEFAULT_INDEX=http://registry:hunter22@127.0.0.1:1/simple", "UV_HTTP_RETRIES=0")
	_, err := r.Install(t.Context())
	if err == nil || !strings.Contains(err.Error(), "line 1 (dbt-core): cannot download from 127.0.0.1: Connection refused") {
		t.Errorf("error %v; want the host and the reason\n%s", err, said)
	}
	if err != nil && strings.Contains(err.Error(), "hunter22") {
		t.Errorf("error %v; want no password", err)
	}
}

func TestErrorsWithoutUVOrTime(t *testing.T) {
	t.Parallel()
	r, _ := requirements(t, "dbt-core")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Install(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	r.UV = filepath.Join(t.TempDir(), "uv")
	if _, err := r.Install(t.Context()); !errors.Is(err,
		os.ErrNotExist) || !strings.Contains(err.Error(), "install uv on the PATH") {
		t.Errorf("no uv: %v", err)
	}
	r.Dir = filepath.Join(r.UV, "no-folder")
	if err := os.WriteFile(r.UV, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Install(t.Context()); err == nil {
		t.Error("no error for a folder that cannot be created")
	}
}

func TestALineIsBlamedIfItsPackageIsNamed(t *testing.T) {
	t.Parallel()
	r := Requirements{Lines: []string{"dbt-core==1.8.*", "DBT_Core.Extras", "-r more.txt"}}
	for said, want := range map[string][]string{
		"because dbt-core-extras==1 depends on dbt==2": {"line 2 (DBT_Core.Extras)"},
		"no version of dbt_core.":                      {"line 1 (dbt-core==1.8.*)"},
		"no version of dbt.Core, see log":              {"line 1 (dbt-core==1.8.*)"},
		"no route to host": {
			"line 1 (dbt-core==1.8.*)", "line 2 (DBT_Core.Extras)", "line 3 (-r more.txt)",
		},
	} {
		if diff := cmp.Diff(want, r.blamed(said)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", said, diff)
		}
	}
}

// uv uses the user's settings, and otherwise the system's certificates.
func TestUVTrustsWhatTheSystemTrusts(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		"HOME=/": true, "SSL_CERT_FILE=/own.pem": false,
		"UV_SYSTEM_CERTS=false": false, "UV_NATIVE_TLS=0": false,
	} {
		env := Requirements{Dir: "/tools", Env: []string{given}}.environ()
		expected := []string{given, "UV_CACHE_DIR=/tools/cache"}
		if want {
			expected = append(expected, "UV_SYSTEM_CERTS=true")
		}
		if diff := cmp.Diff(expected, env); diff != "" {
			t.Errorf("%s (-want +got)\n%s", given, diff)
		}
	}
}

func TestRequirementsAreKeptWhereTheRunnerKeepsTools(t *testing.T) {
	t.Parallel()
	tools, temp, home := t.TempDir(), t.TempDir(), t.TempDir()
	for want, set := range map[string]map[string]string{
		tools:                         {"RUNNER_TOOL_CACHE": tools, "RUNNER_TEMP": temp, "HOME": home},
		temp:                          {"RUNNER_TOOL_CACHE": "/not/mounted", "RUNNER_TEMP": temp, "HOME": home},
		filepath.Join(home, ".cache"): {"RUNNER_TEMP": "/not/mounted", "HOME": home},
		os.TempDir():                  {},
	} {
		got := RequirementsDir(func(name string) (string, bool) { v, ok := set[name]; return v, ok })
		if got != filepath.Join(want, "dbt-tally") {
			t.Errorf("%v: %s; want it in %s", set, got, want)
		}
	}
}

func TestSecretsOfRequirements(t *testing.T) {
	t.Parallel()
	got := Requirements{
		Lines: []string{
			"dbt-core==1.11.*",
			"--extra-index-url https://me:p%40ss@registry.test/simple",
			"dbt-own @ git+https://${TOKEN}@git.test/own.git",
			"dbt-other @ https://bare-token@files.test/other-1.0-py3-none-any.whl",
			"dbt-none @ https://files.test/a@b.whl",
		},
		Env: []string{
			"TOKEN=from-the-job", "UV_DEFAULT_INDEX=https://me:of-uv@registry.test/simple",
			"UV_INDEX_OWN_USERNAME=me", "UV_INDEX_OWN_PASSWORD=of-the-index", "OTHER=https://me:not-ours@host.test",
		},
	}.Secrets()
	want := []string{"of-the-index", "of-uv", "p%40ss", "p@ss", "from-the-job", "bare-token"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
