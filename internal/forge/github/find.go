package github

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"
)

// actionsBot is who the job's own token belongs to.
const actionsBot = "github-actions[bot]"

// sticky is a comment of ours that is on the pull request.
type sticky struct {
	id     int64
	url    string
	marker marker
	text   string
}

func (s sticky) is(other sticky) bool { return s.id == other.id }

func byID(a, b sticky) int { return cmp.Compare(a.id, b.id) }

func byRun(a, b sticky) int { return cmp.Or(a.marker.compare(b.marker), byID(a, b)) }

// viewer returns the login of the token's owner. GET /user would not do: the
// token of a job may not ask it, while GraphQL answers to every kind of token.
// Where GraphQL does not answer, the token is taken for the job's.
// https://github.com/marocchino/sticky-pull-request-comment/pull/332
func (c *Client) viewer(ctx context.Context) string {
	var answer struct {
		Data struct {
			Viewer struct {
				Login string `json:"login"`
			} `json:"viewer"`
		} `json:"data"`
	}
	err := c.read(ctx, func() error {
		req, err := c.api.NewRequest(http.MethodPost, c.graphql, map[string]string{"query": "query { viewer { login } }"})
		if err != nil {
			return err
		}
		_, err = c.api.Do(ctx, req, &answer)
		return err
	})
	if err != nil || answer.Data.Viewer.Login == "" {
		return actionsBot
	}
	return answer.Data.Viewer.Login
}

// find returns the comments of this key and author, from all pages.
func (c *Client) find(ctx context.Context, cm Comment, author string) ([]sticky, error) {
	var found []sticky
	opts := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{Page: 1, PerPage: 100}}
	for opts.Page != 0 {
		var (
			comments []*github.IssueComment
			resp     *github.Response
		)
		err := c.read(ctx, func() (err error) {
			comments, resp, err = c.api.Issues.ListComments(ctx, c.owner, c.repo, cm.PullRequest, opts)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, comment := range comments {
			m, text, ok := split(comment.GetBody())
			if ok && m.Key == cm.Key && strings.EqualFold(comment.GetUser().GetLogin(), author) {
				found = append(found, sticky{comment.GetID(), comment.GetHTMLURL(), m, normal(text)})
			}
		}
		opts.Page = resp.NextPage
	}
	return found, nil
}

// normal is a text without what an edit in the browser changes unseen.
func normal(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}
