package dbt

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"time"
)

// Version is the version of the dbt to run.
type Version struct {
	Number string // of dbt-core; "" if it cannot be found out without running a command
	Rust   bool   // dbt v2, the Rust engine (Fusion)
}

// versionTimeout limits dbt --version, which looks for newer releases.
const versionTimeout = time.Minute

// DetectVersion finds out the version of dbt. Starting dbt v1 only to ask costs seconds,
// so DetectVersion first looks for a dbt-core 1 in the Python environment of the script.
// Otherwise it runs dbt --version, which v2 answers at once.
func (c CLI) DetectVersion(ctx context.Context) (Version, error) {
	path, err := c.lookPath()
	if err != nil {
		return Version{}, err
	}
	if number := installedBeside(path); number != "" {
		return Version{Number: number}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	out, _, err := c.ask(ctx, []string{"--version"})
	if err != nil {
		return Version{}, err
	}
	return parseVersion(string(out)), nil
}

var coreDistribution = regexp.MustCompile(`^dbt_core-(1\.[0-9][^-]*)\.dist-info$`)

// installedBeside returns the version of the dbt-core 1 in the Python environment of the
// script at path, or "" if it does not recognise the environment.
func installedBeside(path string) string {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	if interpreterOf(path) == nil {
		return ""
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(path),
		"..", "lib", "python3*", "site-packages", "dbt_core-*.dist-info"))
	if err != nil || len(found) != 1 {
		return ""
	}
	if m := coreDistribution.FindStringSubmatch(filepath.Base(found[0])); m != nil {
		return m[1]
	}
	return ""
}

var (
	rustVersion = regexp.MustCompile(`(?m)^dbt(?:-core|-fusion)?\s+v?([2-9][0-9]*\.\S+)`)
	coreVersion = regexp.MustCompile(`(?m)^\s+- installed:\s+(\S+)`)
)

// parseVersion parses the output of dbt --version: a block that begins with Core: from
// v1, one line from v2.
func parseVersion(out string) Version {
	if m := rustVersion.FindStringSubmatch(out); m != nil {
		return Version{Number: m[1], Rust: true}
	}
	if m := coreVersion.FindStringSubmatch(out); m != nil {
		return Version{Number: m[1]}
	}
	return Version{}
}

// AtLeast reports whether the version is this release or later; an unknown version is
// not.
func (v Version) AtLeast(major, minor int) bool {
	var ownMajor, ownMinor int
	if _, err := fmt.Sscanf(v.Number, "%d.%d", &ownMajor, &ownMinor); err != nil {
		return false
	}
	return ownMajor > major || ownMajor == major && ownMinor >= minor
}
