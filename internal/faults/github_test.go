//go:build unix

package faults

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

var faultsOfGitHub = []fault{
	{
		where: "GitHub", what: "comments fail with 500", said: "skip comment",
		lost:   "the comment; the job summary and the check have the report",
		inject: func(w *world) { w.forge.Fail(http.MethodPost, comments, fakegithub.Fault{Status: 500}) },
	},
	{
		where: "GitHub", what: "comments fail once with 502", comments: 1,
		inject: func(w *world) { w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Status: 502, Times: 1}) },
	},
	{
		where: "GitHub", what: "too many requests, for a second", comments: 1,
		inject: func(w *world) {
			w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Status: 429, Times: 1, RetryAfter: time.Second})
		},
	},
	{
		where: "GitHub", what: "the token may not write checks", comments: 1, said: "skip check",
		lost: "the check",
		inject: func(w *world) {
			w.forge.Fail(http.MethodPost, "/repos/*/*/check-runs", fakegithub.Fault{
				Status: 403, Message: "Resource not accessible by integration",
			})
		},
	},
	{
		where: "GitHub", what: "`/graphql` never answers", comments: 1, within: 2 * time.Minute,
		inject: func(w *world) { w.forge.Fail(http.MethodPost, "/graphql", fakegithub.Fault{Hang: true}) },
	},
	{
		where: "GitHub", what: "the list of comments never answers", within: 2 * time.Minute, said: "skip comment",
		lost:   "the comment; the job summary and the check have the report",
		inject: func(w *world) { w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Hang: true}) },
	},
	{
		where: "GitHub", what: "the API cannot be reached", said: "skip comment",
		lost:   "the comment; the job summary has the report",
		inject: func(w *world) { w.env["GITHUB_API_URL"] = "http://127.0.0.1:1" },
	},
	{
		where: "GitHub", what: "the comment is created, and the answer is lost", comments: 1,
		said: "skip comment",
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/comments") {
					forward(out)
					return
				}
				forward(httptest.NewRecorder())
				hangUp()
			})
		},
	},
	{
		where: "GitHub", what: "a list of comments without an end",
		said: "GitHub's list has no end",
		lost: "the comment; the job summary and the check have the report",
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/comments") {
					forward(out)
					return
				}
				out.Header().Set("Link", "<"+w.env["GITHUB_API_URL"]+r.URL.Path+`?page=2>; rel="next"`)
				_, _ = out.Write([]byte("[]"))
			})
		},
	},
	{
		where: "GitHub", what: "the check runs are answered with `null`", comments: 1,
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				if strings.HasSuffix(r.URL.Path, "/check-runs") {
					_, _ = out.Write([]byte("null"))
					return
				}
				forward(out)
			})
		},
	},
	{
		where: "GitHub", what: "a page of a proxy instead of an answer",
		said: "skip comment",
		lost: "the comment; the job summary has the report",
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				out.Header().Set("Content-Type", "text/html")
				_, _ = out.Write([]byte("<html>Sign in</html>"))
			})
		},
	},
	{
		where: "GitHub", what: "a proxy asks for a login",
		said: "the proxy does not let the request",
		lost: "the comment; the job summary has the report",
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				out.WriteHeader(http.StatusProxyAuthRequired)
			})
		},
	},
	{
		where: "GitHub", what: "every answer takes 2 s", comments: 1,
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				time.Sleep(2 * time.Second)
				forward(out)
			})
		},
	},
	{
		where: "GitHub", what: "every answer is cut off",
		said: "skip comment",
		lost: "the comment; the job summary has the report",
		inject: func(w *world) {
			w.front(func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter)) {
				out.Header().Set("Content-Length", "1000")
				_, _ = out.Write([]byte("["))
				hangUp()
			})
		},
	},
	{
		where: "GitHub", what: "a rate limit that lasts for an hour",
		said: "GitHub's rate limit is reached",
		lost: "the comment; the job summary and the check have the report",
		inject: func(w *world) {
			w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Status: 429, RetryAfter: time.Hour})
		},
	},
	{
		where: "GitHub", what: "the conversation is locked",
		said: "the conversation is locked",
		lost: "the comment; the job summary and the check have the report",
		inject: func(w *world) {
			w.forge.Lock(fakegithub.PullRequest)
		},
	},
	{
		where: "GitHub", what: "the token has expired",
		said: "skip comment",
		lost: "the comment; the job summary has the report",
		inject: func(w *world) {
			w.forge.Fail(http.MethodGet, comments, fakegithub.Fault{Status: 401, Message: "Bad credentials"})
		},
	},
}

const comments = "/repos/*/*/issues/*/comments"
