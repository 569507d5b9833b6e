package gitlab

import (
	"context"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// ChangedFiles returns the files that a merge request changes, relative to the
// repository, with both names of a renamed one. The error is a *forge.Error or the
// context's.
func (c *Client) ChangedFiles(ctx context.Context, pullRequest int) ([]string, error) {
	about := "read the changed files of " + c.mergeRequest(pullRequest)
	version, err := within(ctx, c, about, func(ctx context.Context, _ string) (*gitlab.MergeRequestDiffVersion, error) {
		return c.version(ctx, pullRequest, "")
	})
	if err != nil || version == nil {
		return nil, err
	}
	var names []string
	for _, file := range version.Diffs {
		if file != nil {
			names = append(names, file.NewPath, file.OldPath)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// version returns the version of the merge request that ends in a commit, or the newest
// one if there is none. It is nil if the merge request has no commit.
func (c *Client) version(ctx context.Context, iid int, commit string) (*gitlab.MergeRequestDiffVersion, error) {
	type version = gitlab.MergeRequestDiffVersion
	all, err := pages(ctx, c, func(page gitlab.ListOptions, option gitlab.RequestOptionFunc) (
		[]*version, *gitlab.Response, error,
	) {
		options := &gitlab.GetMergeRequestDiffVersionsOptions{ListOptions: page}
		return c.api.MergeRequests.GetMergeRequestDiffVersions(c.project, int64(iid), options, option)
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	newest := slices.MaxFunc(all, func(a, b *version) int { return int(a.ID - b.ID) })
	for _, v := range all {
		if v.HeadCommitSHA == commit && (newest.HeadCommitSHA != commit || v.ID > newest.ID) {
			newest = v
		}
	}
	var found *version
	err = c.send.Repeatedly(ctx, func(ctx context.Context) (err error) {
		found, _, err = c.api.MergeRequests.GetSingleMergeRequestDiffVersion(
			c.project, int64(iid), newest.ID, nil, gitlab.WithContext(ctx))
		return err
	})
	return found, err
}

// position returns where a discussion on a file begins: at the first line that the
// merge request adds or, if there is none, at the first that it removes. If GitLab shows
// no lines, or whole is set, it is on the file as a whole.
func position(v *gitlab.MergeRequestDiffVersion, file *gitlab.Diff, whole bool) *gitlab.PositionOptions {
	p := &gitlab.PositionOptions{
		BaseSHA: &v.BaseCommitSHA, StartSHA: &v.StartCommitSHA, HeadSHA: &v.HeadCommitSHA,
		OldPath: &file.OldPath, NewPath: &file.NewPath, PositionType: gitlab.Ptr("file"),
	}
	line, side := forge.FirstChange(file.Diff)
	if line == 0 || whole {
		return p
	}
	p.PositionType = gitlab.Ptr("text")
	if side == forge.Right {
		p.NewLine = gitlab.Ptr(int64(line))
	} else {
		p.OldLine = gitlab.Ptr(int64(line))
	}
	return p
}
