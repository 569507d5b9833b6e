package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

type reply struct {
	status int
	header http.Header
	body   string
}

// limits are GitHub's ways to report that a rate limit is reached, and for how many
// seconds.
var limits = map[string]func(seconds int) reply{
	"primary":             func(n int) reply { return reply{http.StatusForbidden, primary(n), "{}"} },
	"primary, status 429": func(n int) reply { return reply{http.StatusTooManyRequests, primary(n), "{}"} },
	"secondary":           func(n int) reply { return reply{http.StatusForbidden, after(n), secondary} },
	"of a proxy":          func(n int) reply { return reply{http.StatusTooManyRequests, after(n), ""} },
}

const secondary = `{"documentation_url":"https://docs.github.com/rest/overview/` +
	`rate-limits-for-the-rest-api#about-secondary-rate-limits"}`

func primary(seconds int) http.Header {
	reset := time.Now().Add(time.Duration(seconds) * time.Second).Unix()
	return http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(reset)}}
}

func after(seconds int) http.Header { return http.Header{"Retry-After": {fmt.Sprint(seconds)}} }

// answering answers in memory, so that the test controls the clock: the first request of this
// method gets the first reply, and every other request is answered for a pull request
// that has a comment of ours or none. It also returns the requests.
func answering(t *testing.T, method string, first reply, commented bool) (*Client, *[]string) {
	t.Helper()
	return answeringExcept(t, func(*http.Request) (*http.Response, error) {
		return nil, errors.New("no answer")
	}, method, first, commented)
}

// answeringExcept is answering with another answer for GraphQL.
func answeringExcept(
	t *testing.T, graphql roundTripper, method string, first reply, commented bool,
) (*Client, *[]string) {
	t.Helper()
	var (
		seen  []string
		met   bool
		there = fmt.Sprintf(`{"id":1,"user":{"login":%q},"body":%q}`, actionsBot, forge.Marker{}.String())
	)
	return clientFor(t, "http://github.invalid", "secret", roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/graphql" {
			return graphql(r)
		}
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
		}
		seen = append(seen, strings.TrimSpace(r.Method+" "+string(body)))
		answer := reply{http.StatusOK, nil, there}
		switch {
		case r.Method == method && !met:
			answer, met = first, true
		case r.Method == http.MethodPatch:
			there = fmt.Sprintf(`{"id":1,"user":{"login":%q},%s`, actionsBot, body[1:])
			answer.body = there
		case r.Method == http.MethodGet && commented:
			answer.body = "[" + there + "]"
		case r.Method == http.MethodGet:
			answer.body = "[]"
		}
		return &http.Response{
			Request: r, StatusCode: answer.status, Header: answer.header, Body: io.NopCloser(strings.NewReader(answer.body)),
		}, nil
	})), &seen
}

func TestRateLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	body := fmt.Sprintf(`{"body":%q}`, forge.Marker{}.String()+"\nnew")
	for _, tt := range []struct {
		method    string
		commented bool
		want      []string
	}{
		{"GET", true, []string{"GET", "GET", "PATCH " + body, "GET"}},
		{"POST", false, []string{"GET", "POST " + body, "POST " + body, "GET"}},
		{"PATCH", true, []string{"GET", "PATCH " + body, "PATCH " + body, "GET"}},
	} {
		for name, reached := range limits {
			t.Run(name+" "+tt.method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c, seen := answering(t, tt.method, reached(20), tt.commented)
					began := time.Now()

					post(t, c, forge.Comment{Body: "new"})

					if diff := cmp.Diff(tt.want, *seen); diff != "" {
						t.Errorf("requests (-want +got):\n%s", diff)
					}
					if took := time.Since(began); took < 20*time.Second || took > 21*time.Second {
						t.Errorf("it took %v, want 20 s", took)
					}
				})
			})
		}
	}
}

func TestRateLimitBeyondTheDeadlineIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	for name, reached := range limits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := answering(t, "POST", reached(600), false)
				began := time.Now()

				err := postFails(t, c)

				wantKind(t, err, forge.ErrRateLimited)
				var e *forge.Error
				if !errors.As(err, &e) || e.RetryAfter < 9*time.Minute || e.RetryAfter > 10*time.Minute {
					t.Errorf("%v does not contain the wait of 10 minutes", err)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestRateLimitWithoutATimeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for want, limited := range map[string]reply{
		"is reached (429)": {http.StatusTooManyRequests, nil, ""},
		"is reached (422: Validation Failed: abuse)": {
			http.StatusUnprocessableEntity, nil, `{"message":"Validation Failed",` +
				`"errors":[{"resource":"PullRequestReview","code":"abuse","field":"base"}]}`,
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, seen := answering(t, "POST", limited, false)

				wantKind(t, postFails(t, c), forge.ErrRateLimited, "GitHub's rate limit "+want)

				if len(*seen) != 2 {
					t.Errorf("requests %q, want one create", *seen)
				}
			})
		})
	}
}

func TestTheEndOfTheContextEndsTheWaitForALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := answering(t, "POST", reply{http.StatusTooManyRequests, after(30), ""}, false)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		began := time.Now()

		_, err := c.Comment(ctx, forge.Comment{Body: "text"})

		wantKind(t, err, forge.ErrRateLimited, "for another 30s")
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestACallTakesAMinuteAtMost(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *Client) error{
		"comment": func(ctx context.Context, c *Client) error {
			_, err := c.Comment(ctx, forge.Comment{PullRequest: 7, Body: "text"})
			return err
		},
		"issue": func(ctx context.Context, c *Client) error {
			_, err := c.Issue(ctx, forge.Issue{Title: "title", Body: "text"})
			return err
		},
		"review": func(ctx context.Context, c *Client) error { return c.Review(ctx, forge.Review{PullRequest: 7}) },
		"pull request": func(ctx context.Context, c *Client) error {
			_, _, err := c.OpenPullRequest(ctx, headOf("acme/shop", "fix", "5eed"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := clientFor(t, "http://github.invalid", "secret", roundTripper(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}))
				began := time.Now()

				wantKind(t, call(t.Context(), c), forge.ErrUnavailable, "no answer in time")

				if took := time.Since(began); took > forge.Patience {
					t.Errorf("it took %v, want %v at most", took, forge.Patience)
				}
			})
		})
	}
}
