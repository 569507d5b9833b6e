package gitlab

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
)

func TestEventOfAPipeline(t *testing.T) {
	t.Parallel()
	branch := map[string]string{
		"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PROJECT_PATH": "acme/shop", "CI_COMMIT_SHA": "c0ffee",
		"CI_COMMIT_REF_NAME": "main", "CI_JOB_NAME": "dbt", "CI_JOB_URL": "https://gitlab.example/acme/shop/-/jobs/7",
		"CI_PIPELINE_ID": "42", "GITLAB_USER_LOGIN": "alice",
	}
	request := maps.Clone(branch)
	maps.Copy(request, map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_REF_NAME": "feature", "CI_MERGE_REQUEST_IID": "5",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "badcafe", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
		"CI_MERGE_REQUEST_PROJECT_ID": "1",
	})
	fork := maps.Clone(request)
	fork["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"] = "2"
	onMain := ci.Event{
		Name: "push", Repository: "acme/shop", HeadSHA: "c0ffee", HeadRef: "main", SHA: "c0ffee", RunID: 42,
		Job: "dbt", RunURL: "https://gitlab.example/acme/shop/-/jobs/7", Actor: "alice",
	}
	merging := onMain
	merging.Name, merging.PullRequest = "merge_request_event", 5
	merging.HeadSHA, merging.HeadRef, merging.BaseRef = "badcafe", "feature", "main"
	forked := merging
	forked.Fork = true
	for name, test := range map[string]struct {
		env  map[string]string
		want ci.Event
	}{
		"a branch":         {branch, onMain},
		"a merge request":  {request, merging},
		"one from a fork":  {fork, forked},
		"not on GitLab CI": {map[string]string{"CI_COMMIT_SHA": "c0ffee"}, ci.Event{}},
	} {
		got := Event(func(name string) string { return test.env[name] })
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
