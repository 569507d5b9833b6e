package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

const (
	// Patience limits one call, including waits for rate limits.
	Patience = time.Minute
	// attempt limits one request that can be repeated.
	attempt = 15 * time.Second
	// MostPages is the length from which a list counts as endless: 10,000 entries.
	MostPages = 100
	// PageSize is the number of entries on a full page of a list.
	PageSize = 100
)

// Sender sends requests to a forge. Its methods return an *Error or the context's error.
type Sender struct {
	Forge   string                // its name
	Pause   time.Duration         // before a failed read is repeated; doubled each time
	Failure func(err error) error // converts an error of the forge's SDK; nil for nil
}

// Within limits the time of a call. It adds the subject of the call to an error and, if the
// token lacks a permission, the advice.
func Within[T any](
	ctx context.Context, about, advice string, call func(context.Context) (T, error),
) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	result, err := call(ctx)
	switch {
	case errors.Is(err, ErrPermission):
		err = fmt.Errorf("%s: %w; %s", about, err, advice)
	case errors.Is(err, ErrProxy):
		err = fmt.Errorf("%s: %w; set HTTPS_PROXY with its user and password, or NO_PROXY; see %s",
			about, err, docs.Troubleshooting)
	case err != nil:
		err = fmt.Errorf("%s: %w", about, err)
	}
	return result, err
}

// Once sends a request that must not be carried out twice, for example a create. It repeats the
// request only if a rate limit refused it, because then it was not carried out, and only
// if the wait ends before the context's deadline.
func (s Sender) Once(ctx context.Context, request func(context.Context) error) error {
	for {
		err := s.Failure(request(ctx))
		var e *Error
		if !errors.As(err, &e) || e.RetryAfter == 0 {
			return err
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < e.RetryAfter {
			return err
		}
		if !sleep(ctx, e.RetryAfter) {
			return err
		}
	}
}

// Repeatedly sends a request up to three times if the forge or the network fails briefly or
// does not answer. The request must be idempotent.
func (s Sender) Repeatedly(ctx context.Context, request func(context.Context) error) error {
	pause := s.Pause
	for try := 1; ; try++ {
		err := s.Once(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, attempt)
			defer cancel()
			return request(ctx)
		})
		if try == 3 || !errors.Is(err, ErrUnavailable) || !sleep(ctx, pause) {
			return err
		}
		pause *= 2
	}
}

// sleep returns false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Pages returns the entries of all pages of a list. The function lists one page and
// returns the number of the next one, 0 after the last.
func Pages[T any](
	ctx context.Context, s Sender, list func(ctx context.Context, page int) (part []T, next int, err error),
) ([]T, error) {
	var all []T
	endless := func(detail string) error {
		return &Error{Forge: s.Forge, Kind: ErrEndless, Status: http.StatusOK, Detail: detail}
	}
	for page := 1; page != 0; {
		if page > MostPages {
			return nil, endless(fmt.Sprintf("%d entries so far", len(all)))
		}
		var (
			part []T
			next int
		)
		err := s.Repeatedly(ctx, func(ctx context.Context) (err error) {
			part, next, err = list(ctx, page)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if next != 0 && next <= page {
			return nil, endless("its next page is an earlier one")
		}
		page = next
	}
	return all, nil
}
