package fakegithub

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxTitle is GitHub's limit on the title of an issue, in characters.
const maxTitle = 256

// Issue is an issue of the repository, or a pull request, which GitHub stores and lists
// as an issue.
type Issue struct {
	Number      int
	Author      string
	Title, Body string
	State       string // "open" or "closed"
	Reason      string // "completed" or "not_planned"; "": not closed
	From        Branch // only of a pull request
}

// Issues returns all issues that are not pull requests, oldest first.
func (s *Server) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.issues), Issue.isPull)
}

// Open adds an issue or a pull request, open unless its state is set, and returns its
// number.
func (s *Server) Open(i Issue) int { return s.open(i).Number }

// RemoveIssue deletes an issue, as an administrator may.
func (s *Server) RemoveIssue(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issues = slices.DeleteFunc(s.issues, func(i Issue) bool { return i.Number == number })
}

// Lock prevents new comments on an issue or a pull request.
func (s *Server) Lock(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked = append(s.locked, number)
}

func (s *Server) isLocked(number int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.locked, number)
}

func (s *Server) open(i Issue) Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastNumber++
	i.Number, i.State = s.lastNumber, cmp.Or(i.State, "open")
	s.issues = append(s.issues, i)
	return i
}

// issue returns the issue that a request names, or nil. The caller holds the lock.
func (s *Server) issue(r *http.Request) *Issue {
	number := atoi(r.PathValue("issue_number"), 0)
	at := slices.IndexFunc(s.issues, func(i Issue) bool { return i.Number == number })
	if at < 0 {
		return nil
	}
	return &s.issues[at]
}

func (s *Server) listIssues(r *http.Request) answer {
	creator := r.FormValue("creator")
	return paged(s, r, s.listed(r, func(i Issue) bool {
		return creator == "" || strings.EqualFold(i.Author, creator)
	}), s.issueObject)
}

// listed returns the issues in the state that the request asks for, newest first unless
// it asks for another order.
func (s *Server) listed(r *http.Request, keep func(Issue) bool) []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := cmp.Or(r.FormValue("state"), "open")
	var found []Issue
	for _, i := range s.issues {
		if (state == "all" || state == i.State) && keep(i) {
			found = append(found, i)
		}
	}
	if r.FormValue("direction") != "asc" {
		slices.Reverse(found)
	}
	return found
}

func (s *Server) createIssue(r *http.Request) answer {
	var in struct{ Title, Body string }
	if bad := s.decode(r, &in); bad != nil {
		return *bad
	}
	if bad := unfit(in.Title, in.Body); bad != nil {
		return *bad
	}
	token, _ := s.token(r)
	i := s.open(Issue{Author: token.Login, Title: in.Title, Body: in.Body})
	return answer{status: http.StatusCreated, body: s.issueObject(i)}
}

func (s *Server) updateIssue(r *http.Request) answer {
	var in struct {
		Title, Body, State *string
		Reason             string `json:"state_reason"`
	}
	if bad := s.decode(r, &in); bad != nil {
		return *bad
	}
	updated, bad := s.update(r, func(i *Issue) {
		if in.State != nil && *in.State != i.State { // otherwise GitHub ignores the reason
			i.State, i.Reason = *in.State, in.Reason
		}
		i.Title, i.Body = *cmp.Or(in.Title, &i.Title), *cmp.Or(in.Body, &i.Body)
	})
	if bad != nil {
		return *bad
	}
	return answer{status: http.StatusOK, body: s.issueObject(updated)}
}

// update changes the issue that a request names, if GitHub would allow it.
func (s *Server) update(r *http.Request, change func(*Issue)) (Issue, *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.issue(r)
	if i == nil {
		a := s.missing(r)
		return Issue{}, &a
	}
	updated := *i
	change(&updated)
	bad := unfit(updated.Title, updated.Body)
	if bad == nil {
		*i = updated
	}
	return updated, bad
}

// missing returns GitHub's answer for a deleted number and for one that never existed.
func (s *Server) missing(r *http.Request) answer {
	if atoi(r.PathValue("issue_number"), 0) > s.lastNumber {
		return problem(http.StatusNotFound, "Not Found")
	}
	return problem(http.StatusGone, "This issue was deleted")
}

// unfit returns GitHub's reason for refusing an issue, or nil.
func unfit(title, body string) *answer {
	switch {
	case strings.TrimSpace(title) == "":
		return invalid("Issue", "title", "title can't be blank")
	case utf8.RuneCountInString(title) > maxTitle:
		return invalid("Issue", "title", "title is too long (maximum is 256 characters)")
	case utf8.RuneCountInString(body) > maxBody:
		return invalid("Issue", "body", "body is too long (maximum is 65536 characters)")
	}
	return nil
}
