package cloudrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbtcloud"
)

// lines gathers the progress of a session.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, format+"\n", args...)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const writesNumber = "#!/bin/sh\necho built\nmkdir -p target && echo $DBT_CLOUD_RUN_ID >target/manifest.json\n"

// newSession returns a session with a fake whose job's dbt only writes the number of the
// run as its manifest.
func newSession(t *testing.T, way config.CloudRun) (Session, *fakedbtcloud.Server, *lines) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(bin+"/dbt", []byte(writesNumber), 0o755); err != nil {
		t.Fatal(err)
	}
	server := fakedbtcloud.New(t, t.TempDir(), func() []string { return []string{"PATH=" + bin + ":" + os.Getenv("PATH")} })
	server.Change(func(j *fakedbtcloud.Job) { j.Steps = []string{"dbt build"} })
	progress := &lines{}
	return Session{
		Client: dbtcloud.Client{
			HTTP: server.Client(),
			Host: server.URL(), Account: fakedbtcloud.Account, Token: fakedbtcloud.AdminToken,
			Sleep: func(ctx context.Context, _ time.Duration) error {
				time.Sleep(time.Millisecond)
				return ctx.Err()
			},
		},
		Config:   config.CloudJob{Run: way, Job: fakedbtcloud.JobID, Timeout: time.Minute},
		Progress: progress.add, Now: time.Now,
	}, server, progress
}

func TestARunThatTakesTooLong(t *testing.T) {
	t.Parallel()
	for way, want := range map[config.CloudRun]string{
		config.Trigger: "run 4711: cancelled",
		config.Attach:  "run 4711 goes on in dbt Cloud",
	} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			s, server, progress := newSession(t, way)
			server.Change(func(j *fakedbtcloud.Job) { j.Hold = true })
			if way == config.Attach {
				server.Schedule()
			}
			run, err := s.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Config.Timeout = 100 * time.Millisecond
			run, err = s.Follow(t.Context(), run)
			if err == nil || !strings.Contains(err.Error(), "run 4711 did not end within 100ms (dbt-cloud-timeout)") {
				t.Errorf("Follow: %v", err)
			}
			if !strings.Contains(progress.String(), want) {
				t.Errorf("progress: %s; want %q", progress, want)
			}
			if cancelled := run.Status == dbtcloud.Cancelled; cancelled != (way == config.Trigger) {
				t.Errorf("status %s", run.Status)
			}
		})
	}
}

func TestNoRunOfTheCommit(t *testing.T) {
	t.Parallel()
	s, server, _ := newSession(t, config.Attach)
	server.Webhook(7, "feature", "0ther")
	s.Event = ci.Event{Name: "pull_request", PullRequest: 7, HeadSHA: "c0ffee"}
	clock := time.Now()
	s.Now = func() time.Time { clock = clock.Add(time.Minute); return clock }
	s.Config.Timeout = time.Hour
	_, err := s.Begin(t.Context())
	if !errors.Is(err, ErrNoRun) || !strings.Contains(err.Error(), "started no run of commit c0ffee within 10m0s") {
		t.Errorf("Begin: %v", err)
	}
}

// The event of a comment does not contain the commit.
func TestTheRunOfAPullRequest(t *testing.T) {
	t.Parallel()
	s, server, _ := newSession(t, config.Attach)
	server.Webhook(7, "feature", "c0ffee")
	server.Webhook(8, "other", "0ther")
	s.Event = ci.Event{Name: "issue_comment", PullRequest: 7}
	if run, err := s.Begin(t.Context()); err != nil || run.ID != 4711 {
		t.Errorf("Begin: run %d, %v; want 4711", run.ID, err)
	}
}

// A further run is not the run that a schedule reports on.
func TestFurtherRunsAreNotReportedOn(t *testing.T) {
	t.Parallel()
	s, server, _ := newSession(t, config.Attach)
	server.Schedule()
	server.Wait()
	if _, err := s.Client.Trigger(t.Context(), fakedbtcloud.JobID, dbtcloud.Request{Cause: onlyRowsCause + "4711"}); err != nil {
		t.Fatal(err)
	}
	run, err := s.Begin(t.Context())
	if err != nil || run.ID != 4711 {
		t.Errorf("Begin: run %d, %v; want 4711", run.ID, err)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	pull := ci.Event{Name: "pull_request", Repository: "acme/shop", PullRequest: 7, HeadSHA: "c0ffee", RunURL: "https://x/1"}
	merge := pull
	merge.RepositoryID = 11
	for name, test := range map[string]struct {
		event  ci.Event
		config config.CloudJob
		want   dbtcloud.Request
	}{
		"a pull request": {
			event: pull,
			want: dbtcloud.Request{
				Cause: "acme/shop https://x/1", GitSHA: "c0ffee", Schema: "dbt_cloud_pr_12_7", GitHubPull: 7,
			},
		},
		"a merge request": {
			event: merge,
			want: dbtcloud.Request{
				Cause: "acme/shop https://x/1", GitSHA: "c0ffee", Schema: "dbt_cloud_pr_12_7", GitLabMerge: 7,
			},
		},
		"a push": {event: ci.Event{Name: "push", HeadSHA: "c0ffee"}, want: dbtcloud.Request{Cause: "dbt-tally"}},
		"everything chosen": {
			event: pull,
			config: config.CloudJob{
				Cause: strings.Repeat("é", 200), GitBranch: "b", Schema: "s", PullRequest: 8, Steps: []string{"dbt run"},
				Timeout: time.Hour, Limited: true,
			},
			want: dbtcloud.Request{
				Cause: strings.Repeat("é", 100), GitBranch: "b", Schema: "s", GitHubPull: 8, Steps: []string{"dbt run"},
				Timeout: 3600,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.config.Job = fakedbtcloud.JobID
			got := Session{Config: test.config, Event: test.event}.request()
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
				t.Errorf("got %+v\nwant %+v", got, test.want)
			}
		})
	}
}
