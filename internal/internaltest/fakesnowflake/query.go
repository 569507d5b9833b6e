package fakesnowflake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// An answer is the reaction to the statements that contain some words.
type answer struct {
	words   string
	results []Result
}

// Answer sets the results of statements that contain these words: each statement gets the
// next result, and the last result is repeated. If several answers match, the one that
// was set first applies.
func (s *Server) Answer(words string, results ...Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, &answer{words, results})
}

// Statements returns every statement so far, with its values in place of the question
// marks.
func (s *Server) Statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.statements)
}

func (s *Server) query(r *http.Request) any {
	s.authorized(r, "session")
	s.parameters(r)
	var body struct {
		SQL        string         `json:"sqlText"`
		Async      bool           `json:"asyncExec"`
		Sequence   int            `json:"sequenceId"`
		Internal   bool           `json:"isInternal"`
		Parameters map[string]any `json:"parameters"`
		Bindings   map[string]struct {
			Type   string  `json:"type"`
			Value  *string `json:"value"`
			Format string  `json:"fmt"`
		} `json:"bindings"`
		Context struct{} `json:"queryContextDTO"`
	}
	s.read(r, &body)
	statement := body.SQL
	for i := range len(body.Bindings) {
		value := "null"
		if v := body.Bindings[fmt.Sprint(i+1)].Value; v != nil {
			value = "'" + *v + "'"
		}
		statement = strings.Replace(statement, "?", value, 1)
	}

	s.mu.Lock()
	s.statements = append(s.statements, statement)
	result, known := s.next(statement)
	s.mu.Unlock()
	if !known {
		s.t.Errorf("fakesnowflake: unknown statement %s", statement)
	}
	if result.Silent {
		s.FallSilent()
	}
	if result.Silent || result.Slow {
		s.hang(r)
		return http.StatusServiceUnavailable
	}
	return s.reply(result)
}

// next returns the answer to a statement.
func (s *Server) next(statement string) (Result, bool) {
	for _, a := range s.answers {
		if !strings.Contains(statement, a.words) {
			continue
		}
		result := a.results[0]
		if len(a.results) > 1 {
			a.results = a.results[1:]
		}
		return result, true
	}
	return Result{}, slices.Contains([]string{"BEGIN", "COMMIT", "ROLLBACK"}, statement)
}

// abort ends a query that the driver has cancelled.
func (s *Server) abort(r *http.Request) any {
	s.authorized(r, "session")
	s.parameters(r)
	var body struct {
		ID string `json:"requestId"`
	}
	s.read(r, &body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aborted++
	return reply{Success: true}
}

// Aborted returns how many statements the driver cancelled.
func (s *Server) Aborted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aborted
}
