package dbtcloud

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbtcloud"
)

// newClient returns a client of a fake whose job's dbt does nothing. Its clock does not
// wait; slept gets what it would have waited.
func newClient(t *testing.T, slept *[]time.Duration) (Client, *fakedbtcloud.Server) {
	t.Helper()
	project, bin := t.TempDir(), t.TempDir()
	if err := os.WriteFile(bin+"/dbt", []byte("#!/bin/sh\necho built\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	server := fakedbtcloud.New(t, project, func() []string { return []string{"PATH=" + bin + ":" + os.Getenv("PATH")} })
	server.Change(func(j *fakedbtcloud.Job) { j.Steps = []string{"dbt build"} })
	return Client{
		HTTP: server.Client(),
		Host: server.URL(), Account: fakedbtcloud.Account, Token: fakedbtcloud.AdminToken,
		Sleep: func(ctx context.Context, d time.Duration) error {
			if slept != nil {
				*slept = append(*slept, d)
			}
			time.Sleep(time.Millisecond)
			return ctx.Err()
		},
	}, server
}

// triggered counts the requests that start a run.
func triggered(server *fakedbtcloud.Server) (n int) {
	for _, request := range server.Requests() {
		if strings.HasPrefix(request, "POST ") && strings.HasSuffix(request, "/run/") {
			n++
		}
	}
	return n
}

const runPath = "jobs/*/run/"

func TestTriggerStartsOneRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault    fakedbtcloud.Fault
		requests int
	}{
		"at once":             {fakedbtcloud.Fault{}, 1},
		"the answer is lost":  {fakedbtcloud.Fault{Status: 502, Times: 1, After: true}, 1},
		"the request is lost": {fakedbtcloud.Fault{Status: 503, Times: 2}, 3},
		"too many requests":   {fakedbtcloud.Fault{Status: 429, Times: 2, RetryAfter: 7}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var slept []time.Duration
			c, server := newClient(t, &slept)
			if test.fault.Status != 0 {
				server.Fail(http.MethodPost, runPath, test.fault)
			}
			run, err := c.Trigger(t.Context(), fakedbtcloud.JobID, Request{Cause: "a test"})
			if err != nil || run.ID == 0 || run.URL == "" {
				t.Fatalf("Trigger: %+v, %v", run, err)
			}
			if n := triggered(server); n != test.requests {
				t.Errorf("%d requests; want %d", n, test.requests)
			}
			if runs := server.Runs(); len(runs) != 1 {
				t.Errorf("runs: %q; want one", runs)
			}
			if test.fault.RetryAfter > 0 && (len(slept) == 0 || slept[0] != 7*time.Second) {
				t.Errorf("waited %v; want what Retry-After says", slept)
			}
		})
	}
}

// Nothing is sent to a host whose certificate is refused.
func TestACertificateThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	var slept []time.Duration
	c, _ := newClient(t, &slept)
	c.HTTP = &http.Client{Transport: &http.Transport{}}
	_, err := c.Trigger(t.Context(), fakedbtcloud.JobID, Request{Cause: "a test"})
	if err == nil || errors.Is(err, errUnknown) || len(slept) != 0 {
		t.Fatalf("Trigger: %v, after waiting %v; want an error at once", err, slept)
	}
	if text := c.Explain(err, fakedbtcloud.JobID).Error(); !strings.Contains(text, "check dbt-cloud-host, or name") {
		t.Errorf("the message is %q", text)
	}
}

func TestTriggerIsNotRepeatedIfARunMayHaveStarted(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*fakedbtcloud.Server){
		"runs cannot be listed": func(s *fakedbtcloud.Server) {
			s.Fail(http.MethodGet, "runs/", fakedbtcloud.Fault{Status: 503})
		},
		"runs are listed without their causes": func(s *fakedbtcloud.Server) {
			s.Change(func(j *fakedbtcloud.Job) { j.Mute = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server := newClient(t, nil)
			server.Fail(http.MethodPost, runPath, fakedbtcloud.Fault{Status: 502, After: true})
			prepare(server)
			_, err := c.Trigger(t.Context(), fakedbtcloud.JobID, Request{Cause: "a test"})
			if err == nil || !strings.Contains(err.Error(), "whether a run was started is not known") {
				t.Errorf("Trigger: %v; want that it is not known", err)
			}
			if n := triggered(server); n != 1 {
				t.Errorf("%d requests; want one", n)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Client)
		job    int64
		want   error
		says   string
	}{
		"another region": {func(c *Client) { c.Token = "of another region" }, fakedbtcloud.JobID, ErrUnauthorized, `"dbt-cloud-host"`},
		"read only":      {func(c *Client) { c.Token = fakedbtcloud.ReadOnlyToken }, fakedbtcloud.JobID, ErrForbidden, "Job Admin"},
		"no such job":    {func(*Client) {}, 99, ErrNotFound, "no job 99"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server := newClient(t, nil)
			test.change(&c)
			_, err := c.Trigger(t.Context(), test.job, Request{Cause: "a test"})
			if !errors.Is(err, test.want) {
				t.Fatalf("Trigger: %v; want %v", err, test.want)
			}
			if said := c.Explain(err, test.job).Error(); !strings.Contains(said, test.says) || strings.Contains(said, c.Token) {
				t.Errorf("Explain: %s", said)
			}
			if n := triggered(server); n != 1 {
				t.Errorf("%d requests; want one", n)
			}
		})
	}
}

func TestWaitSurvives(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*fakedbtcloud.Server){
		"a run that is not found at first": func(s *fakedbtcloud.Server) {
			s.Change(func(j *fakedbtcloud.Job) { j.Hidden = 3 })
		},
		"a slow queue": func(s *fakedbtcloud.Server) {
			s.Change(func(j *fakedbtcloud.Job) { j.Queued = 20 })
		},
		"an outage": func(s *fakedbtcloud.Server) {
			s.Fail(http.MethodGet, "runs/*/", fakedbtcloud.Fault{Status: 503, Times: 15})
		},
		"too many requests": func(s *fakedbtcloud.Server) {
			s.Fail(http.MethodGet, "runs/*/", fakedbtcloud.Fault{Status: 429, Times: 15, RetryAfter: 1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, server := newClient(t, nil)
			prepare(server)
			run, err := c.Trigger(t.Context(), fakedbtcloud.JobID, Request{Cause: "a test"})
			if err != nil {
				t.Fatal(err)
			}
			run, err = c.Wait(t.Context(), run, func(Run) {})
			if err != nil || run.Status != Success || len(run.Steps) != 4 {
				t.Fatalf("Wait: %+v, %v; want a success with its steps", run, err)
			}
			if step := run.Steps[3]; step.Logs != "built\n" || step.Name != "Invoke dbt with `dbt build`" {
				t.Errorf("the last step is %+v", step)
			}
		})
	}
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	c, server := newClient(t, nil)
	run, err := c.Trigger(t.Context(), fakedbtcloud.JobID, Request{Cause: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	server.Fail(http.MethodGet, "runs/*/", fakedbtcloud.Fault{Status: 503})
	if _, err := c.Wait(t.Context(), run, func(Run) {}); err == nil {
		t.Error("Wait did not give up on a dbt Cloud that is down for good")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Wait(ctx, run, func(Run) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v; want the context's error", err)
	}
}

func TestAMissingArtifactIsNotFound(t *testing.T) {
	t.Parallel()
	c, server := newClient(t, nil)
	run, err := c.Trigger(t.Context(), fakedbtcloud.JobID, Request{Cause: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	server.Wait()
	err = c.Artifact(t.Context(), run.ID, 4, "run_results.json", func(io.Reader) error { return nil })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("Artifact: %v; want ErrNotFound", err)
	}
}

func TestTimesInEveryForm(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 8, 20, 17, 18, 23, 0, time.UTC)
	for _, text := range []string{
		`"2026-08-20T17:18:23Z"`, `"2026-08-20 17:18:23.000000+00:00"`, `"2026-08-20T19:18:23+02:00"`, `"2026-08-20 17:18:23"`,
	} {
		var got Time
		if err := got.UnmarshalJSON([]byte(text)); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	var none Time
	if err := none.UnmarshalJSON([]byte("null")); err != nil || !none.IsZero() {
		t.Errorf("null: %v, %v", none, err)
	}
}
