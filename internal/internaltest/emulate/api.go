package emulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// ReviewComment is a comment on a file of the pull request.
type ReviewComment struct {
	Path, Body, Side string // Side is "" for a comment on the file as a whole
	Line             int    // 0 for a comment on the file as a whole
}

// Comments returns the texts on the pull request, oldest first.
func (g *GitHub) Comments(t testing.TB) []string {
	t.Helper()
	var comments []struct{ Body string }
	g.list(t, fmt.Sprintf("/issues/%d/comments", g.PullRequest), &comments)
	var texts []string
	for _, comment := range comments {
		texts = append(texts, comment.Body)
	}
	return texts
}

// ReviewComments returns the review comments on the pull request, oldest first.
func (g *GitHub) ReviewComments(t testing.TB) []ReviewComment {
	t.Helper()
	var comments []ReviewComment
	g.list(t, fmt.Sprintf("/pulls/%d/comments", g.PullRequest), &comments)
	return comments
}

// Checks returns the check runs on the pull request's commit, such as "dbt-tally: failure,
// 3 gates breached".
func (g *GitHub) Checks(t testing.TB) []string {
	t.Helper()
	var answer struct {
		Runs []struct {
			Name, Conclusion string
			Output           struct{ Title string }
		} `json:"check_runs"`
	}
	g.list(t, "/commits/"+g.HeadSHA+"/check-runs", &answer)
	var checks []string
	for _, run := range answer.Runs {
		checks = append(checks, fmt.Sprintf("%s: %s, %s", run.Name, run.Conclusion, run.Output.Title))
	}
	return checks
}

// Issues returns the issues without the pull request, such as "open: a title".
func (g *GitHub) Issues(t testing.TB) []string {
	t.Helper()
	var answer []struct {
		State, Title string
		PullRequest  any `json:"pull_request"`
	}
	g.list(t, "/issues?state=all", &answer)
	var issues []string
	for _, issue := range answer {
		if issue.PullRequest == nil {
			issues = append(issues, issue.State+": "+issue.Title)
		}
	}
	return issues
}

func (g *GitHub) list(t testing.TB, path string, into any) {
	t.Helper()
	if err := g.call(t.Context(), http.MethodGet, path, nil, into); err != nil {
		t.Fatal(err)
	}
}

// answers returns an error unless the emulator is up.
func (g *GitHub) answers(ctx context.Context) error {
	return g.call(ctx, http.MethodGet, "", nil, nil)
}

func (g *GitHub) openPullRequest(ctx context.Context) error {
	var main struct{ Object struct{ SHA string } }
	if err := g.call(ctx, http.MethodGet, "/git/ref/heads/main", nil, &main); err != nil {
		return err
	}
	branch := map[string]any{"ref": "refs/heads/" + HeadBranch, "sha": main.Object.SHA}
	if err := g.call(ctx, http.MethodPost, "/git/refs", branch, nil); err != nil {
		return err
	}
	file := map[string]any{"branch": HeadBranch, "message": "add a model", "content": []byte("select 1\n")}
	if err := g.call(ctx, http.MethodPut, "/contents/"+AddedFile, file, nil); err != nil {
		return err
	}
	var opened struct {
		Number int
		Head   struct{ SHA string }
	}
	pull := map[string]any{"title": "Add a model", "head": HeadBranch, "base": "main"}
	err := g.call(ctx, http.MethodPost, "/pulls", pull, &opened)
	g.PullRequest, g.HeadSHA = opened.Number, opened.Head.SHA
	return err
}

// call sends a request about the repository to the emulator.
func (g *GitHub) call(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, g.emulator+"/repos/"+Repository+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+JobToken)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %s", method, path, answer.Status)
	case into == nil:
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
