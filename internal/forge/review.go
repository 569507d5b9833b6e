package forge

import (
	"cmp"
	"context"
	"slices"
)

// ReviewStore contains the review comments of a pull request.
type ReviewStore interface {
	Store
	// CreateAll creates comments on those files that are in the diff. It returns their
	// author, or "" if it created none. If the forge refuses some comments, the error is
	// that of the first one, and the other comments exist.
	CreateAll(ctx context.Context, missing []Sticky) (author string, err error)
}

// KeepReview ensures that each remark whose file is in the pull request's diff has one
// review comment, and that no other review comment of this key remains. It leaves the
// review comments of a newer run as they are.
//
// It finds review comments as a Keeper does. It keeps a comment with the same text, and
// edits one with another text in place. It lists the review comments, makes the necessary
// changes and lists them again, as Keeper.Keep does, and creates each file's remark at most
// once.
func KeepReview(ctx context.Context, rv Review, store ReviewStore, author string) error {
	r := review{Review: rv, store: store, marker: Marker{rv.Key, rv.RunID, rv.RunAttempt}}
	newer := func(s Sticky) bool { return s.Marker.Compare(r.marker) > 0 }
	created := map[string]bool{}
	for range mostRounds {
		found, err := r.keeper(Remark{}).find(ctx, author)
		if err != nil {
			return err
		}
		// A newer run may have looked for comments before this run created one, so that
		// duplicates are left to this run, but nothing else.
		superseded, remarks := slices.ContainsFunc(found, newer), rv.Remarks
		if superseded {
			remarks = slices.DeleteFunc(slices.Clone(remarks), func(m Remark) bool { return len(at(found, m.Path)) < 2 })
		}
		missing, changed, err := r.update(ctx, remarks, found)
		if superseded {
			missing = nil
		} else if err == nil {
			err = r.removeOthers(ctx, found)
		}
		if err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, func(s Sticky) bool { return created[s.Path] })
		if len(missing) == 0 && !changed {
			return nil
		}
		for _, s := range missing {
			created[s.Path] = true
		}
		if len(missing) > 0 {
			owner, err := store.CreateAll(ctx, missing)
			if err != nil {
				return err
			}
			author = cmp.Or(owner, author)
		}
	}
	return nil
}

// review is the state while a Review is written.
type review struct {
	Review
	store  ReviewStore
	marker Marker
}

// keeper returns the keeper of the review comment on one file.
func (r review) keeper(m Remark) Keeper {
	return Keeper{Store: r.store, Want: Sticky{Marker: r.marker, Path: m.Path, Text: m.Text}}
}

// update edits the comments of some remarks and removes their duplicates, and returns the
// remarks that have none.
func (r review) update(
	ctx context.Context, remarks []Remark, found []Sticky,
) (missing []Sticky, changed bool, err error) {
	for _, remark := range remarks {
		k := r.keeper(remark)
		next := k.next(at(found, remark.Path))
		switch {
		case next.create:
			missing = append(missing, k.Want)
			continue
		case next.edit.ID != 0:
			err = r.store.Edit(ctx, next.edit, next.to)
			if Gone(err) { // as in Keeper.Keep
				missing, err = append(missing, k.Want), nil
			}
		default:
			err = k.remove(ctx, next.remove)
		}
		if err != nil {
			return nil, false, err
		}
		changed = changed || !next.none()
	}
	return missing, changed, nil
}

// removeOthers removes the comments on files without a remark.
func (r review) removeOthers(ctx context.Context, found []Sticky) error {
	for _, s := range found {
		if s.Closed || slices.ContainsFunc(r.Remarks, func(m Remark) bool { return m.Path == s.Path }) {
			continue
		}
		if err := r.store.Remove(ctx, s); err != nil && !Gone(err) {
			return err
		}
	}
	return nil
}

func at(all []Sticky, path string) []Sticky {
	return slices.DeleteFunc(slices.Clone(all), func(s Sticky) bool { return s.Path != path })
}
