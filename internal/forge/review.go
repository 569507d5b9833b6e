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
		r.superseded = slices.ContainsFunc(found, newer)
		missing, changed, err := r.update(ctx, found)
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
	// superseded means that a newer run has written comments. It may have looked for others
	// before this run created one, so that duplicates are left to this run.
	superseded bool
}

// keeper returns the keeper of the review comment on one file.
func (r review) keeper(m Remark) Keeper {
	return Keeper{Store: r.store, Want: Sticky{Marker: r.marker, Path: m.Path, Text: m.Text}}
}

// update edits and removes existing comments, and returns the remarks that have none.
func (r review) update(ctx context.Context, found []Sticky) (missing []Sticky, changed bool, err error) {
	for _, remark := range r.Remarks {
		k, there := r.keeper(remark), at(found, remark.Path)
		if r.superseded && len(there) < 2 {
			continue
		}
		next := k.next(there)
		switch {
		case next.create:
			missing = append(missing, k.Want)
			continue
		case next.edit.ID != 0:
			err = r.store.Edit(ctx, next.edit, next.to)
			if Gone(err) { // as in Keeper.Keep
				err = nil
				if !r.superseded {
					missing = append(missing, k.Want)
				}
			}
		default:
			err = k.remove(ctx, next.remove)
		}
		if err != nil {
			return nil, false, err
		}
		changed = changed || !next.none()
	}
	for _, s := range found {
		if r.superseded || s.Closed || slices.ContainsFunc(r.Remarks, func(m Remark) bool { return m.Path == s.Path }) {
			continue
		}
		if err := r.store.Remove(ctx, s); err != nil && !Gone(err) {
			return nil, false, err
		}
	}
	return missing, changed, nil
}

func at(all []Sticky, path string) []Sticky {
	return slices.DeleteFunc(slices.Clone(all), func(s Sticky) bool { return s.Path != path })
}
