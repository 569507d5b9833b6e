package dbt

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestAProfileTypeMayHaveItsOwnDBT(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	own := filepath.Join(bin, "dbt-mysql")
	if err := os.WriteFile(own, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for profileType, want := range map[string]string{
		"mysql": own, "postgres": "dbt", "": "dbt", "/../" + filepath.Base(bin) + "/dbt-mysql": "dbt",
	} {
		if got := ForProfile(profileType); got != want {
			t.Errorf("%q: %s; want %s", profileType, got, want)
		}
	}
}

func TestTheErrorOfADBTThatDoesNotStartHasTheReason(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make func(t *testing.T, path string)
		kind error
		want string
	}{
		"nothing there": {
			func(*testing.T, string) {},
			ErrNotFound, `dbt was not found; install dbt, or set dbt-executable to its path`,
		},
		"no right to execute it": {
			file("#!/bin/sh\n", 0o644),
			ErrNotExecutable, `dbt may not be executed; run chmod +x `,
		},
		"a folder": {
			func(t *testing.T, path string) { mkdir(t, path) },
			ErrNotExecutable, `it is a folder; set dbt-executable to the program in it`,
		},
		"another machine's program": {
			file("\x7fELF\x02\x01\x01\x00 of no machine", 0o755),
			ErrNotAProgram, `exec format error); install dbt for ` + runtime.GOOS + "/" + runtime.GOARCH,
		},
		"a script without a first line": {
			file("echo dbt\n", 0o755),
			ErrNotAProgram, `a script needs a first line such as #!/bin/sh`,
		},
		"an empty file": {file("", 0o755), ErrNotAProgram, `exec format error`},
		"a moved environment": {
			file("#!/nowhere/venv/bin/python\n", 0o755),
			ErrNoInterpreter, `"/nowhere/venv/bin/python"; create its virtual environment again`,
		},
		"an environment whose Python is gone": {
			func(t *testing.T, path string) {
				python := filepath.Join(filepath.Dir(path), "python")
				if err := os.Symlink("/nowhere/python3.9", python); err != nil {
					t.Fatal(err)
				}
				file("#!"+python+" -I\n", 0o755)(t, path)
			},
			ErrNoInterpreter, `/python"; create`,
		},
		"Windows line endings": {file("#!/bin/sh\r\n", 0o755), ErrNoInterpreter, `"/bin/sh\r"`},
		"an interpreter that is a folder": {
			file("#!/tmp\n", 0o755),
			ErrNoInterpreter, `its interpreter cannot be started: "/tmp"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := script(t, "")
			c.Executable = filepath.Join(t.TempDir(), "dbt")
			test.make(t, c.Executable)
			check := func(err error) {
				t.Helper()
				if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) ||
					!strings.HasPrefix(err.Error(), `dbt-executable "`+c.Executable+`": `) {
					t.Errorf("%v; want %q", err, test.want)
				}
			}
			inv, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
			check(err)
			if inv.ExitCode != ExitCouldNotRun {
				t.Errorf("exit code %d; want %d", inv.ExitCode, ExitCouldNotRun)
			}
			_, err = c.DetectVersion(t.Context())
			check(err)
		})
	}
}

func TestADBTThatIsNotOnThePath(t *testing.T) {
	t.Parallel()
	c := script(t, "")
	c.Executable = "dbt-of-no-machine"
	_, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	const want = `dbt-executable "dbt-of-no-machine": dbt was not found; install dbt, `
	if !errors.Is(err, ErrNotFound) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestARelativePathIsResolvedFromWorkDir(t *testing.T) {
	t.Parallel()
	c := script(t, `echo 'dbt-core 2.0.3'`)
	c.Executable = "./dbt"
	version, err := c.DetectVersion(t.Context())
	if err != nil || version.Number != "2.0.3" {
		t.Errorf("%q, %v; want 2.0.3", version.Number, err)
	}
}

func TestAMissingWorkDirIsNotAMissingDBT(t *testing.T) {
	t.Parallel()
	c := script(t, "")
	c.WorkDir = filepath.Join(c.WorkDir, "gone")
	_, err := c.Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if want := `start dbt in "` + c.WorkDir + `": no such folder`; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// file returns a function that creates a file with this text and mode.
func file(text string, mode os.FileMode) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
}
