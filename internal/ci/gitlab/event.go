// Package gitlab reads the GitLab CI job: the event that started it, from GitLab's
// predefined variables
// (https://docs.gitlab.com/ci/variables/predefined_variables/).
package gitlab

import (
	"cmp"
	"strconv"

	"github.com/dbt-tally/dbt-tally/internal/ci"
)

// Active reports whether this is a job on GitLab CI.
func Active(getenv func(string) string) bool { return getenv("GITLAB_CI") == "true" }

// Event describes the job. Outside of GitLab CI it returns the zero Event. The head of a
// merge request is its own commit and branch, not the merged result that GitLab may
// create for the pipeline.
func Event(getenv func(string) string) ci.Event {
	if !Active(getenv) {
		return ci.Event{}
	}
	source, target := getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), getenv("CI_MERGE_REQUEST_PROJECT_ID")
	e := ci.Event{
		Name:       getenv("CI_PIPELINE_SOURCE"),
		Repository: getenv("CI_PROJECT_PATH"),
		HeadSHA:    cmp.Or(getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), getenv("CI_COMMIT_SHA")),
		HeadRef:    cmp.Or(getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), getenv("CI_COMMIT_REF_NAME")),
		BaseRef:    getenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
		Fork:       source != target,
		SHA:        getenv("CI_COMMIT_SHA"),
		Job:        getenv("CI_JOB_NAME"),
		RunURL:     getenv("CI_JOB_URL"),
		ServerURL:  getenv("CI_SERVER_URL"),
		APIURL:     getenv("CI_API_V4_URL"),
		Actor:      getenv("GITLAB_USER_LOGIN"),
	}
	e.PullRequest, _ = strconv.Atoi(getenv("CI_MERGE_REQUEST_IID")) // 0 in a branch pipeline
	e.RunID, _ = strconv.ParseInt(getenv("CI_PIPELINE_ID"), 10, 64)
	return e
}
