package fakegitlab

import (
	"net/http"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

func (s *Server) listDiscussions(r *http.Request, _ Access) answer {
	m, ok := s.request(r)
	if !ok {
		return notFound
	}
	var all []gitlab.Discussion
	for _, n := range s.find(func(n Note) bool { return n.MergeRequest == m.IID }) {
		i := slices.IndexFunc(all, func(d gitlab.Discussion) bool { return d.ID == n.Discussion })
		if i < 0 {
			all = append(all, gitlab.Discussion{ID: n.Discussion, IndividualNote: n.Position == nil})
			i = len(all) - 1
		}
		o := s.object(n)
		all[i].Notes = append(all[i].Notes, &o)
	}
	return paged(s, r, all, func(d gitlab.Discussion) gitlab.Discussion { return d })
}

// unclear is GitLab's answer to a line that is not in the diff.
var unclear = answer{status: http.StatusBadRequest, body: map[string]any{
	"message": `400 Bad request - Note {:line_code=>["can't be blank", "must be a valid line code"]}`,
}}

func (s *Server) createDiscussion(r *http.Request, access Access) answer {
	m, ok := s.request(r)
	if !ok {
		return notFound
	}
	var in gitlab.CreateMergeRequestDiscussionOptions
	if bad := s.decode(r, &in, "body", "position"); bad != nil {
		return *bad
	}
	if bad := s.body(in.Body); bad != nil {
		return *bad
	}
	p := in.Position
	if p == nil || p.BaseSHA == nil || p.StartSHA == nil || p.HeadSHA == nil || p.PositionType == nil ||
		p.NewPath == nil || p.OldPath == nil {
		return s.refuse("a discussion without the whole of its position: %+v", p)
	}
	at := gitlab.NotePosition{
		BaseSHA: *p.BaseSHA, StartSHA: *p.StartSHA, HeadSHA: *p.HeadSHA, PositionType: *p.PositionType,
		NewPath: *p.NewPath, OldPath: *p.OldPath,
	}
	lines := p.NewLine != nil || p.OldLine != nil
	switch {
	case !s.changes(m.IID, at.NewPath) || at.HeadSHA != m.SHA:
		return unclear
	case at.PositionType == "text" && !lines, at.PositionType == "file" && lines:
		return s.refuse("a position of the type %q, with a line: %t", at.PositionType, lines)
	case p.NewLine != nil:
		at.NewLine = *p.NewLine
	case p.OldLine != nil:
		at.OldLine = *p.OldLine
	}
	n := s.add(Note{MergeRequest: m.IID, Author: access.User, Body: *in.Body, Position: &at})
	o := s.object(n)
	return answer{status: http.StatusCreated, body: gitlab.Discussion{ID: n.Discussion, Notes: []*gitlab.Note{&o}}}
}

func (s *Server) changes(iid int64, path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.files, func(f File) bool { return f.MergeRequest == iid && f.Path == path })
}

// resolveDiscussion takes the role Developer, except from the author of the merge
// request.
func (s *Server) resolveDiscussion(r *http.Request, access Access) answer {
	m, ok := s.request(r)
	id := r.PathValue("discussion")
	var in gitlab.ResolveMergeRequestDiscussionOptions
	if bad := s.decode(r, &in, "resolved"); bad != nil {
		return *bad
	}
	notes := s.find(func(n Note) bool { return n.Discussion == id })
	switch {
	case !ok || len(notes) == 0:
		return notFound
	case access.Role < Developer && access.User != m.Author:
		return answer{status: http.StatusForbidden, body: message("403 Forbidden")}
	case in.Resolved == nil:
		return s.refuse("resolve without a value")
	}
	s.Resolve(id, map[bool]string{true: access.User}[*in.Resolved])
	return answer{status: http.StatusOK, body: gitlab.Discussion{ID: id}}
}

// updateDiscussionNote takes either a text or whether the note is resolved.
func (s *Server) updateDiscussionNote(r *http.Request, access Access) answer {
	var in gitlab.UpdateMergeRequestDiscussionNoteOptions
	if bad := s.decode(r, &in, "body", "resolved"); bad != nil {
		return *bad
	}
	if (in.Body == nil) == (in.Resolved == nil) {
		return s.refuse("a note's change needs either a body or resolved")
	}
	if in.Resolved != nil {
		by := map[bool]string{true: access.User}[*in.Resolved]
		return s.change(r, access, func(n *Note) { n.ResolvedBy = by })
	}
	if bad := s.body(in.Body); bad != nil {
		return *bad
	}
	return s.change(r, access, func(n *Note) { n.Body = *in.Body })
}
