package fakegitlab

import (
	"fmt"
	"net/http"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Issue is an issue of the project.
type Issue struct {
	IID                int64
	Author             string
	Title, Description string
	State              string // "opened" or "closed"
}

// Issues returns all issues, oldest first.
func (s *Server) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issues)
}

// AddIssue adds an open issue and returns its number.
func (s *Server) AddIssue(i Issue) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	i.IID, i.State = int64(len(s.issues)+1), "opened"
	s.issues = append(s.issues, i)
	return i.IID
}

func (s *Server) issueObject(i Issue) gitlab.Issue {
	return gitlab.Issue{
		ID: 5000 + i.IID, IID: i.IID, ProjectID: Project, Title: i.Title, Description: i.Description, State: i.State,
		Author: &gitlab.IssueAuthor{ID: userID(i.Author), Username: i.Author},
		WebURL: fmt.Sprintf("%s/%s/-/issues/%d", s.ServerURL(), Path, i.IID),
	}
}

func (s *Server) listIssues(r *http.Request, _ Access) answer {
	found := slices.DeleteFunc(s.Issues(), func(i Issue) bool {
		return r.FormValue("state") != i.State || r.FormValue("author_username") != i.Author
	})
	return paged(s, r, found, s.issueObject)
}

func (s *Server) createIssue(r *http.Request, access Access) answer {
	var in gitlab.CreateIssueOptions
	if bad := s.decode(r, &in, "title", "description"); bad != nil {
		return *bad
	}
	if bad := s.body(in.Description); bad != nil {
		return *bad
	}
	iid := s.AddIssue(Issue{Author: access.User, Title: *in.Title, Description: *in.Description})
	return answer{status: http.StatusCreated, body: s.issueObject(s.Issues()[iid-1])}
}

func (s *Server) updateIssue(r *http.Request, _ Access) answer {
	var in gitlab.UpdateIssueOptions
	if bad := s.decode(r, &in, "title", "description", "state_event"); bad != nil {
		return *bad
	}
	if in.Description != nil {
		if bad := s.body(in.Description); bad != nil {
			return *bad
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.issues, func(i Issue) bool { return i.IID == number(r, "iid") })
	if i < 0 {
		return notFound
	}
	issue := &s.issues[i]
	if in.Title != nil {
		issue.Title = *in.Title
	}
	if in.Description != nil {
		issue.Description = *in.Description
	}
	if in.StateEvent != nil && *in.StateEvent == "close" {
		issue.State = "closed"
	}
	return answer{status: http.StatusOK, body: s.issueObject(*issue)}
}

func (s *Server) createIssueNote(r *http.Request, access Access) answer {
	var in gitlab.CreateIssueNoteOptions
	if bad := s.decode(r, &in, "body"); bad != nil {
		return *bad
	}
	if bad := s.body(in.Body); bad != nil {
		return *bad
	}
	n := s.add(Note{Issue: number(r, "iid"), Author: access.User, Body: *in.Body})
	return answer{status: http.StatusCreated, body: s.object(n)}
}
