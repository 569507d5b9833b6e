package fakegithub

import "github.com/dbt-tally/dbt-tally/internal/internaltest/fault"

// Fault is a way to fail.
type Fault = fault.Fault

// Fail makes requests fail as fault.List.Add does.
func (s *Server) Fail(method, pattern string, f Fault) {
	if err := s.faults.Add(method, pattern, f); err != nil {
		s.t.Fatalf("fake GitHub: %v", err)
	}
}

// Heal ends all faults.
func (s *Server) Heal() { s.faults.Heal() }
