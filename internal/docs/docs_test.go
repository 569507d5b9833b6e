package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryLinkedPageExists(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("docs.go")
	if err != nil {
		t.Fatal(err)
	}
	pages := regexp.MustCompile(`base \+ "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(pages) == 0 {
		t.Fatal("found no pages in docs.go")
	}
	for _, page := range pages {
		if _, err := os.Stat(filepath.Join("../../docs", page[1])); err != nil {
			t.Errorf("%s is linked, but missing: %v", page[1], err)
		}
	}
	if !strings.HasPrefix(Gates, "https://") {
		t.Errorf("got %q, want a URL", Gates)
	}
}
