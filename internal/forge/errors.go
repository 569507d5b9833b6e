package forge

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Kind is the reason why a request failed. FORGE stands for the forge's name.
type Kind string

// The kinds of an Error, for errors.Is.
const (
	ErrPermission  Kind = "not found, or the token may not do this"
	ErrLocked      Kind = "the conversation is locked"
	ErrRateLimited Kind = "FORGE's rate limit is reached"
	ErrTooLong     Kind = "the text is longer than FORGE accepts"
	ErrUnavailable Kind = "FORGE could not be reached or is down"
	ErrRefused     Kind = "FORGE refused the request"
	ErrProxy       Kind = "the proxy does not let the request to FORGE through"
	ErrEndless     Kind = "FORGE's list has no end"
)

// Error implements error. The message of an Error contains the name of the forge instead.
func (k Kind) Error() string { return strings.ReplaceAll(string(k), "FORGE", "the forge") }

// Error reports that a forge's answer was not the expected one, or that no answer
// arrived. If the context ended, its own error is returned instead.
type Error struct {
	Forge      string // its name
	Kind       Kind
	Status     int           // HTTP status; 0: no answer arrived
	Detail     string        // in the words of the forge or of the network, without URL or token
	RetryAfter time.Duration // how long to wait according to the forge; 0: not given
}

func (e *Error) Error() string {
	s := strings.ReplaceAll(string(e.Kind), "FORGE", e.Forge)
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

// General reports whether an error is not about one text alone, so that every other request
// about the same pull request would fail as well.
func General(err error) bool {
	var e *Error
	return errors.As(err, &e) && !errors.Is(e, ErrTooLong) && !errors.Is(e, ErrRefused) && !errors.Is(e, ErrEndless)
}

// Answered returns the error for an answer with an unexpected status. It recognises the
// statuses that have the same meaning at all forges; for others the kind is ErrRefused.
func Answered(name string, status int, header http.Header, detail string) *Error {
	e := &Error{Forge: name, Kind: ErrRefused, Status: status, Detail: detail}
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && header.Get("Retry-After") != "":
		e.Kind, e.RetryAfter = ErrRateLimited, retryAfter(header)
	case status == http.StatusProxyAuthRequired:
		e.Kind = ErrProxy
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		e.Kind = ErrPermission
	case status >= http.StatusInternalServerError:
		e.Kind = ErrUnavailable
	}
	return e
}

// retryAfter reads the headers with which GitHub and GitLab state how long to wait.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
// https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
func retryAfter(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	for _, prefix := range []string{"X-Ratelimit-", "Ratelimit-"} {
		reset, err := strconv.ParseInt(header.Get(prefix+"Reset"), 10, 64)
		if err == nil && header.Get(prefix+"Remaining") == "0" {
			return max(0, time.Until(time.Unix(reset, 0)))
		}
	}
	return 0
}

// Gone reports whether the requested thing no longer exists. GitHub answers 410 for a
// deleted issue.
func Gone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// Unanswered returns the error for a request that received no answer from the forge.
func Unanswered(name string, err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	e := &Error{Forge: name, Kind: ErrUnavailable}
	var (
		u         *url.Error
		untrusted x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &untrusted):
		e.Detail = untrusted.Error() + "; add the authority to a file that the job can read" +
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
