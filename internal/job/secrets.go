package job

import (
	"slices"
	"strings"
	"sync"
)

// Secrets removes the known secrets from text that others wrote (dbt, a driver)
// before it reaches a surface, because the CI system masks its log and nothing else.
// It may be used by several goroutines.
type Secrets struct {
	mask     func(secrets []string)
	mu       sync.Mutex
	known    []string
	replacer *strings.Replacer
}

// NewSecrets returns an empty set. Each secret that it learns is passed to mask,
// once.
func NewSecrets(mask func(secrets []string)) *Secrets {
	return &Secrets{mask: mask, replacer: strings.NewReplacer()}
}

// Keep keeps these texts out of the log and of every surface from now on.
func (s *Secrets) Keep(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool {
		return secret == "" || slices.Contains(s.known, secret)
	})
	s.known = append(s.known, secrets...)
	var pairs []string
	for _, secret := range s.known {
		pairs = append(pairs, secret, "***")
	}
	s.replacer = strings.NewReplacer(pairs...)
	s.mask(secrets)
}

// Redact returns the text without the secrets.
func (s *Secrets) Redact(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replacer.Replace(text)
}
