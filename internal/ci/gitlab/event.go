// Package gitlab reads the GitLab CI job and writes the sections of its log. The event
// that started the job is in GitLab's predefined variables
// (https://docs.gitlab.com/ci/variables/predefined_variables/). Notes, discussions and
// issues are left to the package forge/gitlab.
package gitlab

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Active reports whether this is a job on GitLab CI.
func Active(getenv func(string) string) bool { return getenv("GITLAB_CI") == "true" }

// mergeRequestEvent is the source of a merge request's pipeline. A child pipeline of it
// has another source, and the same variables.
const mergeRequestEvent = "merge_request_event"

// required are the variables that every job has.
var required = []string{
	"CI_PIPELINE_SOURCE", "CI_PIPELINE_ID", "CI_JOB_ID", "CI_JOB_URL", "CI_PROJECT_ID", "CI_PROJECT_PATH",
	"CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_API_V4_URL", "CI_SERVER_URL",
}

// Event describes the job. Outside of GitLab CI it returns the zero Event. The head of a
// merge request is its own commit and branch, not the merged result that GitLab may
// create for the pipeline, and the repository is the project that it is to be merged
// into. A job that lacks the variables of a job is an error.
func Event(getenv func(string) string) (ci.Event, error) {
	if !Active(getenv) {
		return ci.Event{}, nil
	}
	v := variables{getenv: getenv}
	for _, name := range required {
		v.text(name)
	}
	e := ci.Event{
		Name:         getenv("CI_PIPELINE_SOURCE"),
		Repository:   getenv("CI_PROJECT_PATH"),
		RepositoryID: v.number("CI_PROJECT_ID"),
		HeadSHA:      getenv("CI_COMMIT_SHA"),
		HeadRef:      getenv("CI_COMMIT_REF_NAME"),
		SHA:          getenv("CI_COMMIT_SHA"),
		Job:          getenv("CI_JOB_NAME"),
		RunID:        v.number("CI_PIPELINE_ID"),
		RunAttempt:   int(v.number("CI_JOB_ID")), // a job that is run again has a new ID
		RunURL:       getenv("CI_JOB_URL"),
		ServerURL:    v.url("CI_SERVER_URL"),
		APIURL:       v.url("CI_API_V4_URL"),
		Actor:        getenv("GITLAB_USER_LOGIN"),
	}
	if getenv("CI_MERGE_REQUEST_IID") != "" {
		v.mergeRequest(&e)
	} else if e.Name == "push" {
		e.PullRequest = openMergeRequest(getenv("CI_OPEN_MERGE_REQUESTS"), e.Repository)
	}
	return e, v.problem()
}

// mergeRequest adds what only the pipeline of a merge request has.
func (v *variables) mergeRequest(e *ci.Event) {
	e.Name = mergeRequestEvent
	e.PullRequest = int(v.number("CI_MERGE_REQUEST_IID"))
	e.HeadSHA = cmp.Or(v.getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), e.HeadSHA) // only with merged results
	e.HeadRef = v.text("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")
	e.BaseRef = v.text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
	e.Repository = v.text("CI_MERGE_REQUEST_PROJECT_PATH")
	if v.text("CI_MERGE_REQUEST_PROJECT_ID") != "" {
		e.RepositoryID = v.number("CI_MERGE_REQUEST_PROJECT_ID")
	}
	// The source of a fork that was deleted is empty.
	e.Fork = v.getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != v.getenv("CI_MERGE_REQUEST_PROJECT_ID")
}

// openMergeRequest returns the number of the first merge request of this project in a
// list such as "group/project!7,parent/project!12", which a branch's pipeline has.
func openMergeRequest(list, project string) int {
	for reference := range strings.SplitSeq(list, ",") {
		path, number, _ := strings.Cut(reference, "!")
		if iid, err := strconv.Atoi(number); err == nil && strings.EqualFold(path, project) {
			return iid
		}
	}
	return 0
}

// variables reads the job's variables and gathers those that are missing or wrong.
type variables struct {
	getenv         func(string) string
	missing, wrong []string
}

func (v *variables) text(name string) string {
	value := v.getenv(name)
	if value == "" {
		v.missing = append(v.missing, name)
	}
	return value
}

// number returns 0 for a number that is missing or wrong.
func (v *variables) number(name string) int64 {
	value := v.getenv(name)
	n, err := strconv.ParseInt(value, 10, 64)
	if value != "" && (err != nil || n <= 0) {
		v.wrong = append(v.wrong, name+" is not a number")
		return 0
	}
	return n
}

// url keeps the value out of its message, because a URL may contain a password.
func (v *variables) url(name string) string {
	value := v.getenv(name)
	u, err := url.Parse(value)
	if value != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		v.wrong = append(v.wrong, name+" is not a URL")
	}
	return strings.TrimSuffix(value, "/")
}

// problem returns all problems with the variables as one error, or nil.
func (v *variables) problem() error {
	problems := v.wrong
	switch n := len(v.missing); {
	case n == 1:
		problems = append(problems, v.missing[0]+" is not set")
	case n > 1:
		problems = append(problems, strings.Join(v.missing, ", ")+" are not set")
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("GITLAB_CI is true, but %s; pass the job's variables on, or unset GITLAB_CI; see %s",
		strings.Join(problems, ", "), docs.GitLab)
}
