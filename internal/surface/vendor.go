package surface

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/forge/gitlab"
)

// Vendor contains everything in which the forges differ.
type Vendor struct {
	open func(Forge) (client, error)
	none error // the event is about no pull request
	// foreign states the fix if the token of a pull request from a fork may not write.
	foreign error
	// file returns the address of a file in the changes of the event's pull request.
	file func(ci.Event) func(name string) string
	// source is the page of the repository's files at a commit, with two %s for the
	// project's page and the commit.
	source string
}

// sources returns the address of the files that the job built, to which a file's path is
// appended, and "" if it is unknown.
func (v Vendor) sources(e ci.Event) string {
	if v.source == "" || e.ServerURL == "" || e.HeadSHA == "" {
		return ""
	}
	return fmt.Sprintf(v.source, e.ServerURL+"/"+e.Repository, e.HeadSHA)
}

// GitHub is github.com or an Enterprise Server.
var GitHub = Vendor{
	open: func(f Forge) (client, error) {
		if f.Token == "" {
			return nil, errors.New("no token; set github-token; see " + docs.Permissions)
		}
		return github.New(github.Config{
			HTTP: f.HTTP, APIURL: f.Event.APIURL, GraphQLURL: f.Event.GraphQLURL,
			Token: f.Token, Repository: f.Event.Repository,
		})
	},
	none: ErrNoPullRequest,
	foreign: errors.New("the token of a pull request from a fork or from Dependabot is read-only; " +
		"use mode: publish in a workflow_run to post report.json; see " + docs.Permissions),
	file: func(e ci.Event) func(string) string {
		page := fmt.Sprintf("%s/%s/pull/%d/files", e.ServerURL, e.Repository, e.PullRequest)
		return func(name string) string { return fmt.Sprintf("%s#diff-%x", page, sha256.Sum256([]byte(name))) }
	},
	source: "%s/blob/%s/",
}

// GitLab is gitlab.com or a self-managed instance.
var GitLab = Vendor{
	open: func(f Forge) (client, error) {
		switch {
		case f.Token == "" && f.Event.PullRequest == 0 && !asked(f.Issue):
			return nil, errNoMergeRequest
		case f.Token == "" && f.Event.Fork:
			return nil, errForeignPipeline
		case f.Token == "":
			return nil, errors.New("no token; CI_JOB_TOKEN may not write here, so " + gitlab.TokenAdvice)
		case f.Token == f.JobToken:
			return nil, errors.New("gitlab-token is CI_JOB_TOKEN, which may not write here; " + gitlab.TokenAdvice)
		}
		return gitlab.New(gitlab.Config{
			HTTP: f.HTTP, APIURL: f.Event.APIURL, Token: f.Token,
			Project: f.Event.RepositoryID, Path: f.Event.Repository, ServerURL: f.Event.ServerURL,
		})
	},
	none:    errNoMergeRequest,
	foreign: errForeignPipeline,
	file: func(e ci.Event) func(string) string {
		page := fmt.Sprintf("%s/%s/-/merge_requests/%d/diffs", e.ServerURL, e.Repository, e.PullRequest)
		return func(name string) string { return fmt.Sprintf("%s#%x", page, sha1.Sum([]byte(name))) }
	},
	source: "%s/-/blob/%s/",
}

// errForeignPipeline is the error of a fork's pipeline, which has none of the project's
// variables.
var errForeignPipeline = errors.New("a pipeline of a merge request from a fork has no token that may write; " +
	"a member can run the pipeline in the parent project; see " + docs.GitLab)
