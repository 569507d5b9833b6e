package job

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecretsAreMaskedOnceAndRemovedEverywhere(t *testing.T) {
	t.Parallel()
	var masked []string
	s := NewSecrets(func(texts []string) { masked = append(masked, texts...) })
	s.Keep("p@ss'w0rd", "")
	s.Keep("p@ss'w0rd", "another-secret")
	for _, secret := range []string{"p@ss'w0rd", "another-secret"} {
		if !slices.Contains(masked, secret) {
			t.Errorf("%q is not masked, only %q", secret, masked)
		}
	}
	once := slices.Compact(slices.Sorted(slices.Values(masked)))
	if len(once) != len(masked) {
		t.Errorf("a text is masked twice: %q", masked)
	}
	// PostgreSQL echoes a statement in which the quote is doubled.
	for _, text := range []string{"p@ss'w0rd", "LINE 12: select cast('p@ss''w0rd' as text)", "p%40ss%27w0rd"} {
		if got := s.Redact(text); strings.Contains(got, "w0rd") {
			t.Errorf("%q became %q", text, got)
		}
	}
	got := s.Command([]string{"build", "--vars", "{key: p@ss'w0rd}", "--select", "orders"})
	if diff := cmp.Diff([]string{"build", "--vars", "***", "--select", "orders"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
