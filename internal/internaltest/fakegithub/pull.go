package fakegithub

import (
	"net/http"
	"strings"
)

// Branch is the source of a pull request.
type Branch struct {
	Repository string // "owner/name"
	Name, SHA  string
}

// label returns the form in which a list of pull requests is filtered by branch. It does
// not contain the name of the repository.
func (b Branch) label() string {
	owner, _, _ := strings.Cut(b.Repository, "/")
	return owner + ":" + b.Name
}

func (i Issue) isPull() bool { return i.From != Branch{} }

func (s *Server) listPulls(r *http.Request) answer {
	// GitHub ignores a filter that is not owner:branch.
	head := r.FormValue("head")
	owner, branch, _ := strings.Cut(head, ":")
	filtered := owner != "" && branch != ""
	return paged(s, r, s.listed(r, func(i Issue) bool {
		return i.isPull() && (!filtered || strings.EqualFold(head, i.From.label()))
	}), s.pullObject)
}
