package github

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// failure converts an error of go-github to one of ours. Theirs contain the URL of the
// request, which may contain a password.
//
// The round-tripper github.com/gofri/go-github-ratelimit is not used: v2.0.2 does not
// retry after the primary limit, and over HTTP/2 it retries without the body.
func failure(err error) error {
	var (
		primary   *github.RateLimitError
		secondary *github.AbuseRateLimitError
		answered  *github.ErrorResponse
	)
	limited := forge.Error{Forge: name, Kind: forge.ErrRateLimited}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &primary):
		limited.Status, limited.Detail = primary.Response.StatusCode, primary.Message
		limited.RetryAfter = max(0, time.Until(primary.Rate.Reset.Time))
		return &limited
	case errors.As(err, &secondary):
		limited.Status, limited.Detail = secondary.Response.StatusCode, secondary.Message
		if secondary.RetryAfter != nil {
			limited.RetryAfter = *secondary.RetryAfter
		}
		return &limited
	case errors.As(err, &answered):
		return fromAnswer(answered)
	default:
		return forge.Unanswered(name, err)
	}
}

var (
	// https://github.com/octokit/plugin-throttling.js/issues/775
	tooQuick = regexp.MustCompile(`\babuse\b|submitted too quickly`)
	// The message for a locked comment, and for a locked review.
	locked = regexp.MustCompile(`issue is locked|lock prevents review`)
)

// fromAnswer adds the distinctions that only GitHub's own messages allow.
func fromAnswer(err *github.ErrorResponse) *forge.Error {
	details := []string{err.Message}
	for _, e := range err.Errors {
		details = append(details, cmp.Or(e.Message, e.Code))
	}
	e := forge.Answered(name, err.Response.StatusCode, err.Response.Header, strings.Join(details, ": "))
	switch {
	case e.Kind == forge.ErrRateLimited:
	case e.Status == http.StatusUnprocessableEntity && tooQuick.MatchString(e.Detail):
		e.Kind = forge.ErrRateLimited
	case locked.MatchString(e.Detail):
		e.Kind = forge.ErrLocked
	case e.Status == http.StatusUnprocessableEntity && strings.Contains(e.Detail, "too long"):
		e.Kind = forge.ErrTooLong
	}
	return e
}

// unprocessable reports whether GitHub refused this text or its position, but may accept
// another.
func unprocessable(err error) bool {
	var e *forge.Error
	return errors.As(err, &e) && e.Status == http.StatusUnprocessableEntity &&
		(errors.Is(e, forge.ErrRefused) || errors.Is(e, forge.ErrTooLong))
}
