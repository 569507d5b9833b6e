package fakegitlab

import (
	"fmt"
	"net/http"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Request is a merge request.
type Request struct {
	IID    int64
	Author string
	Branch string
	SHA    string // of its head
	State  string // "opened", "closed" or "merged"
	Source int64  // the project that it comes from
	Locked bool
}

// File is a file that a merge request changes.
type File struct {
	MergeRequest int64
	Path, Old    string // Old: "" if the file was not renamed
	Patch        string // the hunks
}

// Open adds a merge request, or replaces the one with its number. It is open unless its
// state is set.
func (s *Server) Open(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.State == "" {
		r.State = "opened"
	}
	s.merging = append(slices.DeleteFunc(s.merging, func(o Request) bool { return o.IID == r.IID }), r)
}

// Close closes a merge request.
func (s *Server) Close(iid int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.merging {
		if s.merging[i].IID == iid {
			s.merging[i].State = "closed"
		}
	}
}

// AddFile makes a merge request change a file.
func (s *Server) AddFile(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = append(s.files, f)
}

// request returns the merge request that a request names.
func (s *Server) request(r *http.Request) (Request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.merging, func(m Request) bool { return m.IID == number(r, "iid") })
	if i < 0 {
		return Request{}, false
	}
	return s.merging[i], true
}

func (s *Server) currentUser(_ *http.Request, access Access) answer {
	return answer{status: http.StatusOK, body: gitlab.User{ID: userID(access.User), Username: access.User}}
}

// userID is different for different names.
func userID(name string) int64 {
	id := int64(1)
	for _, c := range name {
		id = id*31%100_003 + int64(c)
	}
	return id
}

func (s *Server) listRequests(r *http.Request, _ Access) answer {
	s.mu.Lock()
	found := slices.DeleteFunc(slices.Clone(s.merging), func(m Request) bool { return m.SHA != r.PathValue("sha") })
	s.mu.Unlock()
	slices.Reverse(found)
	return paged(s, r, found, func(m Request) gitlab.BasicMergeRequest {
		return gitlab.BasicMergeRequest{
			ID: 9000 + m.IID, IID: m.IID, ProjectID: Project, State: m.State, SHA: m.SHA,
			SourceBranch: m.Branch, TargetBranch: "main", SourceProjectID: m.Source, TargetProjectID: Project,
			Author: &gitlab.BasicUser{ID: userID(m.Author), Username: m.Author}, WebURL: s.page(m.IID),
		}
	})
}

func (s *Server) page(iid int64) string {
	return fmt.Sprintf("%s/%s/-/merge_requests/%d", s.ServerURL(), Path, iid)
}

// The versions of a merge request: an earlier one without files, and the newest.
func (s *Server) listVersions(r *http.Request, _ Access) answer {
	m, ok := s.request(r)
	if !ok {
		return notFound
	}
	return paged(s, r, []gitlab.MergeRequestDiffVersion{version(m), {
		ID: 1, MergeRequestID: 9000 + m.IID, HeadCommitSHA: "0ld", BaseCommitSHA: "ba5e", StartCommitSHA: "5tart",
	}}, func(v gitlab.MergeRequestDiffVersion) gitlab.MergeRequestDiffVersion { return v })
}

func version(m Request) gitlab.MergeRequestDiffVersion {
	return gitlab.MergeRequestDiffVersion{
		ID: 2, MergeRequestID: 9000 + m.IID, HeadCommitSHA: m.SHA, BaseCommitSHA: "ba5e", StartCommitSHA: "5tart",
		State: "collected",
	}
}

func (s *Server) getVersion(r *http.Request, _ Access) answer {
	m, ok := s.request(r)
	if !ok || number(r, "version") != 2 {
		return notFound
	}
	v := version(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		if f.MergeRequest != m.IID {
			continue
		}
		d := &gitlab.Diff{NewPath: f.Path, OldPath: f.Path, Diff: f.Patch}
		if f.Old != "" {
			d.OldPath, d.RenamedFile = f.Old, true
		}
		v.Diffs = append(v.Diffs, d)
	}
	return answer{status: http.StatusOK, body: v}
}
