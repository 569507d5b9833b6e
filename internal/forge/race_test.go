package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
)

// bot is the author of every sticky.
const bot = "github-actions[bot]"

// Three runs write to one store at once. The test carries out their requests in every
// possible order. Each run is a function of the answers that it received.

// world is a store in memory, with the answers that each run has received.
type world struct {
	stickies []Sticky
	lastID   int64
	heard    [3][]any // the answers to each run's requests
	late     bool     // an older run wrote after the newest had ended
}

func (w world) clone() world {
	w.stickies = slices.Clone(w.stickies)
	for i := range w.heard {
		w.heard[i] = slices.Clip(w.heard[i]) // the next answer goes into a copy
	}
	return w
}

func (w world) String() string { return fmt.Sprintf("%+v", w.stickies) }

// key returns a text that is equal for worlds that continue in the same ways.
func (w world) key() string {
	b := appendStickies(nil, w.stickies)
	for _, heard := range w.heard {
		b = appendAnswers(append(b, '|'), heard)
	}
	return string(strconv.AppendBool(b, w.late))
}

// appendAnswers appends a text that is equal for answers after which a run continues in
// the same way. Its decisions depend on its writes, on its last list and on how often it
// listed. Its text is always the same.
func appendAnswers(b []byte, heard []any) []byte {
	var look []Sticky
	for _, answer := range heard {
		switch a := answer.(type) {
		case []Sticky:
			look = a
			b = append(b, '.')
		case changed:
			b = appendStickies(b, []Sticky{a.sticky})
			b = strconv.AppendBool(b, a.there)
		}
	}
	return appendStickies(b, look)
}

// changed is the answer to a write.
type changed struct {
	sticky Sticky
	there  bool
}

func appendStickies(b []byte, stickies []Sticky) []byte {
	b = append(b, '[')
	for _, s := range stickies {
		b = append(b, byte('0'+s.ID), byte('a'+s.Marker.RunID))
	}
	return append(b, ']')
}

// request is the next request of a run. Its function applies it to a world and returns the
// answer.
type request struct {
	writes bool
	do     func(*world) any
}

// recorded is a store that answers from memory. At the first request without an answer it
// ends the run by a panic with that request.
type recorded struct{ answers []any }

func (p *recorded) ask(r request) any {
	if len(p.answers) == 0 {
		panic(r)
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return answer
}

func (p *recorded) List(context.Context, string) ([]Sticky, error) {
	found := p.ask(request{do: func(w *world) any { return slices.Clone(w.stickies) }})
	return slices.Clone(found.([]Sticky)), nil
}

func (p *recorded) Create(_ context.Context, text Sticky) (Sticky, error) {
	created := p.ask(request{writes: true, do: func(w *world) any {
		w.lastID++
		text.ID, text.Author = w.lastID, bot
		w.stickies = append(w.stickies, text)
		return changed{text, true}
	}})
	return created.(changed).sticky, nil
}

func (p *recorded) Edit(_ context.Context, old, text Sticky) error {
	text.ID, text.Author = old.ID, bot
	return p.change(text, func(w *world, i int) { w.stickies[i] = text })
}

func (p *recorded) Remove(_ context.Context, old Sticky) error {
	return p.change(Sticky{ID: old.ID}, func(w *world, i int) { w.stickies = slices.Delete(w.stickies, i, i+1) })
}

func (p *recorded) change(to Sticky, do func(*world, int)) error {
	answer := p.ask(request{writes: true, do: func(w *world) any {
		i := slices.IndexFunc(w.stickies, to.is)
		if i >= 0 {
			do(w, i)
		}
		return changed{to, i >= 0}
	}})
	if !answer.(changed).there {
		return &Error{Kind: ErrPermission, Status: 404}
	}
	return nil
}

// search is a walk through all worlds.
type search struct {
	t        *testing.T
	seen     map[string]bool
	requests map[string]*request // by the run and its answers: most worlds differ in the other runs
	check    func(world) error   // of a world in which all runs have ended
}

// next returns the next request of a run, or nil if the run has ended.
func (s search) next(run int, heard []any) *request {
	key := string(appendAnswers([]byte{byte('0' + run)}, heard))
	r, known := s.requests[key]
	if !known {
		r = execute(s.t, run, heard)
		s.requests[key] = r
	}
	return r
}

// execute executes a run up to its first request without an answer. It returns nil if the
// run has ended.
func execute(t *testing.T, run int, heard []any) (r *request) {
	t.Helper()
	defer func() {
		if asked, ok := recover().(request); ok {
			r = &asked
		}
	}()
	k := Keeper{Store: &recorded{heard}, Want: Sticky{
		Marker: Marker{RunID: int64(run + 1)}, Text: fmt.Sprint("of run ", run+1),
	}}
	if _, err := k.Keep(t.Context(), bot); err != nil {
		t.Error(err)
	}
	return nil
}

// explore carries out the runs' requests in every order, from a world on.
func (s search) explore(w world) {
	key := w.key()
	if s.seen[key] || s.t.Failed() {
		return
	}
	s.seen[key] = true
	var requests [3]*request
	for run := range requests {
		requests[run] = s.next(run, w.heard[run])
	}
	if requests == [3]*request{} {
		if err := s.check(w); err != nil {
			s.t.Errorf("%v: %v\n%v", err, w, w.heard)
		}
		return
	}
	for run, r := range requests {
		if r == nil {
			continue
		}
		then := w.clone()
		then.heard[run] = append(then.heard[run], r.do(&then))
		then.late = w.late || r.writes && requests[2] == nil
		if len(w.stickies) > 0 && len(then.stickies) == 0 {
			s.t.Fatalf("run %d removed the last one of %v", run+1, w)
		}
		s.explore(then)
	}
}

func oneIsLeft(w world) error {
	switch {
	case len(w.stickies) != 1:
		return fmt.Errorf("%d are left, want one", len(w.stickies))
	case w.stickies[0].Text != "of run 3" && !w.late:
		return errors.New("the newest run's text is lost")
	}
	return nil
}

func TestRunsAtOnceLeaveOneTextInEveryOrder(t *testing.T) {
	t.Parallel()
	old := func(id int64, run int64) Sticky {
		return Sticky{ID: id, Author: bot, Marker: Marker{RunID: run}, Text: fmt.Sprint("of run ", run)}
	}
	for name, there := range map[string][]Sticky{
		"none yet":       nil,
		"an old one":     {old(1, 0)},
		"two old ones":   {old(1, 0), old(2, 0)},
		"the newest's":   {old(1, 3)},
		"a duplicate":    {old(1, 0), old(2, 3)},
		"a middle one's": {old(1, 2), old(2, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(there) == 0 && testing.Short() {
				t.Skip("400,000 states")
			}
			s := search{t: t, seen: map[string]bool{}, requests: map[string]*request{}, check: oneIsLeft}
			s.explore(world{stickies: there, lastID: 2})
			t.Logf("%d states of %d runs", len(s.seen), len(s.requests))
		})
	}
}
