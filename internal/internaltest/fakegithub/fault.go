package fakegithub

import (
	"net/http"
	"path"
	"strconv"
	"time"
)

// Fault is a way to fail. The request is not carried out.
type Fault struct {
	Status     int
	Message    string        // in GitHub's words
	RetryAfter time.Duration // sent in whole seconds; 0: not sent
	Hang       bool          // no answer until the client or the test ends
	Times      int           // how many requests fail; 0: all
}

type fault struct {
	Fault
	method, pattern string
	met             int
}

// Fail makes requests of this method fail whose path matches the pattern, in which each *
// matches one segment: "/repos/*/*/issues/*/comments". If several faults match, the first
// that is not used up applies.
func (s *Server) Fail(method, pattern string, f Fault) {
	if _, err := path.Match(pattern, ""); err != nil {
		s.t.Fatalf("fake GitHub: pattern %q: %v", pattern, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{Fault: f, method: method, pattern: pattern})
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) fault(r *http.Request) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		matches, _ := path.Match(f.pattern, r.URL.Path)
		if f.method != r.Method || !matches || f.Times > 0 && f.met == f.Times {
			continue
		}
		f.met++
		return f
	}
	return nil
}

func (f *fault) answer() answer {
	a := problem(f.Status, f.Message)
	if f.RetryAfter > 0 {
		a.header = http.Header{"Retry-After": {strconv.Itoa(int(f.RetryAfter.Seconds()))}}
	}
	return a
}
