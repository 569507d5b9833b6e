package gitlab

import (
	"cmp"
	"context"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Review ensures that each remark whose file is in the merge request's diff has one
// unresolved discussion, and that the other discussions of this key are resolved.
//
// It works as forge.KeepReview does, but resolves a discussion instead of removing it,
// because people may have answered there. If the remark comes back, the discussion is
// opened again, unless a person resolved it.
//
// The error is a *forge.Error or the context's. If GitLab refuses remarks, it is the error
// of the first; the others are there.
func (c *Client) Review(ctx context.Context, rv forge.Review) error {
	rv.Remarks = slices.Clone(rv.Remarks)
	for i, remark := range rv.Remarks {
		rv.Remarks[i].Text = quiet(remark.Text)
	}
	about := "discussions on " + c.mergeRequest(rv.PullRequest)
	_, err := within(ctx, c, about, func(ctx context.Context, author string) (any, error) {
		store := discussions{notes: notes{c, rv.PullRequest}, commit: rv.Commit, resolved: map[int64]bool{}}
		return nil, forge.KeepReview(ctx, rv, store, author)
	})
	return err
}

// discussions are the discussions on the files of a merge request.
type discussions struct {
	notes
	commit   string
	resolved map[int64]bool // by first note, as last listed
}

// List returns one discussion per file and key of those that we resolved, and only if no
// other is left: the newest.
func (d discussions) List(ctx context.Context, author string) ([]forge.Sticky, error) {
	all, err := pages(ctx, d.Client, func(page gitlab.ListOptions, option gitlab.RequestOptionFunc) (
		[]*gitlab.Discussion, *gitlab.Response, error,
	) {
		options := &gitlab.ListMergeRequestDiscussionsOptions{ListOptions: page}
		return d.api.Discussions.ListMergeRequestDiscussions(d.project, int64(d.iid), options, option)
	})
	var open, closed []forge.Sticky
	for _, discussion := range all {
		s, ok := d.first(discussion, author)
		switch {
		case !ok:
		case s.Closed:
			closed = append(closed, s)
		default:
			open = append(open, s)
		}
	}
	slices.SortFunc(closed, func(a, b forge.Sticky) int { return cmp.Compare(b.ID, a.ID) })
	for _, s := range closed {
		same := func(o forge.Sticky) bool {
			return o.Path == s.Path && o.Marker.Key == s.Marker.Key && o.Author == s.Author
		}
		if !slices.ContainsFunc(open, same) {
			open = append(open, s)
		}
	}
	return open, err
}

// first returns the note with which a discussion on a file begins, false if it is not
// ours.
func (d discussions) first(discussion *gitlab.Discussion, author string) (forge.Sticky, bool) {
	if len(discussion.Notes) == 0 || discussion.Notes[0] == nil {
		return forge.Sticky{}, false
	}
	note := discussion.Notes[0]
	s, ok := d.sticky(note)
	if !ok || note.Type != gitlab.DiffNote || note.Position == nil {
		return forge.Sticky{}, false
	}
	s.Thread, s.Path = discussion.ID, cmp.Or(note.Position.NewPath, note.Position.OldPath)
	s.Closed = note.Resolved && strings.EqualFold(note.ResolvedBy.Username, author)
	d.resolved[s.ID] = note.Resolved
	return s, true
}

// CreateAll implements forge.ReviewStore. If GitLab refuses a line, because the branch
// was pushed to in the meantime, the discussion is on the file as a whole.
func (d discussions) CreateAll(ctx context.Context, missing []forge.Sticky) (author string, err error) {
	version, err := d.version(ctx, d.iid, d.commit)
	if err != nil || version == nil {
		return "", err
	}
	var refused error
	for _, s := range missing {
		file := slices.IndexFunc(version.Diffs, func(f *gitlab.Diff) bool { return f != nil && f.NewPath == s.Path })
		if file < 0 {
			continue
		}
		var created string
		for _, whole := range []bool{false, true} {
			created, err = d.create(ctx, s, position(version, version.Diffs[file], whole))
			if !badPosition(err) {
				break
			}
		}
		switch {
		case err == nil:
			author = cmp.Or(created, author)
		case badPosition(err):
			refused = cmp.Or(refused, err)
		default:
			return author, err
		}
	}
	return author, refused
}

// create returns the author of the new discussion.
func (d discussions) create(
	ctx context.Context, s forge.Sticky, at *gitlab.PositionOptions,
) (author string, err error) {
	var created *gitlab.Discussion
	err = d.send.Once(ctx, func(ctx context.Context) (err error) {
		options := &gitlab.CreateMergeRequestDiscussionOptions{Body: gitlab.Ptr(s.Body()), Position: at}
		created, _, err = d.api.Discussions.CreateMergeRequestDiscussion(
			d.project, int64(d.iid), options, gitlab.WithContext(ctx))
		return err
	})
	if err != nil || created == nil || len(created.Notes) == 0 || created.Notes[0] == nil {
		return "", err
	}
	return created.Notes[0].Author.Username, nil
}

func (d discussions) Edit(ctx context.Context, old, text forge.Sticky) error {
	err := d.change(ctx, old, &gitlab.UpdateMergeRequestDiscussionNoteOptions{Body: gitlab.Ptr(text.Body())})
	if err != nil || old.Closed == text.Closed {
		return err
	}
	return d.resolve(ctx, old, text.Closed)
}

// Remove resolves a discussion that is not resolved yet.
func (d discussions) Remove(ctx context.Context, old forge.Sticky) error {
	if d.resolved[old.ID] {
		return nil
	}
	return d.resolve(ctx, old, true)
}

// resolve resolves a whole discussion or opens it again. The role Reporter may do so only
// with its own note, which is the same as long as the discussion has no answer.
func (d discussions) resolve(ctx context.Context, old forge.Sticky, resolved bool) error {
	err := d.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := d.api.Discussions.ResolveMergeRequestDiscussion(d.project, int64(d.iid), old.Thread,
			&gitlab.ResolveMergeRequestDiscussionOptions{Resolved: &resolved}, gitlab.WithContext(ctx))
		return err
	})
	if forbidden(err) {
		err = d.change(ctx, old, &gitlab.UpdateMergeRequestDiscussionNoteOptions{Resolved: &resolved})
	}
	return err
}

func (d discussions) change(
	ctx context.Context, old forge.Sticky, options *gitlab.UpdateMergeRequestDiscussionNoteOptions,
) error {
	return d.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := d.api.Discussions.UpdateMergeRequestDiscussionNote(
			d.project, int64(d.iid), old.Thread, old.ID, options, gitlab.WithContext(ctx))
		return err
	})
}
