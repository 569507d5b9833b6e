package fakegithub

import (
	"net/http"
	"strings"
)

// Branch is where a pull request comes from.
type Branch struct {
	Repository string // "owner/name"
	Name, SHA  string
}

// label is how a list of pull requests is asked for a branch: the name of the
// repository is no part of it.
func (b Branch) label() string {
	owner, _, _ := strings.Cut(b.Repository, "/")
	return owner + ":" + b.Name
}

func (i Issue) isPull() bool { return i.From != Branch{} }

func (s *Server) listPulls(r *http.Request) answer {
	// GitHub overlooks a filter that is not owner:branch.
	head := r.FormValue("head")
	owner, branch, _ := strings.Cut(head, ":")
	filtered := owner != "" && branch != ""
	return paged(s, r, s.listed(r, func(i Issue) bool {
		return i.isPull() && (!filtered || strings.EqualFold(head, i.From.label()))
	}), s.pullObject)
}
