package gitlab

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

const (
	notesPattern = "/projects/*/merge_requests/*/notes"
	notePattern  = "/projects/*/merge_requests/*/notes/*"
)

func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, pattern string
		fault           fault.Fault
		want            error
		message         string
	}{
		"unknown user":      {"GET", "/user", fault.Fault{Status: 401, Message: "401 Unauthorized"}, forge.ErrPermission, "(401: 401 Unauthorized); set GITLAB_TOKEN"},
		"may not list":      {"GET", notesPattern, fault.Fault{Status: 404}, forge.ErrPermission, "not found, or the token may not do this (404); set GITLAB_TOKEN"},
		"may not create":    {"POST", notesPattern, fault.Fault{Status: 403, Message: "403 Forbidden"}, forge.ErrPermission, "(403: 403 Forbidden)"},
		"may not edit":      {"PUT", notePattern, fault.Fault{Status: 403}, forge.ErrPermission, "(403)"},
		"a conflict":        {"POST", notesPattern, fault.Fault{Status: 409, Message: "409 Conflict"}, forge.ErrRefused, "GitLab refused the request (409: 409 Conflict)"},
		"too many requests": {"POST", notesPattern, fault.Fault{Status: 429, RetryAfter: 2 * time.Minute}, forge.ErrRateLimited, "GitLab's rate limit is reached for another 2m0s"},
		"out of order":      {"GET", notesPattern, fault.Fault{Status: 502}, forge.ErrUnavailable, "GitLab could not be reached or is down (502)"},
		"create fails":      {"POST", notesPattern, fault.Fault{Status: 500}, forge.ErrUnavailable, "(500)"},
		"a proxy's login":   {"GET", notesPattern, fault.Fault{Status: 407}, forge.ErrProxy, "set HTTPS_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gl := fakegitlab.New(t, fakegitlab.Options{})
			if tt.method == http.MethodPut {
				gl.AddNote(fakegitlab.Note{MergeRequest: 7, Author: bot, Body: marked(1, "old")})
			}
			gl.Fail(tt.method, tt.pattern, tt.fault)
			_, err := client(t, gl).Comment(t.Context(), comment(2, "text"))
			wantKind(t, err, tt.want, "note on acme/shop!7: ", tt.message)
			if strings.Contains(err.Error(), "http://127.0.0.1") || strings.Contains(err.Error(), fakegitlab.Token) {
				t.Errorf("the address or the token is in %v", err)
			}
		})
	}
}

func TestAWrongTokenIsNamedWithWhatItNeeds(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"expired":             "(401: 401 Unauthorized)",
		fakegitlab.JobToken:   "(404: ",
		"glpat-that-may-read": "(403: insufficient_scope: The request requires higher privileges than provided by the access token.)",
		"glpat-of-a-guest":    "(403: 403 Forbidden)",
		"glpat-of-elsewhere":  "(404)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gl := fakegitlab.New(t, fakegitlab.Options{Tokens: map[string]fakegitlab.Access{
				fakegitlab.JobToken:   {User: "alice"},
				"glpat-that-may-read": {User: "reader", Scope: "read_api", Role: fakegitlab.Developer},
				"glpat-of-a-guest":    {User: "guest", Scope: "api", Role: fakegitlab.Guest},
				"glpat-of-elsewhere":  {User: "stranger", Scope: "api"},
			}})
			_, err := clientFor(t, gl, name, nil).Comment(t.Context(), comment(1, "text"))
			wantKind(t, err, forge.ErrPermission, strings.TrimSuffix(want, ": "), "with the scope api and the role Reporter", "docs/gitlab.md")
			if len(gl.Notes(7)) > 0 || strings.Contains(err.Error(), name) {
				t.Errorf("%d notes, and %v", len(gl.Notes(7)), err)
			}
		})
	}
}

func TestCreateIsNeverTriedAgain(t *testing.T) {
	t.Parallel()
	for message, f := range map[string]fault.Fault{
		"(503)":             {Status: http.StatusServiceUnavailable, Times: 1},
		"no answer in time": {Hang: true, Times: 1},
	} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			gl := fakegitlab.New(t, fakegitlab.Options{})
			gl.Fail(http.MethodPost, notesPattern, f)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client(t, gl).Comment(ctx, comment(1, "text"))
			wantKind(t, err, forge.ErrUnavailable, message)
			if n := requests(gl, "POST"); n != 1 {
				t.Errorf("%d creates, want 1", n)
			}
		})
	}
}

func TestWhatMayBeRepeatedIsRepeated(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	gl.AddNote(fakegitlab.Note{MergeRequest: 7, Author: bot, Body: marked(1, "old")})
	for _, request := range []string{"GET /user", "GET " + notesPattern, "PUT " + notePattern} {
		method, pattern, _ := strings.Cut(request, " ")
		gl.Fail(method, pattern, fault.Fault{Status: http.StatusBadGateway, Times: 2})
	}
	gl.Fail(http.MethodGet, notesPattern, fault.Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second, Times: 1})
	if got := post(t, client(t, gl), comment(2, "new")).Outcome; got != forge.Updated {
		t.Errorf("outcome %q, want %q", got, forge.Updated)
	}
}

func TestTextBeyondTheLimitIsTooLong(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	_, err := client(t, gl).Comment(t.Context(), comment(1, strings.Repeat("x", 1_000_000)))
	wantKind(t, err, forge.ErrTooLong, "the text is longer than GitLab accepts (400: ", "maximum is 1000000 characters")
}

// Without the token's owner a run would write a second note.
func TestAnUnknownOwnerWritesNothing(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	gl.Fail(http.MethodGet, "/user", fault.Fault{Status: http.StatusServiceUnavailable})
	_, err := client(t, gl).Comment(t.Context(), comment(1, "text"))
	wantKind(t, err, forge.ErrUnavailable, "(503)")
	if n := len(gl.Notes(7)); n != 0 {
		t.Errorf("%d notes, want none", n)
	}
}

// A self-managed instance behind a proxy, with a certificate of the company's own.
func TestOwnAuthorityAndProxyAreNamed(t *testing.T) {
	t.Parallel()
	forgeServer := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(forgeServer.Close)
	c, err := New(Config{APIURL: forgeServer.URL + "/api/v4", Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	c.send.Pause = time.Millisecond
	_, err = c.Comment(t.Context(), comment(1, "text"))
	wantKind(t, err, forge.ErrUnavailable, "certificate signed by unknown authority; add the authority to a file")
	if pem.EncodeToMemory(&pem.Block{Bytes: forgeServer.Certificate().Raw}) == nil {
		t.Fatal("no certificate")
	}

	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err = New(Config{
		HTTP:   &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}},
		APIURL: "https://gitlab.invalid/api/v4", Token: "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Comment(t.Context(), comment(1, "text"))
	wantKind(t, err, forge.ErrProxy, "(407: Proxy Authentication Required); set HTTPS_PROXY with its user")
}

// Each call ends, with an error or without, whatever the answer is.
func FuzzAnyAnswer(f *testing.F) {
	for _, body := range []string{
		"null", "[null]", "{}", "[]", "", "[{}]", `"text"`, "<html>", `{"username":"bot"}`, `[{"notes":[null]}]`,
		`{"message":{"base":["no"]}}`, `{"error":"e","error_description":"d"}`,
	} {
		f.Add(body, http.StatusOK)
		f.Add(body, http.StatusBadRequest)
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status < 200 || status > 599 {
			t.Skip("net/http reads no final answer with this status")
		}
		creates := 0
		c, err := New(Config{
			APIURL: "http://gitlab.invalid", Token: "secret",
			HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				answer := body
				if r.Method == http.MethodPost {
					creates++
				}
				if strings.HasSuffix(r.URL.Path, "/user") && status == http.StatusOK {
					answer = `{"username":"bot"}`
				}
				return &http.Response{
					StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
				}, nil
			})},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.send.Pause = time.Microsecond
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		review := forge.Review{PullRequest: 7, Remarks: []forge.Remark{{Path: "a.sql", Text: "text"}}}
		for call, run := range map[string]func() error{
			"comment": func() error { _, err := c.Comment(ctx, comment(1, "text")); return err },
			"issue":   func() error { _, err := c.Issue(ctx, forge.Issue{Breached: true, Title: "t", Body: "b"}); return err },
			"close":   func() error { _, err := c.Issue(ctx, forge.Issue{Body: "b"}); return err },
			"review":  func() error { return c.Review(ctx, review) },
			"files":   func() error { _, err := c.ChangedFiles(ctx, 7); return err },
			"open":    func() error { _, _, err := c.OpenPullRequest(ctx, forge.Head{Branch: "fix"}); return err },
		} {
			creates = 0
			if err := run(); err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the token is in the error: %v", call, err)
			}
			if creates > 2 { // a discussion at a line, then on the file
				t.Errorf("%s: %d creates in one call", call, creates)
			}
		}
	})
}

func TestAListWithoutAnEndIsGivenUp(t *testing.T) {
	t.Parallel()
	c, err := New(Config{
		APIURL: "http://gitlab.invalid", Token: "secret", Path: "acme/shop",
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			answer, header := `{"username":"bot"}`, http.Header{}
			if !strings.HasSuffix(r.URL.Path, "/user") {
				answer = "[]"
				header.Set("X-Next-Page", r.URL.Query().Get("page")+"0")
			}
			return &http.Response{
				StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
			}, nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Comment(t.Context(), comment(1, "text"))
	wantKind(t, err, forge.ErrEndless, fmt.Sprintf("note on acme/shop!7: %s's list has no end", name))
}
