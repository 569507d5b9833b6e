package github

import (
	"context"
	"net/http"
)

// actionsBot is who the job's own token belongs to.
const actionsBot = "github-actions[bot]"

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
		query := map[string]string{"query": "query { viewer { login } }"}
		req, err := c.api.NewRequest(http.MethodPost, c.graphql, query)
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
