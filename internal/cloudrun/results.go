package cloudrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
)

// Results are what dbt left of a run.
type Results struct {
	Invocations []dbt.Invocation // of the steps that build or test, and of the one that failed
	Manifest    bool             // there is a manifest.json in the directory
	Problems    []string
	Missing     []string // the problems with steps that built, so that what they built is unknown
}

// Results reads the results of each step, and puts the manifest into the directory. A
// file that dbt Cloud does not have is a problem and not an error: the run is as it is.
func (s Session) Results(ctx context.Context, run dbtcloud.Run, dir string) Results {
	var r Results
	last := 0 // the last step that should have a manifest
	for _, step := range run.Steps {
		if !reports(step) && (step.Status != dbtcloud.Error || finishes(step)) || step.Status == 0 {
			continue
		}
		inv := dbt.Invocation{Command: command(step)}
		if reports(step) {
			last = step.Index
			found, err := s.stepResults(ctx, run, step, dir, r.Invocations)
			if err != nil {
				r.Problems = append(r.Problems, err.Error())
				if inv.Command.Builds() && step.Status == dbtcloud.Success {
					r.Missing = append(r.Missing, err.Error())
				}
			} else {
				inv = found
			}
		}
		r.Invocations = append(r.Invocations, ended(inv, step, run))
	}
	if last > 0 {
		if err := s.artifact(ctx, run, last, "manifest.json", dir); err != nil {
			r.Problems = append(r.Problems, err.Error()+"; models are shown by their IDs")
		} else {
			r.Manifest = true
		}
	}
	r.Invocations = withOutcome(r.Invocations, run)
	return r
}

// ended sets how the step ended.
func ended(inv dbt.Invocation, step dbtcloud.Step, run dbtcloud.Run) dbt.Invocation {
	if inv.StartedAt.IsZero() {
		inv.StartedAt, inv.CompletedAt = run.Started.Time, run.Finished.Time
	}
	switch step.Status {
	case dbtcloud.Success:
		inv.ExitCode = 0
	case dbtcloud.Error:
		inv.ExitCode = dbt.ExitNodesFailed
		if !slices.ContainsFunc(inv.Nodes, dbt.NodeResult.Failed) {
			inv.Error = cmp.Or(lastError(step.Logs), step.Name+" failed")
		}
	default: // cancelled, or still running when this job ended
		inv.ExitCode, inv.Interrupted = dbt.ExitCouldNotRun, true
	}
	return inv
}

// withOutcome makes sure that the invocations show how the run ended.
func withOutcome(list []dbt.Invocation, run dbtcloud.Run) []dbt.Invocation {
	end := dbt.Invocation{StartedAt: run.Started.Time, CompletedAt: run.Finished.Time}
	failed := func(inv dbt.Invocation) bool { return inv.ExitCode != 0 }
	switch {
	case run.Status == dbtcloud.Success, slices.ContainsFunc(list, failed):
		return list
	case run.Status == dbtcloud.Error:
		end.ExitCode = dbt.ExitNodesFailed
		end.Error = cmp.Or(run.Message, "dbt Cloud does not say why the run failed")
		if step := FailedStep(run); step != nil {
			end.Command, end.Error = command(*step), cmp.Or(lastError(step.Logs), end.Error)
		}
	default:
		end.ExitCode, end.Interrupted = dbt.ExitCouldNotRun, true
	}
	return append(list, end)
}

// stepResults reads the results of one step. dbt Cloud has answered with another step's
// results before (https://github.com/fal-ai/dbt-cloud-action/pull/16), so the command and
// the invocation must be this step's own.
func (s Session) stepResults(
	ctx context.Context, run dbtcloud.Run, step dbtcloud.Step, dir string, earlier []dbt.Invocation,
) (dbt.Invocation, error) {
	dir = filepath.Join(dir, "step-"+strconv.Itoa(step.Index))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return dbt.Invocation{}, err
	}
	if err := s.artifact(ctx, run, step.Index, "run_results.json", dir); err != nil {
		return dbt.Invocation{}, err
	}
	inv, err := dbt.CLI{TargetPath: dir}.Past("")
	if err != nil {
		return dbt.Invocation{}, err
	}
	const another = "run_results.json of run %d, step %d (%s) belongs to another step (%s) and is not used"
	known := slices.ContainsFunc(earlier, func(e dbt.Invocation) bool { return e.ID == inv.ID })
	if name := inv.Command.Name(); name != "" && name != command(step).Name() || known {
		return dbt.Invocation{}, fmt.Errorf(another, run.ID, step.Index, command(step), inv.Command)
	}
	inv.Command = command(step)
	return inv, nil
}

// artifact puts a file that dbt left into the directory.
func (s Session) artifact(ctx context.Context, run dbtcloud.Run, step int, name, dir string) error {
	err := s.Client.Artifact(ctx, run.ID, step, name, func(body io.Reader) error {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		_, err = io.Copy(file, body)
		return errors.Join(err, file.Close())
	})
	if errors.Is(err, dbtcloud.ErrNotFound) {
		return fmt.Errorf("dbt Cloud has no %s of run %d, step %d", name, run.ID, step)
	}
	return err
}
