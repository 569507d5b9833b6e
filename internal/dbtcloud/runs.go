package dbtcloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient reads JSON as Python writes it.
var lenient = []json.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Run reads a run with its trigger, and with its steps and their logs if asked to. A run
// may be unknown for some seconds after it was triggered.
func (c Client) Run(ctx context.Context, id int64, withSteps bool) (Run, error) {
	related := `["trigger"]`
	if withSteps {
		related = `["trigger","run_steps"]`
	}
	run, err := get[Run](ctx, c, c.path("runs/%d/?include_related=%s", id, url.QueryEscape(related)))
	if err != nil {
		return Run{}, fmt.Errorf("read run %d: %w", id, err)
	}
	return run, nil
}

// Query selects runs. A zero field does not restrict them.
type Query struct {
	Job, Project int64
	Status       Status
	Limit        int // at most 100
}

// Runs returns the newest runs, newest first, without their steps.
func (c Client) Runs(ctx context.Context, q Query) ([]Run, error) {
	query := url.Values{
		"order_by": {"-id"}, "limit": {strconv.Itoa(q.Limit)}, "include_related": {`["trigger"]`},
	}
	for name, value := range map[string]int64{
		"job_definition_id": q.Job, "project_id": q.Project, "status": int64(q.Status),
	} {
		if value != 0 {
			query.Set(name, strconv.FormatInt(value, 10))
		}
	}
	runs, err := get[[]Run](ctx, c, c.path("runs/?%s", query.Encode()))
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return runs, nil
}

// FindJob returns ErrNotFound if there is no such job.
func (c Client) FindJob(ctx context.Context, id int64) error {
	if _, err := get[struct{}](ctx, c, c.path("jobs/%d/", id)); err != nil {
		return fmt.Errorf("read job %d: %w", id, err)
	}
	return nil
}

// Cancel cancels a run. One that has ended stays as it is.
func (c Client) Cancel(ctx context.Context, id int64) error {
	err := c.again(ctx, 3, worthRepeating, func() error {
		return c.once(ctx, http.MethodPost, c.path("runs/%d/cancel/", id), struct{}{}, discard)
	})
	if err != nil {
		return fmt.Errorf("cancel run %d: %w", id, err)
	}
	return nil
}

// Artifact copies a file that dbt left in a step of a run. The error is ErrNotFound if
// there is none.
func (c Client) Artifact(ctx context.Context, run int64, step int, name string, to func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	path := c.path("runs/%d/artifacts/%s?step=%d", run, name, step)
	err := c.again(ctx, tries, worthRepeating, func() error { return c.send(ctx, http.MethodGet, path, nil, to) })
	if err != nil {
		return fmt.Errorf("read %s of run %d, step %d: %w", name, run, step, err)
	}
	return nil
}

// Wait follows a run until it is complete, and reports its state each time that it was
// read. It returns the last state that it knows, with the context's error if that ended.
// It survives an outage of dbt Cloud of some minutes.
func (c Client) Wait(ctx context.Context, run Run, progress func(Run)) (Run, error) {
	const outage = 8 // reads in a row, each repeated with pauses
	failures := 0
	for pause := time.Second; ; pause = min(pause*3/2, 15*time.Second) {
		now, err := c.Run(ctx, run.ID, true)
		switch {
		case ctx.Err() != nil:
			return run, ctx.Err()
		case err != nil && !worthRepeating(err) && !errors.Is(err, ErrNotFound):
			return run, err
		case err != nil:
			// Right after the trigger, about one run in a hundred is not found at first
			// (https://github.com/PrefectHQ/prefect-dbt/issues/145).
			if failures++; failures > outage {
				return run, err
			}
		default:
			failures, run = 0, now
			progress(run)
			if run.Status.Complete() {
				return run, nil
			}
		}
		if err := c.Pause(ctx, pause); err != nil {
			return run, err
		}
	}
}

func discard(body io.Reader) error {
	_, err := io.Copy(io.Discard, body)
	return err
}
