package dbt

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Requirements are the user's choice of a dbt and adapters, which uv installs.
type Requirements struct {
	Lines  []string // as in a requirements file, one requirement each
	Dir    string   // for the environments and uv's cache; created if necessary
	UV     string   // a name looked up on the PATH, or a path
	Env    []string // the environment, in the form of os.Environ
	Output io.Writer
}

// Environment is a virtual environment that Install created.
type Environment struct {
	Executable string // its dbt
	dir        string
}

// RequirementsDir returns the parent directory for environments: in the runner's tool
// cache, which outlives the job on a self-hosted runner; otherwise in its temporary
// directory, in the home directory or in the system's temporary directory. In the
// container of an action GitHub mounts neither of the first two, but a home directory
// that lives as long as the job.
func RequirementsDir(lookupEnv func(string) (string, bool)) string {
	for _, parent := range []struct{ variable, below string }{
		{"RUNNER_TOOL_CACHE", "dbt-tally"}, {"RUNNER_TEMP", "dbt-tally"}, {"HOME", ".cache/dbt-tally"},
	} {
		dir, _ := lookupEnv(parent.variable)
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return filepath.Join(dir, parent.below)
		}
	}
	return filepath.Join(os.TempDir(), "dbt-tally")
}

// overrides replaces dependencies that no run needs and that a registry alone cannot
// provide. scripts/lock.sh locks the image's environments with the same file.
//
//go:embed overrides.txt
var overrides []byte

// Install creates an environment. uv's cache is beside it, and therefore on the same file
// system, so uv links packages instead of copying them. uv's output goes to Output. The
// error names the requirements at fault.
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

// Remove deletes the environment and keeps the cache. On the zero value it does nothing.
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
	override := filepath.Join(env.dir, "overrides.txt")
	if err := os.WriteFile(override, overrides, 0o644); err != nil {
		return fmt.Errorf("install requirements: %w", err)
	}
	for _, args := range [][]string{
		{"venv", "--no-progress", "--allow-existing", env.dir},
		{
			"pip", "install", "--no-progress", "--python", filepath.Join(env.dir, "bin", "python"),
			"--requirement", list, "--override", override,
		},
	} {
		if err := r.uv(ctx, args); err != nil {
			return err
		}
	}
	if _, err := os.Stat(env.Executable); err != nil {
		return fmt.Errorf("input %q: %s did not install dbt; add a line such as %q; see %s",
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
	blamed := strings.Join(r.blamed(said.String()), ", ")
	reason := uvReason(said.String())
	if host := unreachable(said.String()); host != "" {
		return fmt.Errorf("input %q: uv could not install %s: cannot download from %s: %s; "+
			"allow the job to reach it, or set UV_DEFAULT_INDEX to a registry that it can reach; see %s",
			"requirements", blamed, host, reason, docs.Image)
	}
	return fmt.Errorf("input %q: uv could not install %s: %s; see %s", "requirements", blamed, reason, docs.Image)
}

// Secrets returns the passwords and tokens in the addresses of the requirements and of the
// registries that the environment names. uv hides most of them in its output, but an error
// quotes the requirement at fault.
func (r Requirements) Secrets() (list []string) {
	values := map[string]string{}
	var addresses []string
	for _, entry := range r.Env {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
		switch {
		case registryPassword.MatchString(name):
			list = append(list, value)
		case strings.HasPrefix(name, "UV_"):
			addresses = append(addresses, value)
		}
	}
	for _, line := range r.Lines {
		addresses = append(addresses, uvVariable.ReplaceAllStringFunc(line, func(name string) string {
			return values[strings.Trim(name, "${}")]
		}))
	}
	for _, match := range credentials.FindAllStringSubmatch(strings.Join(addresses, "\n"), -1) {
		user, secret, _ := strings.Cut(match[1], ":")
		secret = cmp.Or(secret, user) // a token alone
		list = append(list, secret)
		if decoded, err := url.PathUnescape(secret); err == nil && decoded != secret {
			list = append(list, decoded)
		}
	}
	return list
}

var (
	// credentials matches the part of a web address before the host.
	credentials = regexp.MustCompile(`[a-z+]+://([^\s/@'"]+)@`)
	// uvVariable matches the form in which a requirements file may name a variable.
	uvVariable = regexp.MustCompile(`\$\{[A-Z0-9_]+\}`)
	// registryPassword matches the variables that give uv the password of a registry.
	// https://docs.astral.sh/uv/concepts/authentication/http/
	registryPassword = regexp.MustCompile(`^UV_INDEX_\w+_PASSWORD$`)
)

var failedDownload = regexp.MustCompile("(?i)failed to (?:fetch|download):? `?(https?://[^\\s`]+)")

// unreachable returns the host of uv's last failed download, or "" if nothing was
// downloaded in vain. The rest of the address may contain a registry's password.
func unreachable(output string) string {
	failed := failedDownload.FindAllStringSubmatch(output, -1)
	if failed == nil {
		return ""
	}
	address, err := url.Parse(failed[len(failed)-1][1])
	if err != nil {
		return ""
	}
	return address.Hostname()
}

// uvReason returns the reason at the end of uv's output, as one line.
func uvReason(output string) string {
	for _, mark := range []string{"cause: ", "╰─▶ ", "error: "} {
		at := strings.LastIndex(output, mark)
		if at < 0 {
			continue
		}
		reason := []rune(strings.Join(strings.Fields(output[at+len(mark):]), " "))
		const most = 400
		if len(reason) > most {
			return string(reason[:most]) + "…"
		}
		return strings.TrimSuffix(string(reason), ".")
	}
	return "its output is in the log"
}

// environ puts the cache beside the environments and makes uv trust the system's
// certificates, unless the user configured others.
func (r Requirements) environ() []string {
	env := append(slices.Clone(r.Env), "UV_CACHE_DIR="+filepath.Join(r.Dir, "cache"))
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"} {
		if slices.ContainsFunc(r.Env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") }) {
			return env
		}
	}
	return append(env, "UV_SYSTEM_CERTS=true")
}

// blamed returns the lines whose package occurs in uv's output, each with its number, or
// all lines if none does.
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

// betweenNames reports whether the character cannot occur in a normalized package name.
func betweenNames(c rune) bool {
	return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z')
}

var (
	packageName = regexp.MustCompile(`^\s*[A-Za-z0-9][A-Za-z0-9._-]*`)
	separators  = regexp.MustCompile(`[-_.]+`)
)

// normalized returns text with package names in the form in which the registry compares
// them (https://packaging.python.org/en/latest/specifications/name-normalization/).
func normalized(text string) string {
	return separators.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "-")
}
