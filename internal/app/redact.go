package app

import (
	"slices"
	"strings"
)

// redactor takes secrets out of text that others wrote (dbt, a driver) before it
// reaches a surface: the runner masks its log, and nothing but its log.
type redactor struct{ replacer *strings.Replacer }

// keepSecret keeps these out of the log and out of every surface from now on.
func (s *story) keepSecret(secrets ...string) {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return slices.Contains(s.secrets, secret) })
	s.secrets = append(s.secrets, secrets...)
	s.redact = newRedactor(s.secrets)
	s.actions.Mask(secrets)
}

func newRedactor(secrets []string) redactor {
	var pairs []string
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) text(s string) string {
	if r.replacer == nil {
		return s
	}
	return r.replacer.Replace(s)
}
