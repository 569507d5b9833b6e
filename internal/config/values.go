package config

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/shlex"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

const defaultAuditTable = "dbt_audit.dbt_audit_log"

// config returns the Config and adds a problem for every unusable value.
func (p *parser) config(command Command, dbtArgs []string) Config {
	p.checkCommand(command)
	for _, in := range Inputs() {
		p.checkAllowed(in.Name, command)
	}
	c := Config{
		Command:       command,
		Commands:      p.commands(dbtArgs),
		ProjectDir:    p.directory("project-dir", "dbt_project.yml"),
		ProfilesDir:   p.directory("profiles-dir", "profiles.yml"),
		Profile:       p.text("profile"),
		Target:        p.text("target"),
		Threads:       p.threads(),
		DBTExecutable: p.text("dbt-executable"),
		Requirements:  lines(p.text("requirements")),
		InstallDeps:   p.toggle("install-deps"),
		Hooks:         Hooks(p.text("hooks")),
		CountViews:    p.toggle("count-views"),
		ChangeColumn:  p.text("change-column"),
		CountExact:    p.text("count") == "exact",
		Baseline:      p.baseline(),
		Limits:        p.limits(),
		Accept:        p.toggle("accept"),

		GitHubToken:    p.text("github-token"),
		GitLabToken:    p.text("gitlab-token"),
		Comment:        When(p.text("comment")),
		CommentKey:     p.commentKey(),
		ReviewComments: When(p.text("review-comments")),
		Check:          When(p.text("check")),
		Issue:          When(p.text("issue")),
		Summary:        p.toggle("summary"),
		Annotations:    p.toggle("annotations"),
		ReportDir:      p.text("report-dir"),
		ReportURL:      p.matching("report-url", webAddress, "a web address that begins with https://"),

		AllowPullRequestTarget: p.toggle("allow-pull-request-target"),

		History:    historyOptions(p, command),
		OlderThan:  p.olderThan(command),
		DryRun:     p.toggle("dry-run"),
		CheckOnly:  command == Install && p.toggle("check"),
		Remove:     p.toggle("remove"),
		Invocation: p.matching("invocation", invocationID, "dbt's invocation_id"),
	}
	c.Audit = p.audit(c.Hooks)
	c.Cloud = cloudParser{p}.job(command)
	if c.Hooks == Off && c.Limits.Any() {
		p.problems.add(`input "hooks": "off" with gates, which need row counts; remove the gates or use `+
			`"inject"; see %s`, docs.Gates)
	}
	return c
}

// text returns the value of an input, or its default if it is not given. It panics for an
// unknown input.
func (p *parser) text(name string) string {
	in, _, ok := find(name, "")
	if !ok {
		panic("config: no input " + name)
	}
	if text, given := p.given[name]; given {
		return text
	}
	return in.value
}

func (p *parser) toggle(name string) bool { return toggles[strings.ToLower(p.text(name))] == "true" }

// commands splits dbt-command into command lines. A dbt command on our own command line takes
// precedence.
func (p *parser) commands(dbtArgs []string) [][]string {
	if len(dbtArgs) > 0 {
		return [][]string{dbtArgs}
	}
	var commands [][]string
	text, wrong := p.text("dbt-command"), false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		words, err := shlex.Split(line)
		if err != nil {
			p.problems.input("dbt-command", strings.TrimSpace(line), "one dbt command per line, with closed quotes")
			wrong = true
			continue
		}
		if words = withoutDBT(words); len(words) > 0 {
			commands = append(commands, words)
		}
	}
	if len(commands) == 0 && !wrong {
		p.problems.input("dbt-command", text, "at least one dbt command")
	}
	return commands
}

func withoutDBT(words []string) []string {
	if len(words) > 0 && words[0] == "dbt" {
		return words[1:]
	}
	return words
}

// directory checks that a directory, if one is given, contains the file that dbt will
// look for in it.
func (p *parser) directory(input, file string) string {
	dir := p.text(input)
	if dir == "" {
		return ""
	}
	path := dir
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.dir, dir)
	}
	if _, err := os.Stat(filepath.Join(path, file)); err != nil {
		p.problems.add("input %q: no %s in %s; use the directory that contains it, relative to %s; see %s",
			input, file, shown(dir), p.dir, inputsPage)
	}
	return dir
}

func (p *parser) threads() string {
	text := p.text("threads")
	if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 1) {
		p.problems.input("threads", text, "a whole number from 1 up")
	}
	return text
}

var (
	commentKey = regexp.MustCompile(`^[A-Za-z0-9._/: -]{1,100}$`)

	invocationID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

	// branch excludes what git forbids in branch names (git-check-ref-format(1)).
	branch = regexp.MustCompile(`^[^-~^:?*\[\\\s\pC][^~^:?*\[\\\s\pC]*$`)

	// webAddress excludes what would end a link in Markdown.
	webAddress = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+$`)

	ageText = regexp.MustCompile(`^([1-9]\d{0,3})([hdw])$`)
)

// commentKey replaces an empty key by the default.
func (p *parser) commentKey() string {
	key := p.text("comment-key")
	if key == "" {
		return DefaultKey
	}
	if !commentKey.MatchString(key) {
		p.problems.input("comment-key", key, "1 to 100 letters, digits, spaces and . _ / : -")
	}
	return key
}

// audit returns the audit table and what happens if it cannot be used. With the project's
// own hooks the default is the unqualified table that the session finds.
func (p *parser) audit(hooks Hooks) Audit {
	a := Audit{Failure: Failure(p.text("audit-failure"))}
	text := p.text("audit-table")
	if text == defaultAuditTable {
		a.Fallback = hooks == Inject
		if hooks == Project {
			text = "dbt_audit_log"
		}
	}
	a.Table = p.table("audit-table", text)
	return a
}

// table reads [[database.]schema.]name.
func (p *parser) table(input, text string) Table {
	parts := strings.Split(text, ".")
	for _, part := range parts {
		if !identifier.MatchString(part) || len(parts) > 3 {
			p.problems.input(input, text, "[[database.]schema.]name without quotes, such as "+defaultAuditTable)
			return Table{}
		}
	}
	parts = append(make([]string, 3-len(parts)), parts...)
	return Table{Database: parts[0], Schema: parts[1], Name: parts[2]}
}

var identifier = regexp.MustCompile("^[^\"'`\\[\\]\\pC]+$")

func (p *parser) baseline() Baseline {
	b := Baseline{Target: p.text("baseline-target")}
	switch name := p.text("baseline"); {
	case name == string(Auto):
	case name == "none":
		b.Off = true
	case invocationID.MatchString(name):
		b.RunID = name
	case branch.MatchString(name):
		b.Branch = name
	default:
		p.problems.input("baseline", name, `"auto", "none", a branch, or a dbt invocation_id`)
	}
	if table := p.text("baseline-table"); table != "" {
		b.Table = p.table("baseline-table", table)
	}
	age, ok := parseAge(p.text("baseline-max-age"))
	if !ok {
		p.problems.input("baseline-max-age", p.text("baseline-max-age"), "a number of hours, days or weeks, "+
			"such as 36h, 7d or 2w")
	}
	b.MaxAge = age
	return b
}

// parseAge reads an age above zero: 36h, 7d, 2w.
func parseAge(text string) (age time.Duration, ok bool) {
	match := ageText.FindStringSubmatch(text)
	if match == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(match[1]) // at most four digits
	unit := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[match[2]]
	return time.Duration(n) * unit, true
}

func (p *parser) olderThan(command Command) time.Duration {
	text := p.text("older-than")
	if text == "" || command != Prune {
		return 0
	}
	old, ok := parseAge(text)
	if !ok || old < 24*time.Hour {
		p.problems.input("older-than", text, "an age of a day or more, such as 180d")
	}
	return old
}

// historyOptions returns the zero value for another command.
func historyOptions(p *parser, command Command) HistoryOptions {
	if command != History {
		return HistoryOptions{}
	}
	o := HistoryOptions{
		Models: p.models, Branch: p.text("branch"), JSON: p.toggle("json"), CSV: p.toggle("csv"), HTML: p.text("html"),
	}
	var ok bool
	if o.Since, ok = parseAge(p.text("since")); !ok {
		p.problems.input("since", p.text("since"), "a number of hours, days or weeks, such as 36h, 30d or 12w")
	}
	for _, model := range o.Models {
		if _, err := path.Match(model, ""); err != nil {
			p.problems.add("command %q: unusable pattern %s; close its bracket; see %s", command, shown(model), inputsPage)
		}
	}
	if o.JSON && o.CSV {
		p.problems.add("input %q: contradicts %q; use one of them; see %s", "json", "csv", inputsPage)
	}
	return o
}

// matching returns the value of an optional input that must match a pattern.
func (p *parser) matching(input string, pattern *regexp.Regexp, expected string) string {
	text := p.text(input)
	if text != "" && !pattern.MatchString(text) {
		p.problems.input(input, text, expected)
	}
	return text
}

// lines returns the lines of a text that are neither empty nor comments.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}
