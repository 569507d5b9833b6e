// Package profile resolves dbt_project.yml and profiles.yml to connection settings as
// dbt does, without running dbt. It owns the search order, dbt's reading of YAML and
// Jinja in these files, and the list of secret values. The connectors of package
// warehouse interpret the settings.
package profile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Options are dbt's flags and the places in which it searches. An empty string stands
// for a flag that was not given.
type Options struct {
	ProjectDir  string         // --project-dir
	ProfilesDir string         // --profiles-dir
	Profile     string         // --profile
	Target      string         // --target
	Vars        map[string]any // --vars, parsed

	WorkDir   string // where dbt is started; absolute
	HomeDir   string
	LookupEnv func(string) (string, bool)
	// DotEnv means that this dbt reads .env from WorkDir or the nearest parent that has
	// one, as dbt-core does since 1.12. The environment wins.
	DotEnv bool
}

// Connection is the chosen output of the chosen profile.
type Connection struct {
	ProfileName string
	Target      string
	Type        string // of the adapter: postgres, snowflake, duckdb, ...
	// Settings is the output as dbt renders it, type and threads included. Values
	// are nil, bool, int, float64, string, []any and map[string]any.
	Settings map[string]any
	// Secrets are the values that must be masked, longest first: see secretsOf.
	Secrets []string
}

// Resolve finds the profile of a project and renders the chosen output. It does not
// render other outputs, so a variable that only they read may be missing.
func Resolve(o Options, p Project) (Connection, error) {
	o, err := o.withEnvironment()
	if err != nil {
		return Connection{}, err
	}
	path, err := o.profilesFile()
	if err != nil {
		return Connection{}, err
	}
	profiles, err := readMapping(path)
	if err != nil {
		return Connection{}, err
	}
	name := cmp.Or(o.Profile, o.setting("PROFILE"), p.ProfileName)
	profile, err := pickProfile(profiles, name, path)
	if err != nil {
		return Connection{}, err
	}

	r := newRenderer(o)
	target, err := o.targetName(profile, r, fmt.Sprintf("%s: %s.target", path, name))
	if err != nil {
		return Connection{}, err
	}
	output, err := pickOutput(profile, name, target, path)
	if err != nil {
		return Connection{}, err
	}
	rendered, err := r.tree(output, []string{path + ": " + name, "outputs", target})
	if err != nil {
		return Connection{}, err
	}
	settings := rendered.(map[string]any)
	adapter, ok := settings["type"].(string)
	if !ok || adapter == "" {
		return Connection{}, fmt.Errorf("%w: target %q of profile %q in %s has no type; "+
			"set it to the adapter's name, such as postgres; see %s",
			ErrBadProfile, target, name, path, docs.Troubleshooting)
	}
	return Connection{
		ProfileName: name,
		Target:      target,
		Type:        adapter,
		Settings:    settings,
		Secrets:     secretsOf(settings, r.secrets),
	}, nil
}

// targetName returns --target, DBT_TARGET, the profile's target, or "default".
func (o Options) targetName(profile map[string]any, r *renderer, where string) (string, error) {
	if name := cmp.Or(o.Target, o.setting("TARGET")); name != "" {
		return name, nil
	}
	raw, ok := profile["target"]
	if !ok {
		return "default", nil
	}
	rendered, err := r.value(raw, where, false)
	return pythonString(rendered), err
}

// HasProfiles reports whether there is a profiles.yml that dbt would find.
func (o Options) HasProfiles() bool {
	o, err := o.withEnvironment()
	if err != nil {
		return true // dbt will report the same
	}
	_, err = o.profilesFile()
	return !errors.Is(err, ErrNoProfilesFile)
}

// profilesFile returns the profiles.yml that dbt would read: in the directory that the
// user names or, if none is named, in WorkDir or else in ~/.dbt.
func (o Options) profilesFile() (string, error) {
	dirs := []string{o.WorkDir, filepath.Join(o.HomeDir, ".dbt")}
	if dir := cmp.Or(o.ProfilesDir, o.setting("PROFILES_DIR")); dir != "" {
		dirs = []string{o.absolute(dir)}
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, "profiles.yml")
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("read profile: %w", err)
		}
	}
	return "", fmt.Errorf("%w in %s; create one there, or set profiles-dir to its directory; see %s",
		ErrNoProfilesFile, strings.Join(dirs, " or "), docs.Troubleshooting)
}

func pickProfile(profiles map[string]any, name, path string) (map[string]any, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: dbt_project.yml names none; add a line \"profile: NAME\" to it, or set the "+
			"input profile; see %s", ErrNoProfile, docs.Troubleshooting)
	}
	raw, ok := profiles[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q is not in %s; expected one of %s; see %s",
			ErrNoProfile, name, path, quotedKeys(profiles, "config"), docs.Troubleshooting)
	}
	profile, ok := raw.(map[string]any)
	if !ok || len(profile) == 0 {
		return nil, fmt.Errorf("%w: %q in %s is empty or not a mapping; expected outputs and a target; see %s",
			ErrBadProfile, name, path, docs.Troubleshooting)
	}
	return profile, nil
}

func pickOutput(profile map[string]any, name, target, path string) (map[string]any, error) {
	outputs, ok := profile["outputs"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: %q in %s has no outputs; expected a mapping of targets; see %s",
			ErrBadProfile, name, path, docs.Troubleshooting)
	}
	raw, ok := outputs[target]
	if !ok {
		return nil, fmt.Errorf("%w: profile %q in %s has no target %q; expected one of %s; see %s",
			ErrNoTarget, name, path, target, quotedKeys(outputs), docs.Troubleshooting)
	}
	output, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: target %q of profile %q in %s is not a mapping; expected connection settings; see %s",
			ErrBadProfile, target, name, path, docs.Troubleshooting)
	}
	return output, nil
}

// quotedKeys lists the keys of m except for the given ones.
func quotedKeys(m map[string]any, without ...string) string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(without, key) {
			keys = append(keys, fmt.Sprintf("%q", key))
		}
	}
	if keys == nil {
		return "its names, but it has none"
	}
	return strings.Join(keys, ", ")
}
