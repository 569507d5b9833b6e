package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// CloudRun is how a run of dbt Cloud is found.
type CloudRun string

// The ways to a run.
const (
	Attach  CloudRun = "attach"  // the run that something else started
	Trigger CloudRun = "trigger" // a new one
)

// CloudJob selects a job of dbt Cloud and the run of it. Empty texts and zero numbers are
// left to the job and to the event.
type CloudJob struct {
	Run     CloudRun
	Host    string // https://HOST, without a path
	Account int64
	Job     int64
	Token   string
	Timeout time.Duration // to wait for the run
	Limited bool          // the user gave Timeout, so that it also ends the run

	// What a run is triggered with.
	Cause, GitSHA, GitBranch, Schema string
	PullRequest                      int64
	Steps                            []string
}

var (
	commitID  = regexp.MustCompile(`^[0-9a-fA-F]{7,40}$`)
	hostName  = regexp.MustCompile(`^[A-Za-z0-9.-]+(:\d+)?$`)
	waitLimit = regexp.MustCompile(`^([1-9]\d{0,3})([mh])$`)
)

// cloudParser reads the inputs about dbt Cloud.
type cloudParser struct{ *parser }

// way takes the word behind the command cloud, in front of its flags or behind them.
func (p cloudParser) way(rest []string) []string {
	ways := []string{string(Attach), string(Trigger)}
	if len(rest) == 0 || !slices.Contains(ways, rest[0]) {
		return rest
	}
	p.given["dbt-cloud-run"] = rest[0]
	return rest[1:]
}

// job reads the inputs of the command cloud.
func (p cloudParser) job(command Command) CloudJob {
	c := CloudJob{Token: p.text("dbt-cloud-token")}
	if command != Cloud {
		return c
	}
	c.Run = CloudRun(p.text("dbt-cloud-run"))
	c.Host = p.host()
	c.Account, c.Job = p.number("dbt-cloud-account", true), p.number("dbt-cloud-job", true)
	c.PullRequest = p.number("dbt-cloud-pull-request", false)
	if c.Token == "" {
		p.missing("dbt-cloud-token", "a service token or a personal token")
	}
	c.Cause, c.Schema, c.Steps = p.text("dbt-cloud-cause"), p.text("dbt-cloud-schema"), lines(p.text("dbt-cloud-steps"))
	if c.GitSHA = p.text("dbt-cloud-git-sha"); c.GitSHA != "" && !commitID.MatchString(c.GitSHA) {
		p.unusable("dbt-cloud-git-sha", c.GitSHA, "a commit ID")
	}
	if c.GitBranch = p.text("dbt-cloud-git-branch"); c.GitBranch != "" && !branch.MatchString(c.GitBranch) {
		p.unusable("dbt-cloud-git-branch", c.GitBranch, "the name of a branch")
	}
	if c.GitSHA != "" && c.GitBranch != "" { // dbt Cloud refuses both
		p.problems.add(`input "dbt-cloud-git-branch": contradicts dbt-cloud-git-sha; use one of them; see %s`, docs.DBTCloud)
	}
	if c.Schema != "" && !identifier.MatchString(c.Schema) {
		p.unusable("dbt-cloud-schema", c.Schema, "the name of a schema without quotes")
	}
	p.triggerOnly(c.Run)
	c.Timeout, c.Limited = p.timeout()
	return c
}

// triggerOnly notes inputs that seem to have an effect on a run that exists already.
func (p cloudParser) triggerOnly(run CloudRun) {
	if run != Attach {
		return
	}
	for _, name := range []string{
		"dbt-cloud-cause", "dbt-cloud-git-sha", "dbt-cloud-git-branch", "dbt-cloud-schema",
		"dbt-cloud-pull-request", "dbt-cloud-steps",
	} {
		if _, given := p.given[name]; given {
			p.problems.add(`input %q: has no effect on attach; remove it, or use dbt-cloud-run: trigger; see %s`,
				name, docs.DBTCloud)
		}
	}
}

func (p cloudParser) host() string {
	text := p.text("dbt-cloud-host")
	if text == "" {
		p.missing("dbt-cloud-host", "the access URL of your account")
		return ""
	}
	host, https := strings.CutPrefix(strings.TrimSuffix(text, "/"), "https://")
	if _, err := url.Parse(text); err != nil || !https || !hostName.MatchString(host) {
		p.unusable("dbt-cloud-host", text,
			"the access URL of your account, with https and without a path, such as https://ab123.us1.dbt.com")
	}
	return "https://" + host
}

func (p cloudParser) number(name string, required bool) int64 {
	text := p.text(name)
	if text == "" {
		if required {
			p.missing(name, "the number in the address of the job's page")
		}
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		p.unusable(name, text, "a number, as in the address of the page")
	}
	return n
}

func (p cloudParser) timeout() (limit time.Duration, given bool) {
	text, given := p.given["dbt-cloud-timeout"]
	match := waitLimit.FindStringSubmatch(p.text("dbt-cloud-timeout"))
	if match == nil {
		p.unusable("dbt-cloud-timeout", text, "a number of minutes or hours, such as 90m or 6h")
		return 0, given
	}
	n, _ := strconv.Atoi(match[1]) // at most four digits
	return time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour}[match[2]], given
}

func (p cloudParser) missing(name, what string) {
	p.problems.add("input %q: missing; set it to %s; see %s", name, what, docs.DBTCloud)
}

func (p cloudParser) unusable(name, value, expected string) {
	p.problems.add("input %q: unusable value %s; expected %s; see %s", name, shown(value), expected, docs.DBTCloud)
}
