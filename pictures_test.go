package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"strings"
	"testing"
)

// The pictures of the docs are drawn from golden files. make pictures records which.
func TestPicturesAreCurrent(t *testing.T) {
	t.Parallel()
	var sources map[string]struct{ File, SHA256 string }
	if err := json.Unmarshal(read(t, "docs/pictures/sources.json"), &sources); err != nil {
		t.Fatal(err)
	}
	for _, name := range tracked(t) {
		picture := path.Base(name)
		// The others are the page report.html, which its own test draws.
		if path.Dir(name) != "docs/pictures" || path.Ext(name) != ".png" || strings.HasPrefix(picture, "report-") {
			continue
		}
		source, ok := sources[picture]
		if !ok {
			t.Errorf("%s: docs/pictures/sources.json does not name its source", name)
			continue
		}
		if sum := sha256.Sum256(read(t, source.File)); hex.EncodeToString(sum[:]) != source.SHA256 {
			t.Errorf("%s shows an earlier %s: run make pictures, and look at it", name, source.File)
		}
	}
}
