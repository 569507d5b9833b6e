package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Sticky is a text that begins with our marker: a comment, a check run or an issue.
type Sticky struct {
	ID     int64  // an issue: its number
	Thread string // only of a comment that GitLab keeps in a discussion: the discussion's ID
	URL    string
	Author string
	Marker Marker
	Title  string // only of an issue
	Path   string // only of a review comment: its file
	Text   string
	Closed bool // only of a review comment: we resolved its discussion
}

// Body returns the text with its marker, as the forge stores it.
func (s Sticky) Body() string { return s.Marker.String() + "\n" + s.Text }

// Posted returns the sticky as it is stored now.
func (s Sticky) Posted(id int64, url, author string) Sticky {
	s.ID, s.URL, s.Author = id, url, author
	return s
}

func (s Sticky) is(other Sticky) bool { return s.ID == other.ID }

func (s Sticky) says(other Sticky) bool {
	return s.Title == other.Title && normal(s.Text) == normal(other.Text) && s.Closed == other.Closed
}

func byID(a, b Sticky) int { return cmp.Compare(a.ID, b.ID) }

// ByRun orders stickies by the run that wrote them.
func ByRun(a, b Sticky) int { return cmp.Or(a.Marker.Compare(b.Marker), byID(a, b)) }

// normal removes the invisible differences that an edit in the browser adds.
func normal(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// Store contains the stickies of one kind.
type Store interface {
	// List returns the stickies of all keys. It may leave out those of other authors.
	List(ctx context.Context, author string) ([]Sticky, error)
	// Create is never retried: if its answer was lost, the sticky may exist.
	Create(ctx context.Context, text Sticky) (Sticky, error)
	Edit(ctx context.Context, old, text Sticky) error
	Remove(ctx context.Context, old Sticky) error
}

// Keeper ensures that a store contains one sticky with this key, and with this text or that
// of a newer run.
//
// It finds the sticky by the marker in its first line, by its author and by its key, and
// ignores a marker that another user pasted. It edits the sticky in place, unless the
// text is equal: then the marker still names the run that first wrote the text. If there
// are several, it keeps the oldest, gives it the newest run's text and deletes the
// others. If several runs do so at once, one remains, never none.
type Keeper struct {
	Store      Store
	Want       Sticky
	OnlyUpdate bool // update an existing sticky, but create none
	OnlyNewer  bool // do not update a sticky of the same run
}

// KeeperOf returns the keeper of a comment.
func KeeperOf(cm Comment, store Store) Keeper {
	return Keeper{
		Store:      store,
		Want:       Sticky{Marker: Marker{cm.Key, cm.RunID, cm.RunAttempt}, Text: cm.Body},
		OnlyUpdate: cm.OnlyUpdate, OnlyNewer: cm.OnlyNewer,
	}
}

// find returns the stickies with this key and this author.
func (k Keeper) find(ctx context.Context, author string) ([]Sticky, error) {
	all, err := k.Store.List(ctx, author)
	return slices.DeleteFunc(all, func(s Sticky) bool {
		return s.Marker.Key != k.Want.Marker.Key || !strings.EqualFold(s.Author, author)
	}), err
}

// A step is the next change to a store. The zero value means that none is needed.
type step struct {
	create bool
	edit   Sticky   // before the edit; ID 0: none
	to     Sticky   // after the edit
	remove []Sticky // duplicates
}

func (s step) none() bool { return !s.create && s.edit.ID == 0 && len(s.remove) == 0 }

// next derives the next step from the stickies found. No forge has conditional writes, so
// the rule must hold if several runs follow it at once. The oldest sticky is kept, so a run that saw
// fewer of them never removes it. It gets the newest run's text before the others are
// removed.
func (k Keeper) next(found []Sticky) step {
	if len(found) == 0 {
		return step{create: !k.OnlyUpdate}
	}
	kept, newest, want := slices.MinFunc(found, byID), slices.MaxFunc(found, ByRun), k.Want
	if age := newest.Marker.Compare(want.Marker); age > 0 || age == 0 && k.OnlyNewer {
		want = newest
	}
	alone := len(found) == 1
	switch {
	case !kept.says(want), kept.Marker.Compare(newest.Marker) < 0:
		return step{edit: kept, to: want}
	case !alone:
		return step{remove: slices.DeleteFunc(slices.Clone(found), kept.is)}
	}
	return step{}
}

// mostRounds is more than concurrent runs need, because all write the newest run's text.
const mostRounds = 8

// Keep lists the stickies, takes one step and lists them again, because another run may have
// written in the meantime. It ends when no step is left. If an older run writes after that,
// its text stays until the next run: no text of the newer run is left to compare it with.
//
// If the sticky exists and only the removal of duplicates failed, Posted is set as
// well as the error.
func (k Keeper) Keep(ctx context.Context, author string) (Posted, error) {
	var (
		posted  Posted
		created *Sticky // at most one, because the sticky may exist even if the answer is unusable
		removed = map[int64]bool{}
		edited  = map[int64]Sticky{}
	)
	for range mostRounds {
		found, err := k.find(ctx, author)
		if err != nil {
			return posted, err
		}
		if created != nil && !slices.ContainsFunc(found, created.is) {
			found = append(found, *created) // the list may be out of date
		}
		found = slices.DeleteFunc(found, func(s Sticky) bool { return removed[s.ID] })
		for i, s := range found {
			if to, ok := edited[s.ID]; ok && to.Marker == s.Marker {
				found[i].Title, found[i].Text = to.Title, to.Text // the forge may have changed a character
			}
		}
		switch next := k.next(found); {
		case next.none(), next.create && created != nil:
			return k.outcome(found, posted), nil
		case next.create:
			made, err := k.Store.Create(ctx, k.Want)
			if err != nil {
				return Posted{}, err
			}
			// The answer to a create contains the owner of the token.
			created, author, posted = &made, made.Author, Posted{made.URL, Created}
		case next.edit.ID != 0:
			err := k.Store.Edit(ctx, next.edit, next.to)
			if Gone(err) {
				// Another user deleted it in the meantime. If the 404 hides a missing
				// permission, the create will report that.
				removed[next.edit.ID] = true
				continue
			}
			if err != nil {
				return posted, err
			}
			edited[next.edit.ID] = next.to
			posted = Posted{next.edit.URL, cmp.Or(posted.Outcome, Updated)}
		default:
			if err := k.remove(ctx, next.remove); err != nil {
				return k.outcome(found, posted), err
			}
			for _, s := range next.remove {
				removed[s.ID] = true
			}
		}
	}
	return posted, nil
}

// outcome returns the result for the stickies that exist at the end.
func (k Keeper) outcome(found []Sticky, posted Posted) Posted {
	if len(found) == 0 {
		return Posted{Outcome: Absent}
	}
	posted.URL = slices.MinFunc(found, byID).URL
	if slices.MaxFunc(found, ByRun).Marker.Compare(k.Want.Marker) > 0 {
		posted.Outcome = Newer
	}
	posted.Outcome = cmp.Or(posted.Outcome, Unchanged)
	return posted
}

// remove deletes duplicates. It ignores those that another job deleted first.
func (k Keeper) remove(ctx context.Context, duplicates []Sticky) error {
	var errs []error
	for _, s := range duplicates {
		if err := k.Store.Remove(ctx, s); err != nil && !Gone(err) {
			errs = append(errs, fmt.Errorf("remove the duplicate %s: %w", s.URL, err))
		}
	}
	return errors.Join(errs...)
}
