package forge

import (
	"context"
	"errors"
	"slices"
)

// IssueStore contains the open issues of a repository. Remove closes an issue as a
// duplicate.
type IssueStore interface {
	Store
	Close(ctx context.Context, issue Sticky) error
	Say(ctx context.Context, issue Sticky, text string) error // adds a comment
}

// KeepIssue ensures that the repository has one open issue of this key while gates are
// breached, and none when they are clean.
//
// It finds the issue as a Keeper does, among the open ones. A breach opens an issue or
// edits it in place. A clean run closes it and then adds a comment. A newer run's issue
// stays as it is. A closed issue is never reopened: a later breach opens another one. If
// there are several, the oldest is kept and the others are closed.
//
// If the issue is up to date and only the comment or the closing of others failed,
// Posted is set as well as the error.
func KeepIssue(ctx context.Context, is Issue, store IssueStore, author string) (Posted, error) {
	k := Keeper{
		Store: store,
		Want:  Sticky{Marker: Marker{is.Key, is.RunID, is.RunAttempt}, Title: is.Title, Text: is.Body},
	}
	if is.Breached {
		return k.Keep(ctx, author)
	}
	found, err := k.find(ctx, author)
	if err != nil || len(found) == 0 {
		return Posted{Outcome: Absent}, err
	}
	oldest, newest := slices.MinFunc(found, byID), slices.MaxFunc(found, ByRun)
	if newest.Marker.Compare(k.Want.Marker) > 0 {
		return Posted{newest.URL, Newer}, nil
	}
	if err := store.Close(ctx, oldest); err != nil {
		return Posted{}, err
	}
	// The comment follows the close: otherwise the next run could find the issue open and
	// comment again.
	duplicates := slices.DeleteFunc(found, oldest.is)
	return Posted{oldest.URL, Closed}, errors.Join(store.Say(ctx, oldest, is.Body), k.remove(ctx, duplicates))
}
