package profile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVarsAreReadAsDBTReadsThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]any{
		"":                         nil,
		"{a: yes, b: 010, c: 'x'}": {"a": true, "b": 8, "c": "x"},
		`{"nested": {"k": ["v"]}}`: {"nested": map[string]any{"k": []any{"v"}}},
	} {
		got, err := ParseVars(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"just text", "[1]", "{a: "} {
		if got, err := ParseVars(text); err == nil {
			t.Errorf("%s: got %v, want an error", text, got)
		}
	}
}
