package job

import (
	"slices"
	"sync"

	"github.com/dbt-tally/dbt-tally/internal/redact"
)

// Secrets removes the known secrets from text that others wrote (dbt, a driver)
// before it reaches a surface, because the CI system masks its log and nothing else.
// It may be used by several goroutines.
type Secrets struct {
	mask     func(texts []string)
	mu       sync.Mutex
	known    []string
	masked   []string
	redactor redact.Redactor
}

// NewSecrets returns an empty set. It calls mask once with each text to mask in the log,
// which is a secret in one of its encodings.
func NewSecrets(mask func(texts []string)) *Secrets {
	return &Secrets{mask: mask}
}

// Keep adds secrets, which from then on appear neither in the log nor on any surface. It
// ignores empty and known ones.
func (s *Secrets) Keep(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool {
		return secret == "" || slices.Contains(s.known, secret)
	})
	if len(added) == 0 {
		return
	}
	s.known = append(s.known, added...)
	s.redactor = redact.New(s.known)
	masks := slices.DeleteFunc(s.redactor.Masks(), func(text string) bool { return slices.Contains(s.masked, text) })
	s.masked = append(s.masked, masks...)
	s.mask(masks)
}

// Redact returns the text without the secrets, in any encoding.
func (s *Secrets) Redact(text string) string { return s.current().Text(text) }

// Command returns the words of a command line without the secrets and without the
// values of flags that may contain some, such as --vars.
func (s *Secrets) Command(words []string) []string { return s.current().Command(words) }

func (s *Secrets) current() redact.Redactor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.redactor
}
