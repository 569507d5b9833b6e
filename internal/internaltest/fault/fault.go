// Package fault makes the fakes of forges fail as a test asks for.
package fault

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is a way to fail. The request is not carried out.
type Fault struct {
	Status     int
	Message    string        // in the forge's words
	RetryAfter time.Duration // sent in whole seconds; 0: not sent
	Hang       bool          // no answer until the client or the test ends
	Times      int           // how many requests fail; 0: all
}

// List are the faults of a server. It is safe for concurrent use.
type List struct {
	mu    sync.Mutex
	known []*planned
}

type planned struct {
	Fault
	method, pattern string
	met             int
}

// Add makes requests of this method fail whose path matches the pattern, in which each *
// matches one segment: "/repos/*/*/issues/*/comments". If several faults match, the first
// that is not used up applies.
func (l *List) Add(method, pattern string, f Fault) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("pattern %q: %w", pattern, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = append(l.known, &planned{Fault: f, method: method, pattern: pattern})
	return nil
}

// Heal ends all faults.
func (l *List) Heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = slices.Delete(l.known, 0, len(l.known))
}

// Meet returns the fault that applies to a request, nil if there is none.
func (l *List) Meet(r *http.Request) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.known {
		matches, _ := path.Match(f.pattern, r.URL.Path)
		if f.method != r.Method || !matches || f.Times > 0 && f.met == f.Times {
			continue
		}
		f.met++
		return &f.Fault
	}
	return nil
}

// Header returns the headers of the failing answer.
func (f Fault) Header() http.Header {
	if f.RetryAfter == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(int(f.RetryAfter.Seconds()))}}
}

// Silent waits until the client gives up or the server ends.
func Silent(r *http.Request, closing <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-closing:
	}
}
