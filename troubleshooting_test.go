package main

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"testing"
)

// In docs/troubleshooting.md the first cell of each row quotes a message, with … for the
// variable parts. A message for every forge has its name, here GitHub's. dbt's own
// messages are in no code of ours: a story makes real dbt write them.
func TestTroubleshootingQuotesTheCode(t *testing.T) {
	t.Parallel()
	var sources bytes.Buffer
	for _, name := range tracked(t) {
		if path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			sources.Write(bytes.ReplaceAll(read(t, name), []byte("FORGE"), []byte("GitHub")))
		}
	}
	for _, proven := range regexp.MustCompile(`(?m)^explained .*$`).FindAll(read(t, "testdata/script/dbt_could_not_run.txtar"), -1) {
		sources.Write(bytes.ReplaceAll(proven, []byte("''"), []byte("'")))
	}
	messages := regexp.MustCompile("(?m)^\\|[^|`]*(`[^|]+`)[^|]*\\|").FindAllStringSubmatch(string(read(t, "docs/troubleshooting.md")), -1)
	if len(messages) == 0 {
		t.Error("no row quotes a message")
	}
	for _, message := range messages {
		for part := range strings.FieldsFuncSeq(message[1], func(c rune) bool { return strings.ContainsRune("`…:;\"", c) }) {
			if part = strings.Trim(part, " ,"); !bytes.Contains(sources.Bytes(), []byte(part)) {
				t.Errorf("no message in the code contains %q, as in %s", part, message[1])
			}
		}
	}
}
