package fakegithub

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// File is a file that a pull request changes.
type File struct {
	PullRequest int
	Path        string
	Was         string // its path before it was renamed, otherwise ""
	Patch       string // the hunks; "": GitHub shows none
}

// ReviewComment is a comment on a file of a pull request.
type ReviewComment struct {
	ID          int64
	Review      int64 // the review that contained it; 0: none
	PullRequest int
	Author      string
	Path        string
	Line        int    // 0: on the file as a whole
	Side        string // "": on the file as a whole
	Body        string
}

// AddFile adds a file to a pull request's diff, or replaces the one with the same path.
func (s *Server) AddFile(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = append(slices.DeleteFunc(s.files, func(other File) bool {
		return other.PullRequest == f.PullRequest && other.Path == f.Path
	}), f)
}

// ReviewComments returns the review comments of a pull request, oldest first.
func (s *Server) ReviewComments(pullRequest int) []ReviewComment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.remarks), func(c ReviewComment) bool { return c.PullRequest != pullRequest })
}

// AddReviewComment adds a comment on a file and returns its ID.
func (s *Server) AddReviewComment(c ReviewComment) int64 { return s.remark(c).ID }

// RemoveReviewComment deletes a review comment, as its author or a maintainer may.
func (s *Server) RemoveReviewComment(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remarks = slices.DeleteFunc(s.remarks, func(c ReviewComment) bool { return c.ID == id })
}

func (s *Server) remark(c ReviewComment) ReviewComment {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	c.ID = s.lastID
	s.remarks = append(s.remarks, c)
	return c
}

// pull returns the pull request that a request names.
func (s *Server) pull(r *http.Request) (Issue, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := atoi(r.PathValue("pull_number"), 0)
	at := slices.IndexFunc(s.issues, func(i Issue) bool { return i.Number == number && i.isPull() })
	if at < 0 {
		return Issue{}, false
	}
	return s.issues[at], true
}

func (s *Server) listFiles(r *http.Request) answer {
	pull, ok := s.pull(r)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	return paged(s, r, s.filesOf(pull.Number), s.fileObject)
}

func (s *Server) filesOf(pullRequest int) []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.files), func(f File) bool { return f.PullRequest != pullRequest })
}

func (s *Server) listReviewComments(r *http.Request) answer {
	pull, ok := s.pull(r)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	return paged(s, r, s.ReviewComments(pull.Number), s.remarkObject)
}

func (s *Server) createReview(r *http.Request) answer {
	var in struct {
		Commit   string `json:"commit_id"`
		Event    string `json:"event"`
		Comments []struct {
			Path, Body, Side string
			Line             int
		} `json:"comments"`
	}
	if bad := s.decode(r, &in); bad != nil {
		return *bad
	}
	pull, ok := s.pull(r)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	if in.Event != "COMMENT" || len(in.Comments) == 0 {
		return s.refuse("review %q with %d comments", in.Event, len(in.Comments))
	}
	for _, c := range in.Comments {
		if complaint := s.complaint(pull, in.Commit,
			ReviewComment{Path: c.Path, Line: c.Line, Side: c.Side, Body: c.Body}); complaint != "" {
			a := problem(http.StatusUnprocessableEntity, "Unprocessable Entity")
			a.body.(map[string]any)["errors"] = []any{complaint}
			return a
		}
	}
	s.mu.Lock()
	s.lastID++
	review := s.lastID
	s.mu.Unlock()
	token, _ := s.token(r)
	for _, c := range in.Comments {
		s.remark(ReviewComment{
			Review: review, PullRequest: pull.Number, Author: token.Login,
			Path: c.Path, Line: c.Line, Side: c.Side, Body: c.Body,
		})
	}
	o := s.blank("pull-request-review")
	maps.Copy(o, map[string]any{"id": review, "user": s.user(token.Login), "state": "COMMENTED", "commit_id": in.Commit})
	return answer{status: http.StatusOK, body: o}
}

func (s *Server) createReviewComment(r *http.Request) answer {
	var in struct {
		Commit      string `json:"commit_id"`
		SubjectType string `json:"subject_type"`
		Path, Body  string
	}
	if bad := s.decode(r, &in); bad != nil {
		return *bad
	}
	pull, ok := s.pull(r)
	switch {
	case !ok:
		return problem(http.StatusNotFound, "Not Found")
	case in.SubjectType != "file":
		return s.refuse("review comment alone on a %q", in.SubjectType)
	}
	if complaint := s.complaint(pull, in.Commit, ReviewComment{Path: in.Path, Body: in.Body}); complaint != "" {
		return *invalid("PullRequestReviewComment", "path", complaint)
	}
	token, _ := s.token(r)
	c := s.remark(ReviewComment{PullRequest: pull.Number, Author: token.Login, Path: in.Path, Body: in.Body})
	return answer{status: http.StatusCreated, body: s.remarkObject(c)}
}

func (s *Server) updateReviewComment(r *http.Request) answer {
	body, bad := s.body(r)
	if bad != nil {
		return *bad
	}
	c, ok := s.editRemark(r, body)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	return answer{status: http.StatusOK, body: s.remarkObject(c)}
}

func (s *Server) editRemark(r *http.Request, body string) (ReviewComment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.remarkIndex(r)
	if i < 0 {
		return ReviewComment{}, false
	}
	s.remarks[i].Body = body
	return s.remarks[i], true
}

func (s *Server) deleteReviewComment(r *http.Request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.remarkIndex(r)
	if i < 0 {
		return problem(http.StatusNotFound, "Not Found")
	}
	s.remarks = slices.Delete(s.remarks, i, i+1)
	return answer{status: http.StatusNoContent}
}

func (s *Server) remarkIndex(r *http.Request) int {
	id := r.PathValue("comment_id")
	return slices.IndexFunc(s.remarks, func(c ReviewComment) bool { return strconv.FormatInt(c.ID, 10) == id })
}

// complaint returns GitHub's reason for refusing a comment at this position, or "".
func (s *Server) complaint(pull Issue, commit string, c ReviewComment) string {
	files := s.filesOf(pull.Number)
	at := slices.IndexFunc(files, func(f File) bool { return f.Path == c.Path })
	switch {
	case s.isLocked(pull.Number):
		return "lock prevents review"
	case commit != pull.From.SHA:
		return "Commit is not part of the pull request"
	case at < 0:
		return "Path could not be resolved"
	case c.Side != "" && !slices.Contains(shown(files[at].Patch), fmt.Sprint(c.Side, c.Line)):
		return "Line could not be resolved"
	case utf8.RuneCountInString(c.Body) > maxBody:
		return tooLong
	}
	return ""
}

var hunk = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@`)

// shown lists the lines of a patch that can be commented on, such as "RIGHT3".
func shown(patch string) []string {
	var list []string
	left, right := 0, 0
	for _, text := range strings.Split(patch, "\n") {
		if start := hunk.FindStringSubmatch(text); start != nil {
			left, right = atoi(start[1], 0), atoi(start[2], 0)
			continue
		}
		if !strings.HasPrefix(text, "+") && !strings.HasPrefix(text, `\`) {
			list = append(list, fmt.Sprint("LEFT", left))
			left++
		}
		if !strings.HasPrefix(text, "-") && !strings.HasPrefix(text, `\`) {
			list = append(list, fmt.Sprint("RIGHT", right))
			right++
		}
	}
	return list
}

// fileObject returns a file of a diff in the API's format.
func (s *Server) fileObject(f File) map[string]any {
	o := s.blank("diff-entry")
	maps.Copy(o, map[string]any{"filename": f.Path, "status": "modified"})
	if f.Was != "" {
		o["status"], o["previous_filename"] = "renamed", f.Was
	}
	if f.Patch != "" {
		o["patch"] = f.Patch
	}
	return o
}

// remarkObject returns a review comment in the API's format.
func (s *Server) remarkObject(c ReviewComment) map[string]any {
	o := s.blank("pull-request-review-comment")
	maps.Copy(o, map[string]any{
		"id":       c.ID,
		"html_url": fmt.Sprintf("%s#discussion_r%d", s.page(c.PullRequest), c.ID),
		"user":     s.user(c.Author),
		"path":     c.Path,
		"body":     c.Body,
	})
	if c.Line > 0 {
		o["line"], o["side"] = c.Line, c.Side
	}
	return o
}
