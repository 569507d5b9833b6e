package warehouse

import (
	"cmp"
	"context"
)

func (e *throughDBT) finish(ctx context.Context, f Finish) (answer, error) {
	args := e.args()
	args["invocations"] = f.Invocations
	runs := make([][]*string, len(f.Runs))
	for i, run := range f.Runs {
		runs[i] = runValues(run)
	}
	args["runs"] = runs
	if f.History.Wanted {
		args["history"] = historyArgs(f)
	}
	payloads, leftOut, err := e.runWithout(ctx, "dbt_tally_finish", args, recordingStep)
	var a answer
	if why, ok := leftOut[recordingStep]; ok {
		a.problems = append(a.problems, notRecorded(runTable(e.table), why))
	}
	// It comes last: the rows were read, and the run was recorded.
	compared := f.History.Wanted
	if err != nil && lastStep(payloads) == comparingStep {
		a.problems = append(a.problems, noHistory(err))
		compared, err = false, nil
	}
	if err != nil {
		return a, err
	}
	var past earlier
	for _, p := range payloads {
		if p.Absent {
			return a, ErrNoTable
		}
		a.relation = cmp.Or(p.Relation, a.relation)
		a.rows = append(a.rows, p.Rows...)
		past.runs = append(past.runs, p.Runs...)
		past.rows = append(past.rows, p.Past...)
		past.newest = append(past.newest, p.Newest...)
	}
	if compared {
		a.earlier = &past
	}
	return a, nil
}

func historyArgs(f Finish) map[string]any {
	filter := f.filter(10)
	return map[string]any{
		"database": f.History.Database, "schema": f.History.Schema,
		"run_id": filter.id, "branch": filter.branch, "target": filter.target,
		"since": sqlTime(f.History.Before.Add(-historyAge)), "newest_since": sqlTime(f.History.Before.Add(-fallbackAge)),
		"before": sqlTime(f.History.Before), "exclude": f.Invocations, "limit": filter.limit,
	}
}

// dbtBatchRows bounds the rows of a statement, but for the last run's. Where dbt is
// the way, a statement costs more than its rows do.
const dbtBatchRows = 100_000

func (e *throughDBT) prune(ctx context.Context, p pruning) (log, run int64, err error) {
	args := e.args()
	args["older_than"], args["dry_run"], args["batch_rows"] = sqlTime(p.than), p.dryRun, dbtBatchRows
	payloads, err := e.run(ctx, "dbt_tally_prune", args)
	for _, done := range payloads {
		if done.Absent {
			return 0, 0, ErrNoTable
		}
		log, run = log+done.Log, run+done.Run
		if deleted := done.Log + done.Run; deleted > 0 && !p.dryRun {
			p.progress(deleted)
		}
	}
	return log, run, err
}
