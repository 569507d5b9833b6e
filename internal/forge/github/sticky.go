package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// sticky is a text that begins with our marker: a comment, a check run or an issue.
type sticky struct {
	id     int64 // an issue: its number
	url    string
	author string
	marker marker
	title  string // only of an issue
	path   string // only of a review comment: its file
	text   string
}

func (s sticky) is(other sticky) bool { return s.id == other.id }

func (s sticky) says(other sticky) bool {
	return s.title == other.title && normal(s.text) == normal(other.text)
}

// posted returns the sticky as it is stored at GitHub now.
func (s sticky) posted(id int64, url string, author *github.User) sticky {
	s.id, s.url, s.author = id, url, author.GetLogin()
	return s
}

func (s sticky) body() *string { return github.String(s.marker.String() + "\n" + s.text) }

func byID(a, b sticky) int { return cmp.Compare(a.id, b.id) }

func byRun(a, b sticky) int { return cmp.Or(a.marker.compare(b.marker), byID(a, b)) }

// normal removes the differences that an edit in the browser adds unseen.
func normal(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// store contains the stickies of one kind.
type store interface {
	// list returns the stickies of all keys. It may leave out those of other authors.
	list(ctx context.Context, author string) ([]sticky, error)
	// create is never retried: if its answer was lost, the sticky may exist.
	create(ctx context.Context, text sticky) (sticky, error)
	edit(ctx context.Context, id int64, text sticky) error
	remove(ctx context.Context, id int64) error
}

// keeper ensures that a store has one sticky of the wanted key, with the wanted text or
// with that of a newer run.
type keeper struct {
	store      store
	want       sticky
	onlyUpdate bool // if there is none yet, create none
	onlyNewer  bool // if there is one of this very run, leave it
}

// find returns the stickies of the wanted key and this author.
func (k keeper) find(ctx context.Context, author string) ([]sticky, error) {
	all, err := k.store.list(ctx, author)
	return slices.DeleteFunc(all, func(s sticky) bool {
		return s.marker.Key != k.want.marker.Key || !strings.EqualFold(s.author, author)
	}), err
}

// A step is the next thing to do in a store. The zero value means nothing.
type step struct {
	create bool
	edit   sticky   // before the edit; id 0: none
	to     sticky   // after the edit
	remove []sticky // duplicates
}

func (s step) none() bool { return !s.create && s.edit.id == 0 && len(s.remove) == 0 }

// next decides from what was found. GitHub has no conditional write, so the rule must
// hold if several runs follow it at once. The oldest sticky is kept, so a run that saw
// fewer of them never removes it. It gets the newest run's text before the others are
// removed.
func (k keeper) next(found []sticky) step {
	if len(found) == 0 {
		return step{create: !k.onlyUpdate}
	}
	kept, newest, want := slices.MinFunc(found, byID), slices.MaxFunc(found, byRun), k.want
	if age := newest.marker.compare(want.marker); age > 0 || age == 0 && k.onlyNewer {
		want = newest
	}
	alone := len(found) == 1
	switch {
	case !kept.says(want), kept.marker.compare(newest.marker) < 0:
		return step{edit: kept, to: want}
	case !alone:
		return step{remove: slices.DeleteFunc(slices.Clone(found), kept.is)}
	}
	return step{}
}

// mostRounds is more than concurrent runs need, because all write the newest run's text.
const mostRounds = 8

// keep lists the stickies, does one step and lists them again, until nothing is left to
// do, because another run may have written meanwhile. If an older run writes after that,
// its text stays until the next run: no text of the newer run is left to compare it with.
func (k keeper) keep(ctx context.Context, author string) (Posted, error) {
	var (
		posted  Posted
		created *sticky // at most one: the sticky may exist even if the answer makes no sense
		removed = map[int64]bool{}
		edited  = map[int64]sticky{}
	)
	for range mostRounds {
		found, err := k.find(ctx, author)
		if err != nil {
			return posted, err
		}
		if created != nil && !slices.ContainsFunc(found, created.is) {
			found = append(found, *created) // the list may be out of date
		}
		found = slices.DeleteFunc(found, func(s sticky) bool { return removed[s.id] })
		for i, s := range found {
			if to, ok := edited[s.id]; ok && to.marker == s.marker {
				found[i].title, found[i].text = to.title, to.text // GitHub may have changed a character
			}
		}
		switch next := k.next(found); {
		case next.none(), next.create && created != nil:
			return k.outcome(found, posted), nil
		case next.create:
			made, err := k.store.create(ctx, k.want)
			if err != nil {
				return Posted{}, err
			}
			// The answer to a create shows who owns the token.
			created, author, posted = &made, made.author, Posted{made.url, Created}
		case next.edit.id != 0:
			err := k.store.edit(ctx, next.edit.id, next.to)
			if gone(err) {
				// Another user deleted it meanwhile. If the 404 hides a missing
				// permission, the create will report that.
				removed[next.edit.id] = true
				continue
			}
			if err != nil {
				return posted, err
			}
			edited[next.edit.id] = next.to
			posted = Posted{next.edit.url, cmp.Or(posted.Outcome, Updated)}
		default:
			if err := k.remove(ctx, next.remove); err != nil {
				return k.outcome(found, posted), err
			}
			for _, s := range next.remove {
				removed[s.id] = true
			}
		}
	}
	return posted, nil
}

// outcome is the result to report for the stickies that exist at the end.
func (k keeper) outcome(found []sticky, posted Posted) Posted {
	if len(found) == 0 {
		return Posted{Outcome: Absent}
	}
	posted.URL = slices.MinFunc(found, byID).url
	if slices.MaxFunc(found, byRun).marker.compare(k.want.marker) > 0 {
		posted.Outcome = Newer
	}
	posted.Outcome = cmp.Or(posted.Outcome, Unchanged)
	return posted
}

// remove deletes duplicates. It ignores those that another job deleted first.
func (k keeper) remove(ctx context.Context, duplicates []sticky) error {
	var errs []error
	for _, s := range duplicates {
		if err := k.store.remove(ctx, s.id); err != nil && !gone(err) {
			errs = append(errs, fmt.Errorf("remove the duplicate %s: %w", s.url, err))
		}
	}
	return errors.Join(errs...)
}

// gone reports whether the requested thing no longer exists. GitHub answers 410 for a
// deleted issue.
func gone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}
