package cloudrun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Counted are the audit rows of a run, and where dbt built.
type Counted struct {
	Rows             []tally.Row
	Columns          map[string][]tally.Column // of the relations that it built, by node ID
	Relation         string                    // the audit table, quoted; "" if there is none
	Target, Type     string
	Database, Schema string
}

// finished is what dbt_tally_finish printed.
type finished struct {
	Counted
	columns []string
	texts   [][]*string
	total   int
	grouped bool
	begun   bool
	ended   bool

	described, lists [][]*string // the columns
}

// complete reports whether everything was read: the rows, and the columns behind them.
func (f finished) complete() bool { return f.ended && f.allRows() }

func (f finished) allRows() bool { return f.begun && len(f.texts) == f.total }

// payload is one line of dbt_tally_finish: the first, the last, rows, or columns.
type payload struct {
	Begin    *string     `json:"begin"`
	Total    int         `json:"total"`
	Columns  []string    `json:"columns"`
	Relation string      `json:"relation"`
	Grouped  bool        `json:"grouped"`
	Target   string      `json:"target"`
	Type     string      `json:"type"`
	Database string      `json:"database"`
	Schema   string      `json:"schema"`
	Rows     [][]*string `json:"rows"`

	Described [][]*string `json:"described"` // nodes, and the hashes of their lists of columns
	Lists     [][]*string `json:"lists"`
	End       *string     `json:"end"`
}

// add takes what a log contains of the rows of a run. A log that is cut short lacks the
// last rows.
func (f *finished) add(log string, run int64) {
	ours := false
	for _, text := range dbt.LoggedPayloads(log) {
		var p payload
		if json.Unmarshal(text, &p) != nil {
			continue
		}
		if p.Begin != nil {
			ours = *p.Begin == strconv.FormatInt(run, 10)
		}
		switch {
		case !ours:
		case p.Begin != nil:
			f.begun, f.total, f.columns, f.grouped = true, p.Total, p.Columns, p.Grouped
			f.Relation, f.Target, f.Type, f.Database, f.Schema = p.Relation, p.Target, p.Type, p.Database, p.Schema
		default:
			f.texts = append(f.texts, p.Rows...)
			f.described, f.lists = append(f.described, p.Described...), append(f.lists, p.Lists...)
			f.ended = f.ended || p.End != nil
		}
	}
}

// counted parses the rows.
func (f finished) counted() (c Counted, err error) {
	c = f.Counted
	switch {
	case !f.begun:
		return c, errors.New("the run printed no audit rows")
	case f.Relation == "":
		return c, errors.New("the audit table does not exist; add the step dbt run-operation dbt_tally_start")
	case !f.grouped:
		return c, errors.New("the audit table lacks the column run_group; add the step dbt run-operation dbt_tally_start")
	}
	c.Rows, err = warehouse.ParseRows(f.columns, f.texts)
	c.Columns = warehouse.ParseColumns(f.described, f.lists)
	if err == nil && !f.allRows() {
		err = fmt.Errorf("only %d of %d audit rows could be read", len(f.texts), f.total)
	}
	return c, err
}

// Rows returns the audit rows of a run, from the log of its step dbt_tally_finish. If the
// run has no such step, did not reach it, or its log is cut short, a further run of the
// same job prints them. The error is what is missing; the rows are then incomplete.
func (s Session) Rows(ctx context.Context, run dbtcloud.Run) (Counted, error) {
	var f finished
	for try := 0; ; try++ {
		i := slices.IndexFunc(run.Steps, finishes)
		if i < 0 || run.Steps[i].Status != dbtcloud.Success {
			break
		}
		f = finished{}
		f.add(run.Steps[i].Logs, run.ID)
		if f.complete() || try == 3 || s.Client.Pause(ctx, time.Second<<try) != nil {
			break
		}
		// The logs of a run may be complete some seconds after the run itself.
		if again, err := s.Client.Run(ctx, run.ID, true); err == nil {
			run = again
		}
	}
	if !f.complete() && run.Status != dbtcloud.Cancelled {
		if err := s.furtherRuns(ctx, run, &f); err != nil && !f.allRows() {
			return f.Counted, err
		}
	}
	return f.counted()
}

// The beginnings of the causes of further runs, which only print the rows of another one.
const (
	furtherCause  = "dbt-tally: "
	onlyRowsCause = furtherCause + "audit rows of run "
	acceptsCause  = furtherCause + "accepts run "
)

// onlyRows reports whether a run only prints the rows of another one.
func onlyRows(run dbtcloud.Run) bool {
	return strings.HasPrefix(run.Trigger.Cause, onlyRowsCause) || strings.HasPrefix(run.Trigger.Cause, acceptsCause)
}

// furtherRuns prints the rows that are missing, in as many runs as the length of a log
// requires.
func (s Session) furtherRuns(ctx context.Context, run dbtcloud.Run, f *finished) error {
	for !f.complete() {
		had := len(f.texts)
		printing, err := s.furtherRun(ctx, run, further{
			cause: onlyRowsCause + strconv.FormatInt(run.ID, 10), does: "prints the audit rows of run %d", skip: had,
		})
		if errors.Is(err, dbtcloud.ErrForbidden) {
			return fmt.Errorf(`its log does not have all audit rows, and the token may not start a run that prints them; `+
				`end the job with dbt run-operation %s, or give dbt-cloud-token the permission Job Admin; see %s`,
				finishMacro, docs.DBTCloud)
		} else if err != nil {
			return err
		}
		for _, step := range printing.Steps {
			if finishes(step) {
				f.add(step.Logs, run.ID)
			}
		}
		if printing.Status != dbtcloud.Success {
			return fmt.Errorf("the further run that prints the audit rows ended with %s: %s", printing.Status, printing.URL)
		}
		if len(f.texts) == had {
			break
		}
	}
	return nil
}

// further describes a further run.
type further struct {
	cause string
	does  string // for people, with the number of the run that it is about
	skip  int    // how many rows it does not print
}

// furtherRun runs the job once more with the only command that prints the rows of a run,
// and waits for its end.
func (s Session) furtherRun(ctx context.Context, run dbtcloud.Run, f further) (dbtcloud.Run, error) {
	step := fmt.Sprintf(`dbt run-operation %s --args '{"group": "%d", "skip": %d}'`, finishMacro, run.ID, f.skip)
	no := false
	started, err := s.Client.Trigger(ctx, s.Config.Job, dbtcloud.Request{
		Cause: f.cause, GitSHA: run.GitSHA, Schema: run.Trigger.Schema,
		Steps: []string{step}, GenerateDocs: &no, Timeout: int64(furtherTimeout.Seconds()),
	})
	if err != nil {
		return dbtcloud.Run{}, err
	}
	s.Progress("a further run of job %d "+f.does+": %s", s.Config.Job, run.ID, started.URL)
	return s.followFurther(ctx, started)
}

// furtherTimeout bounds a run that only prints rows, with the time in the queue.
const furtherTimeout = 15 * time.Minute

// followFurther waits for a further run, and cancels it if the job is.
func (s Session) followFurther(ctx context.Context, run dbtcloud.Run) (dbtcloud.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, furtherTimeout)
	defer cancel()
	run, err := s.Client.Wait(ctx, run, func(dbtcloud.Run) {})
	if ctx.Err() != nil {
		return s.cancel(ctx, run, err)
	}
	return run, err
}
