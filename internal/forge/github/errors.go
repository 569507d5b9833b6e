package github

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// The kinds of an Error, for errors.Is: why GitHub did not do what was requested.
var (
	ErrPermission  = errors.New("not found, or the token may not do this")
	ErrLocked      = errors.New("the conversation is locked")
	ErrRateLimited = errors.New("GitHub's rate limit is reached")
	ErrTooLong     = errors.New("the text is longer than GitHub accepts")
	ErrUnavailable = errors.New("GitHub could not be reached or is out of order")
	ErrRefused     = errors.New("GitHub refused the request")
	ErrProxy       = errors.New("the proxy does not let the request to GitHub through")
	ErrEndless     = errors.New("GitHub's list has no end")
)

// Error reports that GitHub's answer was not the expected one, or that no answer arrived.
// If the context ended, its own error is returned instead.
type Error struct {
	Kind       error         // one of the Err values
	Status     int           // HTTP status; 0: no answer came
	Detail     string        // in the words of GitHub or of the network, without URL or token
	RetryAfter time.Duration // how long GitHub asks to wait; 0: not given
}

func (e *Error) Error() string {
	s := e.Kind.Error()
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(" for another %v", e.RetryAfter.Round(time.Second))
	}
	switch {
	case e.Status == 0:
		return s + ": " + e.Detail
	case e.Detail == "":
		return fmt.Sprintf("%s (%d)", s, e.Status)
	default:
		return fmt.Sprintf("%s (%d: %s)", s, e.Status, e.Detail)
	}
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// General reports whether an error concerns more than the one text, so that any other
// request about the same pull request would fail as well.
func General(err error) bool {
	var e *Error
	return errors.As(err, &e) && !errors.Is(e, ErrTooLong) && !errors.Is(e, ErrRefused) && !errors.Is(e, ErrEndless)
}

// failure converts an error of go-github to one of ours. Theirs contain the URL of the
// request, which may contain a password.
func failure(err error) error {
	var (
		primary   *github.RateLimitError
		secondary *github.AbuseRateLimitError
		answered  *github.ErrorResponse
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &primary):
		return &Error{
			Kind: ErrRateLimited, Status: primary.Response.StatusCode, Detail: primary.Message,
			RetryAfter: max(0, time.Until(primary.Rate.Reset.Time)),
		}
	case errors.As(err, &secondary):
		e := &Error{Kind: ErrRateLimited, Status: secondary.Response.StatusCode, Detail: secondary.Message}
		if secondary.RetryAfter != nil {
			e.RetryAfter = *secondary.RetryAfter
		}
		return e
	case errors.As(err, &answered):
		return fromAnswer(answered)
	case errors.Is(err, context.Canceled):
		return context.Canceled
	default:
		return fromNetwork(err)
	}
}

var (
	// https://github.com/octokit/plugin-throttling.js/issues/775
	tooQuick = regexp.MustCompile(`\babuse\b|submitted too quickly`)
	// The message for a locked comment, and for a locked review.
	locked = regexp.MustCompile(`issue is locked|lock prevents review`)
)

func fromAnswer(err *github.ErrorResponse) *Error {
	status, header := err.Response.StatusCode, err.Response.Header
	details := []string{err.Message}
	for _, e := range err.Errors {
		details = append(details, cmp.Or(e.Message, e.Code))
	}
	e := &Error{Kind: ErrRefused, Status: status, Detail: strings.Join(details, ": ")}
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && header.Get("Retry-After") != "":
		e.Kind, e.RetryAfter = ErrRateLimited, retryAfter(header)
	case status == http.StatusUnprocessableEntity && tooQuick.MatchString(e.Detail):
		e.Kind = ErrRateLimited
	case status == http.StatusProxyAuthRequired:
		e.Kind = ErrProxy
	case locked.MatchString(e.Detail):
		e.Kind = ErrLocked
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		e.Kind = ErrPermission
	case status == http.StatusUnprocessableEntity && strings.Contains(e.Detail, "too long"):
		e.Kind = ErrTooLong
	case status >= http.StatusInternalServerError:
		e.Kind = ErrUnavailable
	}
	return e
}

// unprocessable reports whether GitHub refused this text or its position, but may accept
// another.
func unprocessable(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusUnprocessableEntity &&
		(errors.Is(e, ErrRefused) || errors.Is(e, ErrTooLong))
}

// retryAfter reads both headers with which GitHub states how long to wait. go-github
// reads the second only with status 403:
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func retryAfter(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	reset, err := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil || header.Get("X-Ratelimit-Remaining") != "0" {
		return 0
	}
	return max(0, time.Until(time.Unix(reset, 0)))
}

// refusedByProxy returns the status with which a proxy answered CONNECT, or 0 if none
// did. Go keeps the status of such an answer only in the error's text.
func refusedByProxy(err error) int {
	for status := http.StatusBadRequest; status < 600; status++ {
		if text := http.StatusText(status); text != "" && err.Error() == text {
			return status
		}
	}
	return 0
}

func fromNetwork(err error) *Error {
	e := &Error{Kind: ErrUnavailable}
	var (
		u         *url.Error
		untrusted x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &untrusted):
		e.Detail = untrusted.Error() + "; add the authority to a file that the action can read" +
			" and set NODE_EXTRA_CA_CERTS to its path; see " + docs.Troubleshooting
	case errors.Is(err, context.DeadlineExceeded):
		e.Detail = "no answer in time"
	case errors.As(err, &u):
		e.Detail = u.Err.Error()
		e.Status = refusedByProxy(u.Err)
		if e.Status != 0 && e.Status < http.StatusInternalServerError {
			e.Kind = ErrProxy
		}
	default:
		e.Detail = err.Error()
	}
	return e
}
