//go:build unix

package faults

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

// secrets returns a world's secrets in every form that could be written by mistake.
func (w *world) secrets() map[string]string {
	forms := map[string]string{}
	all := map[string]string{"token": token}
	for i, password := range w.passwords {
		all[fmt.Sprintf("password %d", i+1)] = password
	}
	for name, secret := range all {
		quoted, _ := json.Marshal(secret)
		maps.Copy(forms, map[string]string{
			name:                             secret,
			name + ", percent-encoded":       url.PathEscape(secret),
			name + ", in a query":            url.QueryEscape(secret),
			name + ", in base64":             base64.StdEncoding.EncodeToString([]byte(secret)),
			name + ", in base64 of a login":  base64.StdEncoding.EncodeToString([]byte("postgres:" + secret))[16:],
			name + ", with doubled quotes":   strings.ReplaceAll(secret, "'", "''"),
			name + ", in JSON":               strings.Trim(string(quoted), `"`),
			name + ", in a literal":          strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret),
			name + ", in HTML":               html.EscapeString(secret),
			name + ", in a shell's quotes":   strings.ReplaceAll(secret, `'`, `'\''`),
			name + ", in SQL in JSON":        strings.ReplaceAll(strings.Trim(string(quoted), `"`), "'", "''"),
			name + ", in JSON in SQL's JSON": strings.ReplaceAll(strings.Trim(string(quoted), `"`), `\`, `\\`),
		})
	}
	return forms
}

// noSecrets searches everything that dbt-tally wrote: the log as the runner shows it, all
// files except those of dbt, the comments, the requests, and the audit tables.
func (w *world) noSecrets(output string) {
	w.t.Helper()
	w.unlock()
	written := map[string]string{"output": masked(output), "requests": strings.Join(w.received(), "\n")}
	for _, c := range w.forge.Comments(fakegithub.PullRequest) {
		written["comment"] += c.Body
	}
	for _, table := range w.db.Query(w.t, "select format('%I.%I', table_schema, table_name) from information_schema.tables "+
		"where table_name like 'dbt_audit%' and table_type = 'BASE TABLE'") {
		for _, row := range w.db.Query(w.t, "select t::text from "+table[0]+" t") {
			written[table[0]] += row[0] + "\n"
		}
	}
	ours := w.path("project/target/dbt-tally")
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err == nil && entry.IsDir() && !strings.HasPrefix(ours, path) && slices.Contains(dirsOfDBT, entry.Name()):
			return fs.SkipDir
		case err != nil || !entry.Type().IsRegular() || filepath.Dir(path) == w.path("project/target"):
			return err
		}
		text, err := os.ReadFile(path)
		written[path] = string(text)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	for where, text := range written {
		for form, secret := range w.secrets() {
			if strings.Contains(text, secret) {
				w.t.Errorf("%s has the %s", where, form)
			}
		}
	}
}

// dirsOfDBT are those in which dbt itself may write what its user gives it.
var dirsOfDBT = []string{"compiled", "run", "logs"}

// masked returns a log as GitHub's runner shows it.
func masked(output string) string {
	var shown strings.Builder
	var masks []string
	for line := range strings.Lines(output) {
		if mask, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "::add-mask::"); ok {
			masks = append(masks, strings.NewReplacer("%25", "%", "%0D", "\r", "%0A", "\n").Replace(mask))
			continue
		}
		for _, mask := range masks {
			line = strings.ReplaceAll(line, mask, "***")
		}
		shown.WriteString(line)
	}
	return shown.String()
}
