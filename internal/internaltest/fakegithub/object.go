package fakegithub

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// page returns the address of an issue or a pull request.
func (s *Server) page(number int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "issues"
	if slices.ContainsFunc(s.issues, func(i Issue) bool { return i.Number == number && i.isPull() }) {
		kind = "pull"
	}
	return fmt.Sprintf("https://github.com/%s/%s/%d", s.options.Repository, kind, number)
}

// issueObject returns an issue in the API's format.
func (s *Server) issueObject(i Issue) map[string]any {
	o := s.blank("issue")
	maps.Copy(o, map[string]any{
		"id":           9000 + i.Number,
		"number":       i.Number,
		"html_url":     s.page(i.Number),
		"user":         s.user(i.Author),
		"title":        i.Title,
		"body":         i.Body,
		"state":        i.State,
		"state_reason": nil,
	})
	if i.Reason != "" {
		o["state_reason"] = i.Reason
	}
	if i.isPull() {
		o["pull_request"] = map[string]any{
			"url": s.page(i.Number), "html_url": s.page(i.Number), "diff_url": nil, "patch_url": nil,
		}
	}
	return o
}

// pullObject returns a pull request in the format of the API's list.
func (s *Server) pullObject(i Issue) map[string]any {
	o := s.blank("pull-request-simple")
	maps.Copy(o, map[string]any{
		"id":       9000 + i.Number,
		"number":   i.Number,
		"html_url": s.page(i.Number),
		"user":     s.user(i.Author),
		"title":    i.Title,
		"body":     i.Body,
		"state":    i.State,
	})
	head := inner(o, "head")
	inner(head, "repo")["full_name"] = i.From.Repository
	head["label"], head["ref"], head["sha"] = i.From.label(), i.From.Name, i.From.SHA
	return o
}

// inner returns the object of that name in o. It adds one if o has none, as without the
// description.
func inner(o map[string]any, name string) map[string]any {
	m, ok := o[name].(map[string]any)
	if !ok {
		m = map[string]any{}
		o[name] = m
	}
	return m
}

// blank returns an object with all fields that the description requires of this kind, all
// of them empty.
func (s *Server) blank(kind string) map[string]any {
	if s.description == nil {
		return map[string]any{}
	}
	o, _ := blank(s.description.Components.Schemas[kind].Value).(map[string]any)
	return o
}

func blank(schema *openapi3.Schema) any {
	switch {
	case schema.Nullable:
		return nil
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Is("object"):
		o := map[string]any{}
		for _, name := range schema.Required {
			o[name] = blank(schema.Properties[name].Value)
		}
		return o
	case schema.Type.Is("array"):
		return []any{}
	case schema.Type.Is("integer"):
		return 0
	case schema.Type.Is("boolean"):
		return false
	case schema.Format == "date-time":
		return "2026-01-02T03:00:00Z"
	default:
		return ""
	}
}

// object returns a comment in the API's format.
func (s *Server) object(c Comment) map[string]any {
	api := s.URL() + "/repos/" + s.options.Repository
	// Comments are a minute apart, so that equal ones give equal answers.
	created := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC).Add(time.Duration(c.ID) * time.Minute).Format(time.RFC3339)
	return map[string]any{
		"id":                       c.ID,
		"node_id":                  fmt.Sprintf("IC_%d", c.ID),
		"url":                      fmt.Sprintf("%s/issues/comments/%d", api, c.ID),
		"html_url":                 fmt.Sprintf("%s#issuecomment-%d", s.page(c.PullRequest), c.ID),
		"issue_url":                fmt.Sprintf("%s/issues/%d", api, c.PullRequest),
		"user":                     s.user(c.Author),
		"created_at":               created,
		"updated_at":               created,
		"author_association":       "CONTRIBUTOR",
		"body":                     c.Body,
		"performed_via_github_app": nil,
	}
}

// user returns an account in the API's format, or nil for a deleted one.
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
