package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Comment ensures that the merge request has one note of this key, with this text or
// with that of a newer run.
//
// It finds and keeps the note as forge.Keeper does. A create is never retried: if its
// answer was lost, the note may exist. Comment waits for a rate limit if that takes less
// than a minute. It writes to a closed merge request too.
//
// The error is a *forge.Error or the context's. If the note is there and only the removal
// of duplicates failed, Posted is set as well.
func (c *Client) Comment(ctx context.Context, cm forge.Comment) (forge.Posted, error) {
	cm.Body = quiet(cm.Body)
	about := "note on " + c.mergeRequest(cm.PullRequest)
	return within(ctx, c, about, func(ctx context.Context, author string) (forge.Posted, error) {
		return forge.KeeperOf(cm, notes{c, cm.PullRequest}).Keep(ctx, author)
	})
}

// notes are the notes of a merge request that are on no file.
type notes struct {
	*Client
	iid int
}

// oldestFirst is the order of a list whose pages do not move when an entry is added.
var oldestFirst = struct{ by, sort string }{"created_at", "asc"}

func (n notes) List(ctx context.Context, _ string) ([]forge.Sticky, error) {
	type list = gitlab.ListMergeRequestNotesOptions
	all, err := pages(ctx, n.Client, func(page gitlab.ListOptions, option gitlab.RequestOptionFunc) (
		[]*gitlab.Note, *gitlab.Response, error,
	) {
		options := &list{ListOptions: page, OrderBy: &oldestFirst.by, Sort: &oldestFirst.sort}
		return n.api.Notes.ListMergeRequestNotes(n.project, int64(n.iid), options, option)
	})
	var found []forge.Sticky
	for _, note := range all {
		if s, ok := n.sticky(note); ok && note.Type != gitlab.DiffNote {
			found = append(found, s)
		}
	}
	return found, err
}

// sticky returns false for a note that does not begin with our marker.
func (n notes) sticky(note *gitlab.Note) (forge.Sticky, bool) {
	m, text, ok := forge.Split(note.Body)
	return forge.Sticky{
		ID: note.ID, URL: n.noteURL(n.iid, note.ID), Author: note.Author.Username, Marker: m, Text: text,
	}, ok && !note.System
}

func (n notes) Create(ctx context.Context, text forge.Sticky) (forge.Sticky, error) {
	var created *gitlab.Note
	err := n.send.Once(ctx, func(ctx context.Context) (err error) {
		options := &gitlab.CreateMergeRequestNoteOptions{Body: gitlab.Ptr(text.Body())}
		created, _, err = n.api.Notes.CreateMergeRequestNote(n.project, int64(n.iid), options, gitlab.WithContext(ctx))
		return err
	})
	if err != nil || created == nil {
		return text, err
	}
	return text.Posted(created.ID, n.noteURL(n.iid, created.ID), created.Author.Username), nil
}

func (n notes) Edit(ctx context.Context, old, text forge.Sticky) error {
	return n.send.Repeatedly(ctx, func(ctx context.Context) error {
		options := &gitlab.UpdateMergeRequestNoteOptions{Body: gitlab.Ptr(text.Body())}
		_, _, err := n.api.Notes.UpdateMergeRequestNote(n.project, int64(n.iid), old.ID, options, gitlab.WithContext(ctx))
		return err
	})
}

func (n notes) Remove(ctx context.Context, old forge.Sticky) error {
	return n.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, err := n.api.Notes.DeleteMergeRequestNote(n.project, int64(n.iid), old.ID, gitlab.WithContext(ctx))
		return err
	})
}

// OpenPullRequest returns the number of the open merge request from this branch of the
// project whose head is this commit; if there are several, the oldest. ok is false if
// there is none, also if the branch has moved on: then the newer push has a pipeline of
// its own.
//
// The error is a *forge.Error or the context's.
func (c *Client) OpenPullRequest(ctx context.Context, head forge.Head) (number int, ok bool, err error) {
	about := fmt.Sprintf("find the merge request of branch %q in %s", head.Branch, c.path)
	type found = []*gitlab.BasicMergeRequest
	all, err := within(ctx, c, about, func(ctx context.Context, _ string) (all found, err error) {
		return all, c.send.Repeatedly(ctx, func(ctx context.Context) (err error) {
			all, _, err = c.api.Commits.ListMergeRequestsByCommit(c.project, head.SHA, gitlab.WithContext(ctx))
			return err
		})
	})
	all = there(all)
	slices.SortFunc(all, func(a, b *gitlab.BasicMergeRequest) int { return cmp.Compare(a.IID, b.IID) })
	for _, mr := range all {
		if mr.State == "opened" && mr.SHA == head.SHA && mr.SourceBranch == head.Branch && mr.SourceProjectID == c.project {
			return int(mr.IID), true, err
		}
	}
	return 0, false, err
}
