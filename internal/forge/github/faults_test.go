package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

// answers returns a client of an in-memory GitHub. The test controls its clock.
func answers(t *testing.T, answer func(*http.Request) (reply, error)) *Client {
	t.Helper()
	return clientFor(t, "http://github.invalid", "secret", roundTripper(func(r *http.Request) (*http.Response, error) {
		a, err := answer(r)
		if err != nil {
			return nil, err
		}
		return &http.Response{
			Request: r, StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)),
		}, nil
	}))
}

func TestAnEndlessListIsAnError(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(page string) string{
		"always another page": func(page string) string { return page + "1" },
		"the next one":        func(page string) string { n, _ := strconv.Atoi(page); return fmt.Sprint(n + 1) },
		"the same page":       func(page string) string { return page },
		"the first page":      func(string) string { return "1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			c := answers(t, func(r *http.Request) (reply, error) {
				if r.URL.Path != "/graphql" {
					asked++
				}
				page := r.URL.Query().Get("page")
				link := fmt.Sprintf(`<http://github.invalid%s?page=%s>; rel="next"`, r.URL.Path, next(page))
				return reply{http.StatusOK, http.Header{"Link": {link}}, "[]"}, nil
			})

			err := postFails(t, c)

			wantKind(t, err, forge.ErrEndless, "comment on acme/shop#7: GitHub's list has no end (200: ")
			if asked > forge.MostPages {
				t.Errorf("%d pages were requested, want at most %d", asked, forge.MostPages)
			}
			if forge.General(err) {
				t.Error("the error would also skip other surfaces")
			}
		})
	}
}

func TestAHangingGraphQLCostsSecondsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		questions := 0
		c, asked := answeringExcept(t, func(r *http.Request) (*http.Response, error) {
			questions++
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, "", reply{}, true)
		began := time.Now()

		for run := range 3 {
			if posted := post(t, c, forge.Comment{RunID: int64(run), Body: fmt.Sprint("new ", run)}); posted.Outcome != forge.Updated {
				t.Errorf("outcome %q; want the comment updated nevertheless", posted.Outcome)
			}
		}

		if took := time.Since(began); took != viewerPatience || questions != 1 {
			t.Errorf("it took %v and %d queries; want %v and one", took, questions, viewerPatience)
		}
		if len(*asked) != 9 {
			t.Errorf("requests %q; want a list, an edit and another list of each", *asked)
		}
	})
}

func TestARequestThatHangsOnceIsSentAgain(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]error{
		http.MethodGet: nil, http.MethodPatch: nil, http.MethodDelete: nil, http.MethodPost: forge.ErrUnavailable,
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				two := fmt.Sprintf(`[{"id":1,"user":{"login":%q},"body":%q},{"id":2,"user":{"login":%[1]q},"body":%[2]q}]`,
					actionsBot, forge.Marker{}.String())
				if method == http.MethodPost {
					two = "[]"
				}
				c := answers(t, func(r *http.Request) (reply, error) {
					if r.URL.Path == "/graphql" {
						return reply{http.StatusOK, nil, "{}"}, nil
					}
					if r.Method == method {
						if sent++; sent == 1 {
							<-r.Context().Done()
							return reply{}, r.Context().Err()
						}
					}
					if r.Method == http.MethodGet {
						return reply{http.StatusOK, nil, two}, nil
					}
					return reply{http.StatusOK, nil, "{}"}, nil
				})

				_, err := c.Comment(t.Context(), forge.Comment{PullRequest: 7, Body: "new"})

				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
				if method == http.MethodPost && sent != 1 {
					t.Errorf("%d creates, want one", sent)
				}
			})
		})
	}
}

func TestAnEditIsRepeatedIfGitHubIsDownForAMoment(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\nold")
	gh.Fail(http.MethodPatch, commentPattern, fakegithub.Fault{Status: http.StatusBadGateway, Times: 2})

	if got := post(t, client(t, gh), forge.Comment{Body: "new"}).Outcome; got != forge.Updated {
		t.Errorf("outcome %q, want %q", got, forge.Updated)
	}
	wantOurs(t, gh, "new")
}

func TestAProxysRefusalIsNotReportedAsGitHubs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		want   error
		asked  int // the viewer query and the list, each up to three times
		words  string
	}{
		{http.StatusProxyAuthRequired, forge.ErrProxy, 2, "(407: Proxy Authentication Required); set HTTPS_PROXY with its user"},
		{http.StatusForbidden, forge.ErrProxy, 2, "(403: Forbidden); set HTTPS_PROXY"},
		{http.StatusBadGateway, forge.ErrUnavailable, 6, "(502: Bad Gateway)"},
	} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			t.Parallel()
			asked := 0
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodConnect {
					t.Errorf("the proxy received a %s", r.Method)
				}
				asked++
				w.WriteHeader(tt.status)
			}))
			t.Cleanup(proxy.Close)
			address, err := url.Parse(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			c := clientFor(t, "https://github.invalid", "secret", &http.Transport{Proxy: http.ProxyURL(address)})

			wantKind(t, postFails(t, c), tt.want, tt.words)

			if asked != tt.asked {
				t.Errorf("the proxy received %d requests, want %d", asked, tt.asked)
			}
		})
	}
}

// A proxy answers unencrypted requests itself.
func TestA407IsTheProxys(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Fail(http.MethodGet, commentsPattern, fakegithub.Fault{Status: http.StatusProxyAuthRequired})

	wantKind(t, postFails(t, client(t, gh)), forge.ErrProxy, "the proxy does not let the request to GitHub through (407")
}

// Each call must end, with or without an error, for every possible answer.
func FuzzAnyAnswer(f *testing.F) {
	for _, body := range []string{"null", "[null]", "{}", "[]", "", "[{}]", `"text"`, "<html>", `{"check_runs":[null]}`} {
		f.Add(body, http.StatusOK)
	}
	f.Add(`{"errors":[{"resource":1}]}`, http.StatusUnprocessableEntity)
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status < 200 || status > 599 {
			t.Skip("net/http reads no final answer with this status")
		}
		creates := 0
		c := answers(t, func(r *http.Request) (reply, error) {
			if r.Method == http.MethodPost && r.URL.Path != "/graphql" {
				creates++
			}
			return reply{status, http.Header{}, body}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, call := range []func() error{
			func() error { _, err := c.Comment(ctx, forge.Comment{PullRequest: 7, Body: "text"}); return err },
			func() error { _, err := c.Check(ctx, forge.Check{Commit: "5eed", Name: "dbt-tally"}); return err },
			func() error {
				_, err := c.Issue(ctx, forge.Issue{Breached: true, Title: "title", Body: "text"})
				return err
			},
			func() error {
				return c.Review(ctx, forge.Review{PullRequest: 7, Remarks: []forge.Remark{remarkOn("a.sql", "text")}})
			},
			func() error { _, _, err := c.OpenPullRequest(ctx, headOf("acme/shop", "fix", "5eed")); return err },
		} {
			creates = 0
			if err := call(); err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the token is in the error: %v", err)
			}
			if creates > 1 {
				t.Errorf("%d creates in one call", creates)
			}
		}
	})
}
