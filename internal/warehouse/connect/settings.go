package connect

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Settings are the chosen output of profiles.yml.
type Settings struct {
	Values map[string]any // strings, numbers and booleans as parsed from YAML
	Dir    string         // base directory of relative paths
}

// Text returns the first of the named settings that exists, as text, or "" if none does.
func (s Settings) Text(names ...string) string {
	for _, name := range names {
		if value, ok := s.Values[name]; ok && value != nil {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// Path returns the path in a setting, or "" if the setting does not exist.
func (s Settings) Path(name string) string {
	file := s.Text(name)
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(s.Dir, file)
}

// Flag returns a boolean setting, or false if it does not exist.
func (s Settings) Flag(name string) (bool, error) {
	text := s.Text(name)
	if text == "" {
		return false, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s: unknown value %q; expected true or false; see "+docs.Warehouses, name, text)
	}
	return value, nil
}

// Number returns an integer setting.
func (s Settings) Number(name string, otherwise int) (int, error) {
	return s.whole(name, otherwise, "number")
}

// Seconds returns a setting that is a whole number of seconds.
func (s Settings) Seconds(name string, otherwise int) (time.Duration, error) {
	n, err := s.whole(name, otherwise, "number of seconds")
	return time.Duration(n) * time.Second, err
}

func (s Settings) whole(name string, otherwise int, what string) (int, error) {
	text := cmp.Or(s.Text(name), strconv.Itoa(otherwise))
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is not a %s; expected a whole number; see "+docs.Warehouses, name, text, what)
	}
	return n, nil
}

// Redactor returns a function that replaces the secrets by asterisks. It ignores empty
// secrets.
func Redactor(secrets ...string) func(string) string {
	var pairs []string
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// ExpiredToken returns the advice for a refused login if the password is an AWS IAM
// token, otherwise "".
func ExpiredToken(password string) string {
	// "aws rds generate-db-auth-token" prints a signed URL of the database.
	if !strings.Contains(password, "X-Amz-Signature=") {
		return ""
	}
	return "; the password is an AWS IAM token, and AWS IAM tokens expire after 15 minutes; " +
		"generate one immediately before this step; see " + docs.Warehouses
}
