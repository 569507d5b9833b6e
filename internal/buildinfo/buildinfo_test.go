package buildinfo

import (
	"runtime/debug"
	"testing"
)

func TestVersionOfEachKindOfBuild(t *testing.T) {
	t.Parallel()
	built := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}}
	}
	for name, c := range map[string]struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		"release":              {"1.2.3", built("v9.9.9"), "1.2.3"},
		"go install":           {"dev", built("v1.2.3"), "1.2.3"},
		"checkout":             {"dev", built("v0.0.0-20261126071500-563d0d6a1b2c+dirty"), "0.0.0-20261126071500-563d0d6a1b2c+dirty"},
		"no version control":   {"dev", built("(devel)"), "dev"},
		"go run of a file":     {"dev", built(""), "dev"},
		"no build information": {"dev", nil, "dev"},
	} {
		if got := versionOf(c.linked, c.info); got != c.want {
			t.Errorf("%s: %q; want %q", name, got, c.want)
		}
	}
}
