package gitlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// failure converts an error of client-go to one of ours. Theirs contain the URL of the
// request, which may contain a password.
func failure(err error) error {
	var answered *gitlab.ErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gitlab.ErrNotFound): // which has no details
		return forge.Answered(name, http.StatusNotFound, nil, "")
	case errors.As(err, &answered):
		header := http.Header{}
		if answered.Response != nil {
			header = answered.Response.Header
		}
		e := forge.Answered(name, answered.StatusCode, header, detail(answered.Body))
		if e.Kind == forge.ErrRefused && strings.Contains(e.Detail, "too long") {
			e.Kind = forge.ErrTooLong
		}
		return e
	default:
		return forge.Unanswered(name, err)
	}
}

// mostDetail limits GitLab's words in a message.
const mostDetail = 300

// detail returns GitLab's own words. A page of HTML, as a proxy sends it, has none.
func detail(body []byte) string {
	var answer struct {
		Message          any    `json:"message"`
		Error            string `json:"error"`
		ErrorDescription string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	parts := []string{answer.Error, answer.ErrorDescription}
	switch message := answer.Message.(type) {
	case nil:
	case string:
		parts = append(parts, message)
	default:
		text, err := json.Marshal(message)
		if err != nil {
			panic(err) // it was JSON
		}
		parts = append(parts, string(text))
	}
	var words []string
	for _, part := range parts {
		if part != "" {
			words = append(words, part)
		}
	}
	text := []rune(strings.Join(strings.Fields(strings.Join(words, ": ")), " "))
	return string(text[:min(len(text), mostDetail)])
}

// badPosition reports whether GitLab refused this text or its place, but may accept
// another.
func badPosition(err error) bool {
	var e *forge.Error
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity)
}

// forbidden reports whether the token may not do this, but may do less.
func forbidden(err error) bool {
	var e *forge.Error
	return errors.As(err, &e) && e.Status == http.StatusForbidden && errors.Is(e, forge.ErrPermission)
}

// noteURL is the address of a note.
func (c *Client) noteURL(iid int, id int64) string {
	return fmt.Sprintf("%s/-/merge_requests/%d#note_%d", c.page, iid, id)
}
