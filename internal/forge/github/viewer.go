package github

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"
)

// actionsBot is the owner of the job's own token.
const actionsBot = "github-actions[bot]"

// viewerPatience limits the query. Its answer is useful, but the comment must not wait for
// it.
const viewerPatience = 5 * time.Second

// viewerOnce keeps the answer for all calls of a client.
type viewerOnce struct {
	mu    sync.Mutex
	login string
}

// viewer returns the login of the token's owner. If GitHub does not report it, the token
// is assumed to be the job's.
func (c *Client) viewer(ctx context.Context) string {
	c.viewerOnce.mu.Lock()
	defer c.viewerOnce.mu.Unlock()
	if c.viewerOnce.login == "" {
		limited, cancel := context.WithTimeout(ctx, viewerPatience)
		defer cancel()
		login := cmp.Or(c.askViewer(limited), actionsBot)
		if ctx.Err() != nil {
			return login
		}
		c.viewerOnce.login = login
	}
	return c.viewerOnce.login
}

// askViewer uses GraphQL, which answers every kind of token; GET /user refuses the token
// of a job. It returns "" if there is no answer.
// https://github.com/marocchino/sticky-pull-request-comment/pull/332
func (c *Client) askViewer(ctx context.Context) string {
	var answer struct {
		Data struct {
			Viewer struct {
				Login string `json:"login"`
			} `json:"viewer"`
		} `json:"data"`
	}
	_ = c.send.Repeatedly(ctx, func(ctx context.Context) error {
		query := map[string]string{"query": "query { viewer { login } }"}
		req, err := c.api.NewRequest(http.MethodPost, c.graphql, query)
		if err != nil {
			return err
		}
		_, err = c.api.Do(ctx, req, &answer)
		return err
	})
	return answer.Data.Viewer.Login
}
