package fakegithub

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBody is GitHub's limit on a comment, in characters.
const maxBody = 65_536

const tooLong = "Body is too long (maximum is 65536 characters)"

// Comment is a comment on a pull request or an issue.
type Comment struct {
	ID          int64
	PullRequest int    // or the issue's number
	Author      string // "": the account was deleted
	Body        string
}

// Comments returns the comments of a pull request or an issue, oldest first.
func (s *Server) Comments(number int) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Comment
	for _, c := range s.comments {
		if c.PullRequest == number {
			found = append(found, c)
		}
	}
	return found
}

// AddComment adds a comment to a pull request and returns its ID.
func (s *Server) AddComment(pullRequest int, author, body string) int64 {
	return s.add(pullRequest, author, body).ID
}

// RemoveComment deletes a comment, as its author or a maintainer may.
func (s *Server) RemoveComment(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comments = slices.DeleteFunc(s.comments, func(c Comment) bool { return c.ID == id })
}

func (s *Server) add(pullRequest int, author, body string) Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	c := Comment{ID: s.lastID, PullRequest: pullRequest, Author: author, Body: body}
	s.comments = append(s.comments, c)
	return c
}

func (s *Server) listComments(r *http.Request) answer {
	number, ok := s.conversation(r)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	return paged(s, r, s.Comments(number), s.object)
}

func (s *Server) createComment(r *http.Request) answer {
	number, ok := s.conversation(r)
	switch {
	case !ok:
		return problem(http.StatusNotFound, "Not Found")
	case s.isLocked(number):
		return problem(http.StatusForbidden, "Unable to create comment because issue is locked.")
	}
	body, bad := s.body(r)
	if bad != nil {
		return *bad
	}
	token, _ := s.token(r)
	return answer{status: http.StatusCreated, body: s.object(s.add(number, token.Login, body))}
}

func (s *Server) updateComment(r *http.Request) answer {
	body, bad := s.body(r)
	if bad != nil {
		return *bad
	}
	c, ok := s.edit(r, body)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	return answer{status: http.StatusOK, body: s.object(c)}
}

func (s *Server) edit(r *http.Request, body string) (Comment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(r)
	if i < 0 {
		return Comment{}, false
	}
	s.comments[i].Body = body
	return s.comments[i], true
}

func (s *Server) deleteComment(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(r)
	if i < 0 {
		return problem(http.StatusNotFound, "Not Found")
	}
	s.comments = slices.Delete(s.comments, i, i+1)
	return answer{status: http.StatusNoContent}
}

// index returns the index of the comment that a request names, or -1.
func (s *Server) index(r *http.Request) int {
	id := r.PathValue("comment_id")
	return slices.IndexFunc(s.comments, func(c Comment) bool { return strconv.FormatInt(c.ID, 10) == id })
}

// conversation returns the issue or pull request that a request names.
func (s *Server) conversation(r *http.Request) (number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.issue(r)
	if i == nil {
		return 0, false
	}
	return i.Number, true
}

// body returns the text of a comment in a request, or GitHub's reason for refusing it.
func (s *Server) body(r *http.Request) (string, *answer) {
	var in struct {
		Body string `json:"body"`
	}
	if bad := s.decode(r, &in); bad != nil {
		return "", bad
	}
	switch {
	case strings.TrimSpace(in.Body) == "":
		return "", invalid("IssueComment", "data", "Body can't be blank")
	case utf8.RuneCountInString(in.Body) > maxBody:
		return "", invalid("IssueComment", "data", tooLong)
	}
	return in.Body, nil
}

// decode reads a request's object. The fake refuses fields that it does not support.
func (s *Server) decode(r *http.Request, in any) *answer {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		a := s.refuse("%s %s: %v", r.Method, r.URL.Path, err)
		return &a
	}
	return nil
}

// invalid returns GitHub's answer to a value that it does not accept.
func invalid(resource, field, complaint string) *answer {
	return &answer{status: http.StatusUnprocessableEntity, body: map[string]any{
		"message":           "Validation Failed",
		"documentation_url": "https://docs.github.com/rest/issues",
		"errors": []any{map[string]any{
			"resource": resource, "code": "unprocessable", "field": field, "message": complaint,
		}},
	}}
}
