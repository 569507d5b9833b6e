package fakegithub

import (
	"fmt"
	"strings"
	"time"
)

// object is a comment as the API gives it.
func (s *Server) object(c Comment) map[string]any {
	web := "https://github.com/" + s.options.Repository
	api := s.URL() + "/repos/" + s.options.Repository
	// Comments are a minute apart, so that equal ones give equal answers.
	created := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC).Add(time.Duration(c.ID) * time.Minute).Format(time.RFC3339)
	return map[string]any{
		"id":                       c.ID,
		"node_id":                  fmt.Sprintf("IC_%d", c.ID),
		"url":                      fmt.Sprintf("%s/issues/comments/%d", api, c.ID),
		"html_url":                 fmt.Sprintf("%s/pull/%d#issuecomment-%d", web, c.PullRequest, c.ID),
		"issue_url":                fmt.Sprintf("%s/issues/%d", api, c.PullRequest),
		"user":                     s.user(c.Author),
		"created_at":               created,
		"updated_at":               created,
		"author_association":       "CONTRIBUTOR",
		"body":                     c.Body,
		"performed_via_github_app": nil,
	}
}

// user is an account as the API gives it, nil for one that was deleted.
func (s *Server) user(login string) any {
	if login == "" {
		return nil
	}
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	api := s.URL() + "/users/" + strings.NewReplacer("[", "%5B", "]", "%5D").Replace(login)
	return map[string]any{
		"login":               login,
		"id":                  41898282,
		"node_id":             "MDM6Qm90NDE4OTgyODI=",
		"avatar_url":          "https://avatars.githubusercontent.com/in/15368?v=4",
		"gravatar_id":         "",
		"url":                 api,
		"html_url":            "https://github.com/apps/github-actions",
		"followers_url":       api + "/followers",
		"following_url":       api + "/following{/other_user}",
		"gists_url":           api + "/gists{/gist_id}",
		"starred_url":         api + "/starred{/owner}{/repo}",
		"subscriptions_url":   api + "/subscriptions",
		"organizations_url":   api + "/orgs",
		"repos_url":           api + "/repos",
		"events_url":          api + "/events{/privacy}",
		"received_events_url": api + "/received_events",
		"type":                kind,
		"site_admin":          false,
	}
}
