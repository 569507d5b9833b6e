package fakedbtcloud

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/shlex"
)

// run is one run of the job.
type run struct {
	id                         int64
	dir                        string
	status                     int
	trigger                    triggerRequest
	category                   string // DBT_CLOUD_RUN_REASON_CATEGORY
	branch, sha                string
	created, started, finished time.Time
	steps                      []stepObject
	queued, hidden, late, cut  int
	cancel                     context.CancelFunc
}

// Webhook starts the run of a pull request, as a forge's webhook does.
func (s *Server) Webhook(pull int64, branch, sha string) {
	schema := fmt.Sprintf("dbt_cloud_pr_%d_%d", JobID, pull)
	s.start(triggerRequest{
		Cause: fmt.Sprintf("PR #%d", pull), GitBranch: &branch, GitSHA: &sha, GitHubPull: &pull, Schema: &schema,
	}, "github_pull_request")
}

// Schedule starts a run of the environment's branch.
func (s *Server) Schedule() { s.start(triggerRequest{Cause: "scheduled"}, "scheduled") }

// CancelNewest cancels the newest run, as a person does.
func (s *Server) CancelNewest() {
	s.mu.Lock()
	newest := s.runs[len(s.runs)-1]
	s.mu.Unlock()
	newest.cancel()
}

// Cut keeps only so many bytes of the logs of the runs so far; 0: all.
func (s *Server) Cut(bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		run.cut = bytes
	}
}

// Wait waits until every run is complete.
func (s *Server) Wait() { s.working.Wait() }

// Runs describes every run: number, status, schema, commit, what else it was started with, steps.
func (s *Server) Runs() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		names := []string{}
		for _, step := range run.steps {
			names = append(names, step.Name)
		}
		lines = append(lines, fmt.Sprintf("run %d: status %d, cause %s, schema %s, commit %s%s, %s",
			run.id, run.status, run.trigger.Cause, run.schema(), run.sha, run.trigger.more(), strings.Join(names, "; ")))
	}
	return lines
}

func (s *Server) cancelAll() {
	s.mu.Lock()
	runs := slices.Clone(s.runs)
	s.mu.Unlock()
	for _, run := range runs {
		run.cancel()
	}
}

func (r *run) schema() string {
	if r.trigger.Schema != nil {
		return *r.trigger.Schema
	}
	return "prod"
}

func (r *run) artifacts(step int) string {
	return filepath.Join(r.dir, "artifacts", strconv.Itoa(step))
}

// start starts a run in the background.
func (s *Server) start(trigger triggerRequest, category string) *run {
	ctx, cancel := context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	r := &run{
		id: s.lastID, dir: filepath.Join(s.dir, strconv.FormatInt(s.lastID, 10)), status: 2, trigger: trigger,
		category: category, branch: s.job.Branch, sha: MainSHA, created: time.Now(), cancel: cancel,
		queued: s.job.Queued, hidden: s.job.Hidden, late: s.job.Late,
	}
	if trigger.GitSHA != nil {
		r.sha, r.branch = *trigger.GitSHA, ""
	}
	if trigger.GitBranch != nil {
		r.branch = *trigger.GitBranch
	}
	s.runs = append(s.runs, r)
	job := s.job
	var model *run
	if job.Replay {
		model = s.recorded()
	}
	s.working.Go(func() { s.work(ctx, r, job, model) })
	return r
}

// work runs the steps, up to the first that fails.
func (s *Server) work(ctx context.Context, r *run, job Job, model *run) {
	clone := filepath.Join(r.dir, "clone")
	nothing := func(int) (string, error) { return "", nil }
	failed := errors.Join(
		s.step(r, "Clone git repository", func(int) (string, error) { return "", s.clone(clone) }),
		s.step(r, "Create profile from connection Warehouse", nothing),
		s.step(r, "Invoke dbt with `dbt deps`", nothing),
	) != nil
	s.locked(func() { r.status, r.started = 3, time.Now() })
	steps := job.Steps
	if len(r.trigger.Steps) > 0 {
		steps = r.trigger.Steps
	}
	docs := job.Docs && (r.trigger.GenerateDocs == nil || *r.trigger.GenerateDocs)
	if docs {
		steps = append(slices.Clone(steps), "dbt docs generate")
	}
	for i, command := range steps {
		if failed {
			break
		}
		name := "Invoke dbt with `" + command + "`"
		if docs && i == len(steps)-1 {
			name = "Invoke dbt with Generation of docs"
		}
		err := s.step(r, name, func(index int) (string, error) {
			if job.Hold {
				<-ctx.Done()
				return "", errCancelled
			}
			if log, ok := r.replay(model, name, index); ok {
				return log, nil
			}
			return s.dbt(ctx, r, clone, command, index)
		})
		failed = err != nil
		if ctx.Err() != nil {
			break
		}
	}
	s.locked(func() {
		r.finished = time.Now()
		switch {
		case ctx.Err() != nil:
			r.status = 30
		case failed:
			r.status = 20
		default:
			r.status = 10
		}
	})
}

// locked changes what requests read.
func (s *Server) locked(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// step adds a step and runs it.
func (s *Server) step(r *run, name string, do func(index int) (string, error)) error {
	index := 0
	s.locked(func() {
		index = len(r.steps) + 1
		r.steps = append(r.steps, stepObject{
			ID: r.id*100 + int64(index), RunID: r.id, AccountID: Account, Index: index, Status: 3, Name: name,
		})
	})
	log, err := do(index)
	s.locked(func() {
		step := &r.steps[index-1]
		step.Logs, step.Status = log, 10
		if err != nil {
			step.Status = 20
		}
		if errors.Is(err, errCancelled) {
			step.Status = 30
		}
	})
	return err
}

// clone copies the repository.
func (s *Server) clone(to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.project)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.Contains([]string{"target", "logs", ".tmp"}, entry.Name()) {
			continue
		}
		from := filepath.Join(s.project, entry.Name())
		if out, err := exec.Command("cp", "-r", from, to).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

var errCancelled = context.Canceled

// dbt runs one command as dbt Cloud does, and keeps what it leaves.
func (s *Server) dbt(ctx context.Context, r *run, clone, command string, index int) (string, error) {
	words, err := shlex.Split(command)
	if err != nil || words[0] != "dbt" {
		return "", fmt.Errorf("not a dbt command: %s", command)
	}
	cmd := exec.CommandContext(ctx, "env", words...)
	cmd.Dir, cmd.Env = clone, append(s.environ(), r.environ()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	out, err := cmd.Output()
	if copyErr := os.MkdirAll(r.artifacts(index), 0o755); copyErr != nil {
		return "", copyErr
	}
	for _, name := range []string{"manifest.json", "run_results.json"} {
		text, readErr := os.ReadFile(filepath.Join(clone, "target", name))
		if readErr == nil {
			readErr = os.WriteFile(filepath.Join(r.artifacts(index), name), text, 0o644)
		}
		if readErr != nil && !os.IsNotExist(readErr) {
			return "", readErr
		}
	}
	if ctx.Err() != nil {
		err = errCancelled
	}
	return string(out), err
}

// environ returns the variables that dbt Cloud sets.
func (r *run) environ() []string {
	list := []string{
		"DBT_ENV=prod", "DBT_CLOUD_ENVIRONMENT_NAME=Production", "DBT_CLOUD_ENVIRONMENT_TYPE=",
		"DBT_CLOUD_INVOCATION_CONTEXT=prod", "DBT_CLOUD_ENVIRONMENT_ID=78",
		"DBT_CLOUD_PROJECT_ID=56", "DBT_CLOUD_JOB_ID=12", "DBT_CLOUD_ACCOUNT_ID=34",
		"DBT_CLOUD_RUN_ID=" + strconv.FormatInt(r.id, 10),
		"DBT_CLOUD_RUN_REASON=" + r.trigger.Cause, "DBT_CLOUD_RUN_REASON_CATEGORY=" + r.category,
		"SHOP_SCHEMA=" + r.schema(),
	}
	if r.category == "github_pull_request" {
		list = append(list, "DBT_CLOUD_PR_ID="+strconv.FormatInt(*r.trigger.GitHubPull, 10), "DBT_CLOUD_GIT_SHA="+r.sha)
	}
	return list
}
