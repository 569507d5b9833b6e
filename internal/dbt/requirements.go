package dbt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Requirements are a dbt and adapters of the user's own choice, brought by uv.
type Requirements struct {
	Lines  []string // as in a requirements file, one each
	Dir    string   // a folder for environments and uv's cache; made where it is not there
	UV     string   // a name looked up on the PATH, or a path
	Env    []string // the environment, as in os.Environ
	Output io.Writer
}

// Environment is an environment that Install made.
type Environment struct {
	Executable string // its dbt
	dir        string
}

// RequirementsDir is where environments are made: in the runner's tool cache,
// which outlives the job where the runner is one's own, else in its temporary
// folder, else at home, else in the system's temporary folder. GitHub mounts none
// of the first two into the container of an action, but a home that lives as long
// as the job.
func RequirementsDir(lookupEnv func(string) (string, bool)) string {
	for _, place := range []struct{ variable, below string }{
		{"RUNNER_TOOL_CACHE", "dbt-tally"}, {"RUNNER_TEMP", "dbt-tally"}, {"HOME", ".cache/dbt-tally"},
	} {
		dir, _ := lookupEnv(place.variable)
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return filepath.Join(dir, place.below)
		}
	}
	return filepath.Join(os.TempDir(), "dbt-tally")
}

// Install makes a new environment. uv's cache lies beside it, and so on the same
// file system: what is in the cache is linked rather than copied. uv's words go to
// Output; the error names the lines that they are about.
func (r Requirements) Install(ctx context.Context) (Environment, error) {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return Environment{}, fmt.Errorf("install requirements: %w", err)
	}
	dir, err := os.MkdirTemp(r.Dir, "env-")
	if err != nil {
		return Environment{}, fmt.Errorf("install requirements: %w", err)
	}
	env := Environment{dir: dir, Executable: filepath.Join(dir, "bin", "dbt")}
	if err := r.fill(ctx, env); err != nil {
		return Environment{}, errors.Join(err, env.Remove())
	}
	return env, nil
}

// Remove takes the environment away again; the cache stays. Nothing is removed of
// the zero value.
func (e Environment) Remove() error {
	if e.dir == "" {
		return nil
	}
	return os.RemoveAll(e.dir)
}

func (r Requirements) fill(ctx context.Context, env Environment) error {
	list := filepath.Join(env.dir, "requirements.txt")
	if err := os.WriteFile(list, []byte(strings.Join(r.Lines, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("install requirements: %w", err)
	}
	for _, args := range [][]string{
		{"venv", "--no-progress", "--allow-existing", env.dir},
		{
			"pip", "install", "--no-progress", "--python", filepath.Join(env.dir, "bin", "python"),
			"--requirement", list,
		},
	} {
		if err := r.uv(ctx, args); err != nil {
			return err
		}
	}
	if _, err := os.Stat(env.Executable); err != nil {
		return fmt.Errorf("input %q: no dbt among what %s bring; add a line such as %q; see %s",
			"requirements", strings.Join(r.Lines, ", "), "dbt-core==1.11.*", docs.Image)
	}
	return nil
}

func (r Requirements) uv(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, r.UV, args...)
	cmd.Env = r.environ()
	var said bytes.Buffer
	both := io.MultiWriter(r.Output, &said)
	cmd.Stdout, cmd.Stderr = both, both
	cmd.WaitDelay = lastWords
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("install requirements: %w", ctx.Err())
	case !errors.As(err, &exit):
		return fmt.Errorf("input %q: uv could not be started: %w; install uv on the PATH; see %s",
			"requirements", err, docs.Image)
	}
	return fmt.Errorf("input %q: uv could not install %s (its reason is above); see %s",
		"requirements", strings.Join(r.blamed(said.String()), ", "), docs.Image)
}

// environ keeps the cache beside the environments, and has uv trust what this
// system trusts unless it was told what to.
func (r Requirements) environ() []string {
	env := append(slices.Clone(r.Env), "UV_CACHE_DIR="+filepath.Join(r.Dir, "cache"))
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"} {
		if slices.ContainsFunc(r.Env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") }) {
			return env
		}
	}
	return append(env, "UV_SYSTEM_CERTS=true")
}

// blamed returns the lines whose package uv names, each with its number; all of
// them if it names none.
func (r Requirements) blamed(said string) []string {
	words := map[string]bool{}
	for word := range strings.FieldsFuncSeq(normalized(said), betweenNames) {
		words[strings.Trim(word, "-")] = true // a full stop has become a hyphen
	}
	var named, all []string
	for i, line := range r.Lines {
		quoted := fmt.Sprintf("line %d (%s)", i+1, line)
		all = append(all, quoted)
		if words[normalized(packageName.FindString(line))] {
			named = append(named, quoted)
		}
	}
	if named == nil {
		return all
	}
	return named
}

// betweenNames reports whether no normalized name of a package has the character.
func betweenNames(c rune) bool {
	return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z')
}

var (
	packageName = regexp.MustCompile(`^\s*[A-Za-z0-9][A-Za-z0-9._-]*`)
	separators  = regexp.MustCompile(`[-_.]+`)
)

// normalized are names of packages as the registry compares them
// (https://packaging.python.org/en/latest/specifications/name-normalization/).
func normalized(text string) string {
	return separators.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "-")
}
