package fakegitlab

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// maxNote is GitLab's limit on a note, in characters.
const maxNote = 1_000_000

// Note is a note on a merge request or an issue.
type Note struct {
	ID           int64
	MergeRequest int64 // 0: on an issue
	Issue        int64
	Author, Body string
	System       bool

	Discussion string // the ID of its discussion
	Position   *gitlab.NotePosition
	ResolvedBy string // "": not resolved
}

// Notes returns the notes of a merge request that are on no file, oldest first.
func (s *Server) Notes(iid int64) []Note {
	return s.find(func(n Note) bool { return n.MergeRequest == iid && n.Position == nil })
}

// Discussions returns the notes with which the discussions on a merge request's files
// begin, oldest first.
func (s *Server) Discussions(iid int64) []Note {
	seen := map[string]bool{}
	return s.find(func(n Note) bool {
		first := n.MergeRequest == iid && n.Position != nil && !seen[n.Discussion]
		seen[n.Discussion] = true
		return first
	})
}

// IssueNotes returns the notes of an issue, oldest first.
func (s *Server) IssueNotes(iid int64) []Note {
	return s.find(func(n Note) bool { return n.Issue == iid })
}

func (s *Server) find(is func(Note) bool) []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Note
	for _, n := range s.notes {
		if is(n) {
			found = append(found, n)
		}
	}
	return found
}

// AddNote adds a note and returns its ID.
func (s *Server) AddNote(n Note) int64 { return s.add(n).ID }

// RemoveNote deletes a note, as its author or a maintainer may.
func (s *Server) RemoveNote(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = slices.DeleteFunc(s.notes, func(n Note) bool { return n.ID == id })
}

// Resolve resolves or opens a discussion in a person's name.
func (s *Server) Resolve(discussion, by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.notes {
		if s.notes[i].Discussion == discussion {
			s.notes[i].ResolvedBy = by
		}
	}
}

func (s *Server) add(n Note) Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	n.ID = s.lastID
	if n.Discussion == "" {
		n.Discussion = fmt.Sprintf("%040x", n.ID)
	}
	s.notes = append(s.notes, n)
	return n
}

// object returns a note in the API's format.
func (s *Server) object(n Note) gitlab.Note {
	o := gitlab.Note{
		ID: n.ID, Body: n.Body, System: n.System, ProjectID: Project, NoteableIID: n.MergeRequest, NoteableType: "MergeRequest",
		Author: gitlab.NoteAuthor{ID: userID(n.Author), Username: n.Author},
	}
	if n.Position != nil {
		o.Type, o.Position, o.Resolvable, o.Resolved = gitlab.DiffNote, n.Position, true, n.ResolvedBy != ""
		o.ResolvedBy.Username = n.ResolvedBy
	}
	return o
}

func (s *Server) listNotes(r *http.Request, _ Access) answer {
	m, ok := s.request(r)
	if !ok {
		return notFound
	}
	all := s.find(func(n Note) bool { return n.MergeRequest == m.IID }) // those on files as well
	if r.FormValue("sort") != "asc" {
		slices.Reverse(all)
	}
	return paged(s, r, all, s.object)
}

// command matches a quick action, which GitLab carries out.
var command = regexp.MustCompile(`(?m)^/\w`)

// body checks the text of a note as GitLab does, and that it contains no quick action.
func (s *Server) body(text *string) *answer {
	switch {
	case text == nil:
		return &answer{status: http.StatusBadRequest, body: map[string]string{"error": "body is missing"}}
	case command.MatchString(*text):
		a := s.refuse("the note has a quick action: %s", command.FindString(*text))
		return &a
	case strings.TrimSpace(*text) == "":
		return &answer{status: http.StatusBadRequest, body: message(`400 Bad request - Note {:note=>["can't be blank"]}`)}
	case utf8.RuneCountInString(*text) > maxNote:
		return &answer{status: http.StatusBadRequest, body: message(
			`400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}`)}
	}
	return nil
}

func (s *Server) createNote(r *http.Request, access Access) answer {
	m, ok := s.request(r)
	switch {
	case !ok:
		return notFound
	case m.Locked:
		return answer{status: http.StatusForbidden, body: message("403 Forbidden")}
	}
	var in gitlab.CreateMergeRequestNoteOptions
	if bad := s.decode(r, &in, "body"); bad != nil {
		return *bad
	}
	if bad := s.body(in.Body); bad != nil {
		return *bad
	}
	n := s.add(Note{MergeRequest: m.IID, Author: access.User, Body: *in.Body})
	return answer{status: http.StatusCreated, body: s.object(n)}
}

func (s *Server) updateNote(r *http.Request, access Access) answer {
	var in gitlab.UpdateMergeRequestNoteOptions
	if bad := s.decode(r, &in, "body"); bad != nil {
		return *bad
	}
	if bad := s.body(in.Body); bad != nil {
		return *bad
	}
	return s.change(r, access, func(n *Note) { n.Body = *in.Body })
}

// change edits the note that a request names, which only its author may.
func (s *Server) change(r *http.Request, access Access, edit func(*Note)) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.notes, func(n Note) bool {
		return strconv.FormatInt(n.ID, 10) == r.PathValue("note") && n.MergeRequest == number(r, "iid")
	})
	switch {
	case i < 0:
		return notFound
	case s.notes[i].Author != access.User:
		return answer{status: http.StatusForbidden, body: message("403 Forbidden")}
	}
	edit(&s.notes[i])
	return answer{status: http.StatusOK, body: s.object(s.notes[i])}
}

func (s *Server) deleteNote(r *http.Request, access Access) answer {
	a := s.change(r, access, func(n *Note) { n.Body = "" })
	if a.status != http.StatusOK {
		return a
	}
	s.RemoveNote(number(r, "note"))
	return answer{status: http.StatusNoContent}
}
