package fakegithub

import (
	"encoding/json"
	"net/http"
	"strings"
)

// graphql answers the one query that is supported: who owns the token.
func (s *Server) graphql(r *http.Request) answer {
	var in struct {
		Query string `json:"query"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return s.refuse("graphql: %v", err)
	}
	if strings.Join(strings.Fields(in.Query), " ") != "query { viewer { login } }" {
		return s.refuse("unknown GraphQL query %q", in.Query)
	}
	token, ok := s.token(r)
	if !ok {
		return problem(http.StatusUnauthorized, "Bad credentials")
	}
	return answer{status: http.StatusOK, body: map[string]any{
		"data": map[string]any{"viewer": map[string]any{"login": token.Login}},
	}}
}
