// Package config turns flags and the action's inputs into one validated Config.
// It decides nothing about the run; what the values mean is for others to act on.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/shlex"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Config is what the user asked for, valid and with its defaults filled in.
type Config struct {
	Mode           Mode
	Commands       [][]string // dbt command lines without the leading dbt, at least one
	ProjectDir     string     // "" for dbt's own search, as the next three
	ProfilesDir    string
	Profile        string
	Target         string
	Threads        string
	DBTExecutable  string
	Requirements   []string // lines for uv; none: the dbt that is there
	InstallDeps    bool     // where packages are declared and missing
	Hooks          Hooks
	Audit          Audit
	CountViews     bool
	GitHubToken    string
	Comment        CommentMode
	CommentKey     string
	ReviewComments bool // on breaches and failed models
	Check          bool // make a check run of the gates
	Summary        bool
	Annotations    bool
	ReportDir      string // "" for the default; never so for Publish
	Baseline       Baseline
	Limits         tally.Limits // the run's gates
	Issue          bool         // keep an issue while a gate is breached

	AllowPullRequestTarget bool // also where the checkout may be the pull request's

	OlderThan  time.Duration // Prune: the age from which audit rows go, a day or more
	DryRun     bool          // Prune: only say what would go
	Invocation string        // Report: dbt's invocation_id, "" for that of target/run_results.json
}

// Audit says where the audit table is and what happens when it can't be used.
type Audit struct {
	Database, Schema string // "" for the target's
	Table            string
	MustWork         bool // audit-failure: fail
}

// Hooks says who writes the audit rows.
type Hooks string

// Who writes the audit rows.
const (
	Inject  Hooks = "inject"
	Project Hooks = "project"
	Off     Hooks = "off"
)

// DefaultKey is the comment-key of a workflow that has one job.
const DefaultKey = "default"

// CommentMode says when a pull request gets a comment.
type CommentMode string

// When a pull request gets a comment.
const (
	CommentAuto    CommentMode = "auto"
	CommentChanges CommentMode = "changes"
	CommentGates   CommentMode = "gates"
	CommentOff     CommentMode = "off"
)

// ErrHelp means that the user asked for help, which has been written.
var ErrHelp = errors.New("help was asked for")

// Parse reads the command line and, for inputs that it does not give, the INPUT_*
// variables of environ (NAME=value, as os.Environ gives them). An empty variable
// counts as not given: a workflow's empty expression asks for nothing. The error
// joins every problem found, each in three parts; usage text goes to help.
// Relative folders are relative to dir.
func Parse(args, environ []string, dir string, help io.Writer) (Config, error) {
	var problems problemList
	own, dbtArgs := args, []string(nil)
	if i := slices.Index(args, "--"); i >= 0 {
		own, dbtArgs = args[:i], args[i+1:]
	}
	var line commandLine
	given := inputVariables(environ)
	parser := newParser(&line, given)
	parser.Stdout = help
	own = dropUnknownFlags(parser, own, &problems)
	unknownVariables(parser, given, &problems)

	asked := false
	parser.Exit = func(int) { asked = true }
	ctx, err := parser.Parse(own)
	if asked {
		return Config{}, ErrHelp
	}
	if err != nil {
		problems.add("%w; see docs/inputs.md", err)
		return Config{}, problems.err()
	}
	for _, flag := range ctx.Flags() {
		problems.allowed(flag)
	}
	return line.config(dbtArgs, dir, &problems), problems.err()
}

// config makes the Config, noting every value that can't be meant.
func (l commandLine) config(dbtArgs []string, dir string, problems *problemList) Config {
	c := Config{
		Mode:           l.mode(problems),
		Commands:       l.commands(dbtArgs, problems),
		ProjectDir:     l.ProjectDir,
		ProfilesDir:    l.ProfilesDir,
		Profile:        l.Profile,
		Target:         l.Target,
		Threads:        l.Threads,
		DBTExecutable:  l.DBTExecutable,
		Requirements:   lines(l.Requirements),
		InstallDeps:    l.InstallDeps == "auto",
		Hooks:          Hooks(l.Hooks),
		Audit:          l.audit(),
		CountViews:     l.CountViews == "true",
		GitHubToken:    l.GitHubToken,
		Comment:        CommentMode(l.Comment),
		CommentKey:     l.CommentKey,
		ReviewComments: l.ReviewComments == "gates",
		Check:          l.Check == "true",
		Summary:        l.Summary == "true",
		Annotations:    l.Annotations == "true",
		ReportDir:      l.ReportDir,
		Baseline:       l.baseline(problems),
		Limits:         l.limits(problems),
		Issue:          l.Issue == "gates",

		AllowPullRequestTarget: l.AllowPullRequestTarget == "true",

		OlderThan:  l.olderThan(problems),
		DryRun:     l.DryRun == "true",
		Invocation: l.invocation(problems),
	}
	l.checkMode(c.Mode, dbtArgs, problems)
	if n, err := strconv.Atoi(l.Threads); l.Threads != "" && (err != nil || n < 1) {
		problems.input("threads", l.Threads, "a whole number from 1 up")
	}
	for _, place := range []struct{ input, name string }{
		{"audit-database", l.AuditDatabase},
		{"audit-schema", l.AuditSchema},
		{"baseline-database", l.BaselineDatabase},
		{"baseline-schema", l.BaselineSchema},
	} {
		if place.name != "" {
			problems.identifier(place.input, place.name)
		}
	}
	problems.identifier("audit-table", l.AuditTable)
	if !commentKey.MatchString(l.CommentKey) {
		problems.input("comment-key", l.CommentKey, "1 to 100 letters, digits, spaces and . _ / : -")
	}
	folderWith(dir, l.ProjectDir, "project-dir", "dbt_project.yml", problems)
	folderWith(dir, l.ProfilesDir, "profiles-dir", "profiles.yml", problems)
	return c
}

func (l commandLine) audit() Audit {
	return Audit{
		Database: l.AuditDatabase,
		Schema:   l.AuditSchema,
		Table:    l.AuditTable,
		MustWork: l.AuditFailure == "fail",
	}
}

var (
	identifier = regexp.MustCompile("^[^\"'`\\[\\]\\pC]+$")
	commentKey = regexp.MustCompile(`^[A-Za-z0-9._/: -]{1,100}$`)
)

// identifier notes a name that no database object can have here.
func (p *problemList) identifier(name, value string) {
	if !identifier.MatchString(value) {
		p.input(name, value, "a plain name without quotes or line breaks")
	}
}

// commands splits dbt-command into command lines. What stands behind -- on our
// own command line is one dbt command and wins.
func (l commandLine) commands(dbtArgs []string, problems *problemList) [][]string {
	if len(dbtArgs) > 0 {
		return [][]string{withoutDBT(dbtArgs)}
	}
	var commands [][]string
	for line := range strings.Lines(strings.ReplaceAll(l.DBTCommand, "\\\n", " ")) {
		words, err := shlex.Split(line)
		if err != nil {
			problems.input("dbt-command", strings.TrimSpace(line), "one dbt command a line, with its quotes closed")
			continue
		}
		if words = withoutDBT(words); len(words) > 0 {
			commands = append(commands, words)
		}
	}
	if len(commands) == 0 && len(*problems) == 0 {
		problems.input("dbt-command", l.DBTCommand, "at least one dbt command")
	}
	return commands
}

func withoutDBT(words []string) []string {
	if len(words) > 0 && words[0] == "dbt" {
		return words[1:]
	}
	return words
}

// folderWith checks that a folder, where one is given, holds the file that dbt
// will look for in it.
func folderWith(base, dir, input, file string, problems *problemList) {
	if dir == "" {
		return
	}
	path := dir
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, dir)
	}
	if _, err := os.Stat(filepath.Join(path, file)); err != nil {
		problems.add("input %q: no %s in %q; want the folder that holds it, relative to %s; see docs/inputs.md", input, file, dir, base)
	}
}

// problemList gathers the user's mistakes, so that all are told at once.
type problemList []error

func (p *problemList) add(format string, args ...any) {
	*p = append(*p, fmt.Errorf(format, args...))
}

// input notes a value that is not allowed.
func (p *problemList) input(name, value, want string) {
	p.add("input %q: unusable value %q; want %s; see docs/inputs.md", name, value, want)
}

func (p problemList) err() error { return errors.Join(p...) }

// lines are the lines of a text that say something.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}
