package stories

import (
	"encoding/json"
	"maps"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

// readToken is the token of a job that may only read.
const readToken = "the-read-only-token"

// pull is the pull request of the story's job.
type pull struct {
	number int
	from   fakegithub.Branch
}

// github makes the story a step of a workflow: github EVENT [fork|dependabot]. The event
// workflow_run is about the run that the event pull_request starts.
func (s stories) github(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	if w.forge == nil {
		w.forge = fakegithub.New(s.story(ts), fakegithub.Options{Tokens: map[string]fakegithub.Token{
			fakegithub.JobToken: {Login: fakegithub.ActionsBot},
			readToken:           {Login: fakegithub.ActionsBot, ReadOnly: true},
		}})
	}
	event, origin := args[0], strings.Join(args[1:], " ")
	w.pull = w.pullFrom(origin)
	text, err := json.Marshal(w.payload(event))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("event.json"), text, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("summary.md"), nil, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("output.txt"), nil, 0o644))
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": ts.MkAbs("event.json"), "GITHUB_ACTOR": "alice",
		"GITHUB_REPOSITORY": fakegithub.Repository, "GITHUB_SHA": fakegithub.HeadSHA, "GITHUB_REF_NAME": fakegithub.HeadBranch,
		"GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "dbt",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": w.forge.URL(), "GITHUB_GRAPHQL_URL": w.forge.URL() + "/graphql",
		"GITHUB_WORKSPACE": w.env.WorkDir, "GITHUB_STEP_SUMMARY": ts.MkAbs("summary.md"), "GITHUB_OUTPUT": ts.MkAbs("output.txt"),
		"INPUT_GITHUB-TOKEN": fakegithub.JobToken,
	}
	switch {
	case event == "workflow_run":
		maps.Copy(env, map[string]string{"GITHUB_SHA": "f00d", "GITHUB_REF_NAME": "main", "GITHUB_RUN_ID": "200"})
	case origin == "fork":
		env["INPUT_GITHUB-TOKEN"] = readToken
	case origin == "dependabot":
		env["INPUT_GITHUB-TOKEN"], env["GITHUB_ACTOR"] = readToken, "dependabot[bot]"
	}
	for name, value := range env {
		ts.Setenv(name, value)
	}
}

// pullFrom returns the fork's pull request, which it opens at the first call, or the one
// of the repository's own branch.
func (w *world) pullFrom(origin string) pull {
	if origin != "fork" {
		return pull{
			fakegithub.PullRequest,
			fakegithub.Branch{Repository: fakegithub.Repository, Name: fakegithub.HeadBranch, SHA: fakegithub.HeadSHA},
		}
	}
	if w.fork.number == 0 {
		w.fork.from = fakegithub.Branch{Repository: "mallory/shop", Name: "patch-1", SHA: "badcafe"}
		w.fork.number = w.forge.Open(fakegithub.Issue{Author: "mallory", Title: "A patch", From: w.fork.from})
	}
	return w.fork
}

// payload returns the parts of GitHub's event payload that matter.
func (w *world) payload(event string) map[string]any {
	ours := map[string]any{"full_name": fakegithub.Repository, "id": 1}
	theirs := map[string]any{"full_name": w.pull.from.Repository, "id": 2}
	p := map[string]any{"repository": ours}
	switch {
	case event == "workflow_run":
		p["workflow_run"] = map[string]any{
			"id": 100, "run_attempt": 1, "event": "pull_request", "conclusion": "success", "pull_requests": []any{},
			"head_branch": w.pull.from.Name, "head_sha": w.pull.from.SHA, "head_repository": theirs,
		}
	case event == "issue_comment":
		p["issue"] = map[string]any{"number": w.pull.number, "pull_request": map[string]any{}}
	case strings.HasPrefix(event, "pull_request"):
		p["number"] = w.pull.number
		p["pull_request"] = map[string]any{
			"number": w.pull.number,
			"head":   map[string]any{"sha": w.pull.from.SHA, "ref": w.pull.from.Name, "repo": theirs},
			"base":   map[string]any{"sha": "f00d", "ref": "main", "repo": ours},
		}
	}
	return p
}
