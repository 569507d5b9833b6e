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

// sticky is a text that begins with our marker: a comment or an issue.
type sticky struct {
	id     int64 // an issue's number
	url    string
	author string
	marker marker
	title  string // an issue's
	path   string // of the file that a review comment is at
	text   string
}

func (s sticky) is(other sticky) bool { return s.id == other.id }

func (s sticky) says(other sticky) bool {
	return s.title == other.title && normal(s.text) == normal(other.text)
}

// posted is the sticky as GitHub has it now.
func (s sticky) posted(id int64, url string, author *github.User) sticky {
	s.id, s.url, s.author = id, url, author.GetLogin()
	return s
}

func (s sticky) body() *string { return github.String(s.marker.String() + "\n" + s.text) }

func byID(a, b sticky) int { return cmp.Compare(a.id, b.id) }

func byRun(a, b sticky) int { return cmp.Or(a.marker.compare(b.marker), byID(a, b)) }

// normal is a text without what an edit in the browser changes unseen.
func normal(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// place is where stickies of one kind are.
type place interface {
	// list returns those of all keys; it may leave out other authors'.
	list(ctx context.Context, author string) ([]sticky, error)
	// create is never tried again: an answer that got lost may stand for a
	// sticky that is there.
	create(ctx context.Context, text sticky) (sticky, error)
	edit(ctx context.Context, id int64, text sticky) error
	remove(ctx context.Context, id int64) error
}

// keeper sees to it that a place has one sticky of the wanted one's key, and
// that it bears this text or a newer run's.
type keeper struct {
	place      place
	want       sticky
	onlyUpdate bool // where there is none yet, start none
	onlyNewer  bool // where this very run's is there, leave it
}

// find returns the stickies of the wanted key and this author.
func (k keeper) find(ctx context.Context, author string) ([]sticky, error) {
	all, err := k.place.list(ctx, author)
	return slices.DeleteFunc(all, func(s sticky) bool {
		return s.marker.Key != k.want.marker.Key || !strings.EqualFold(s.author, author)
	}), err
}

// A step is the one thing to do next in a place; the zero value: nothing.
type step struct {
	create bool
	edit   sticky   // as it is; id 0: none
	to     sticky   // what the edit makes of it
	remove []sticky // duplicates
}

func (s step) none() bool { return !s.create && s.edit.id == 0 && len(s.remove) == 0 }

// next decides by what was found. GitHub has no way to write only if nobody else did
// meanwhile, so the rule has to be one that several runs can follow at once: the
// oldest is kept, and so it is never removed by a run that saw less than another. Its
// text becomes the newest run's before the others go.
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

// mostRounds is more than several runs at once need: each does what the newest wants.
const mostRounds = 8

// keep looks, does one thing and looks again, until there is nothing to do: another
// run may have written meanwhile. What an older run writes after that stands until
// the next run, since nothing is left to tell it by.
func (k keeper) keep(ctx context.Context, author string) (Posted, error) {
	var (
		posted  Posted
		created *sticky // at most one: an answer without sense may stand for a sticky
		removed = map[int64]bool{}
		edited  = map[int64]sticky{}
	)
	for range mostRounds {
		found, err := k.find(ctx, author)
		if err != nil {
			return posted, err
		}
		if created != nil && !slices.ContainsFunc(found, created.is) {
			found = append(found, *created) // the list may lag behind
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
			made, err := k.place.create(ctx, k.want)
			if err != nil {
				return Posted{}, err
			}
			// By now it is certain whose token it is.
			created, author, posted = &made, made.author, Posted{made.url, Created}
		case next.edit.id != 0:
			err := k.place.edit(ctx, next.edit.id, next.to)
			if gone(err) {
				// Somebody deleted it since. Where the 404 hides a missing permission,
				// the create says so.
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

// outcome is what to report of the stickies that are there at the end.
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

// remove takes duplicates away. That another job was faster is fine.
func (k keeper) remove(ctx context.Context, duplicates []sticky) error {
	var errs []error
	for _, s := range duplicates {
		if err := k.place.remove(ctx, s.id); err != nil && !gone(err) {
			errs = append(errs, fmt.Errorf("remove the duplicate %s: %w", s.url, err))
		}
	}
	return errors.Join(errs...)
}

// gone says whether what was asked for is not there any more: GitHub answers 410
// for a deleted issue.
func gone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}
