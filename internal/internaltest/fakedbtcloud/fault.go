package fakedbtcloud

import (
	"net/http"
	"path"
	"strconv"
)

// Fault is a way to fail.
type Fault struct {
	Status     int
	RetryAfter int  // seconds; 0: not sent
	Times      int  // how many requests fail; 0: all
	After      bool // the request is carried out, and its answer is lost
}

type fault struct {
	Fault
	method, pattern string
	met             int
}

// Fail makes requests of this method fail whose path below the account matches the
// pattern, in which each * matches one segment: "jobs/*/run/".
func (s *Server) Fail(method, pattern string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{Fault: f, method: method, pattern: "/api/v2/accounts/*/" + pattern})
}

func (s *Server) fault(r *http.Request) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		matches, err := path.Match(f.pattern, r.URL.Path)
		if err != nil || f.method != r.Method || !matches || f.Times > 0 && f.met == f.Times {
			continue
		}
		f.met++
		return f
	}
	return nil
}

func (f *fault) answer() answer {
	a := problem(f.Status, "a fault of the test")
	if f.RetryAfter > 0 {
		a.header = http.Header{"Retry-After": {strconv.Itoa(f.RetryAfter)}}
	}
	return a
}
