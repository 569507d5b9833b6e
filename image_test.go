package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// A build for "uses: dbt-tally/dbt-tally@main" and one for a release see only what
// .dockerignore lets through, but the builds of the end-to-end tests see every file.
func TestTheBuildContextHasWhatTheImageCopies(t *testing.T) {
	t.Parallel()

	kept := []string{}
	for line := range strings.Lines(string(read(t, ".dockerignore"))) {
		if path, found := strings.CutPrefix(strings.TrimSpace(line), "!"); found {
			kept = append(kept, path)
		}
	}
	copied := 0
	for line := range strings.Lines(string(read(t, "Dockerfile"))) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			copied++
			within := func(path string) bool { return source == path || strings.HasPrefix(source, path+"/") }
			if !slices.ContainsFunc(kept, within) {
				t.Errorf("Dockerfile copies %s, which .dockerignore leaves out", source)
			}
			if _, err := os.Stat(source); err != nil {
				t.Error(err)
			}
		}
	}
	if copied == 0 {
		t.Error("no COPY was found in the Dockerfile")
	}
}
