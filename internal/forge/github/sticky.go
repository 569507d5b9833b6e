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

// keep makes one of those that were found.
func (k keeper) keep(ctx context.Context, found []sticky) (Posted, error) {
	switch {
	case len(found) == 0 && k.onlyUpdate:
		return Posted{Outcome: Absent}, nil
	case len(found) == 0:
		return k.create(ctx)
	}
	newest, oldest := slices.MaxFunc(found, byRun), slices.MinFunc(found, byID)
	switch age := newest.marker.compare(k.want.marker); {
	case age > 0:
		return Posted{newest.url, Newer}, k.removeOthers(ctx, found, newest)
	case age == 0 && k.onlyNewer:
		return Posted{newest.url, Unchanged}, k.removeOthers(ctx, found, newest)
	}
	if oldest.says(k.want) {
		return Posted{oldest.url, Unchanged}, k.removeOthers(ctx, found, oldest)
	}
	err := k.place.edit(ctx, oldest.id, k.want)
	if gone(err) {
		// Somebody deleted it since. Where the 404 hides a missing permission,
		// the create says so.
		return k.keep(ctx, slices.DeleteFunc(found, oldest.is))
	}
	if err != nil {
		return Posted{}, err
	}
	return Posted{oldest.url, Updated}, k.removeOthers(ctx, found, oldest)
}

// create starts one, then looks whether another job did so at the same time.
// Each that sees both keeps the same one, the newest run's, so the job that looks
// last leaves one. Nothing is edited here: edits could overtake one another.
func (k keeper) create(ctx context.Context) (Posted, error) {
	created, err := k.place.create(ctx, k.want)
	if err != nil {
		return Posted{}, err
	}
	posted := Posted{created.url, Created}
	// By now it is certain whose token it is.
	found, err := k.find(ctx, created.author)
	if err != nil {
		return posted, err
	}
	if !slices.ContainsFunc(found, created.is) {
		found = append(found, created) // the list may lag behind
	}
	newest := slices.MaxFunc(found, byRun)
	if !newest.is(created) {
		posted = Posted{newest.url, Newer}
	}
	return posted, k.removeOthers(ctx, found, newest)
}

// removeOthers leaves one. That another job removed one first is fine.
func (k keeper) removeOthers(ctx context.Context, all []sticky, left sticky) error {
	var errs []error
	for _, s := range all {
		if s.is(left) {
			continue
		}
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
