package fakegithub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxBody is GitHub's limit on a comment, in characters.
const maxBody = 65_536

// Comment is a comment on a pull request.
type Comment struct {
	ID          int64
	PullRequest int
	Author      string // "": the account was deleted
	Body        string
}

// Comments returns the comments of a pull request, oldest first.
func (s *Server) Comments(pullRequest int) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Comment
	for _, c := range s.comments {
		if c.PullRequest == pullRequest {
			found = append(found, c)
		}
	}
	return found
}

// AddComment puts a comment on a pull request and returns its ID.
func (s *Server) AddComment(pullRequest int, author, body string) int64 {
	return s.add(pullRequest, author, body).ID
}

// RemoveComment takes a comment away, as its author or a maintainer may.
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
	number, ok := s.pullRequest(r)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	all := s.Comments(number)
	size := min(100, atoi(r.FormValue("per_page"), 30))
	page := atoi(r.FormValue("page"), 1)
	from, to := min(len(all), (page-1)*size), min(len(all), page*size)

	objects := []any{}
	for _, c := range all[from:to] {
		objects = append(objects, s.object(c))
	}
	a := answer{status: http.StatusOK, body: objects}
	if last := (len(all) + size - 1) / size; last > 1 {
		a.header = http.Header{"Link": {s.links(r, page, last)}}
	}
	return a
}

// links is the Link header by which GitHub names the other pages.
func (s *Server) links(r *http.Request, page, last int) string {
	link := func(page int, rel string) string {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(page))
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, s.URL(), r.URL.Path, q.Encode(), rel)
	}
	var links []string
	if page > 1 {
		links = append(links, link(page-1, "prev"))
	}
	if page < last {
		links = append(links, link(page+1, "next"), link(last, "last"))
	}
	if page > 1 {
		links = append(links, link(1, "first"))
	}
	return strings.Join(links, ", ")
}

func (s *Server) createComment(r *http.Request) answer {
	number, ok := s.pullRequest(r)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
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
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(r)
	if i < 0 {
		return problem(http.StatusNotFound, "Not Found")
	}
	s.comments[i].Body = body
	return answer{status: http.StatusOK, body: s.object(s.comments[i])}
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

// index finds the comment that a request names; -1: there is none.
func (s *Server) index(r *http.Request) int {
	id := r.PathValue("comment_id")
	return slices.IndexFunc(s.comments, func(c Comment) bool { return strconv.FormatInt(c.ID, 10) == id })
}

func (s *Server) pullRequest(r *http.Request) (int, bool) {
	number := atoi(r.PathValue("issue_number"), 0)
	return number, slices.Contains(s.options.PullRequests, number)
}

// body reads what a comment shall say, or says why GitHub would not take it.
func (s *Server) body(r *http.Request) (string, *answer) {
	var in struct {
		Body string `json:"body"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		a := s.refuse("%s %s: %v", r.Method, r.URL.Path, err)
		return "", &a
	}
	var complaint string
	switch {
	case strings.TrimSpace(in.Body) == "":
		complaint = "Body can't be blank"
	case utf8.RuneCountInString(in.Body) > maxBody:
		complaint = fmt.Sprintf("Body is too long (maximum is %d characters)", maxBody)
	default:
		return in.Body, nil
	}
	return "", &answer{status: http.StatusUnprocessableEntity, body: map[string]any{
		"message":           "Validation Failed",
		"documentation_url": "https://docs.github.com/rest/issues/comments#create-an-issue-comment",
		"errors": []any{map[string]any{
			"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": complaint,
		}},
	}}
}

// atoi reads a positive number, or falls back where there is none.
func atoi(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return fallback
}
