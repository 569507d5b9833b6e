package cloudrun

import (
	"context"
	"io"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Judge decides which earlier runs may be a baseline. A report without a connection to the
// warehouse records nothing there. So each run is judged again, by this job's gates.
type Judge struct {
	Session Session
	Input   tally.Input      // this job's nodes with their gates; the rows are replaced
	Code    []tally.CodeNode // this job's
	// Read reads the nodes of a manifest with their fingerprints.
	Read func(manifest io.Reader) ([]tally.CodeNode, error)
}

// Sound leaves out the runs, newest first, whose counts breach a gate against the runs
// before them, unless they were accepted.
func (j Judge) Sound(ctx context.Context, past []Past) (sound []Past) {
	for _, p := range slices.Backward(past) {
		if p.Accept == "" && j.breaches(ctx, p, sound) {
			j.Session.Progress("run %d is not compared with: it breaches a gate, and is not accepted", p.Run.ID)
			continue
		}
		sound = slices.Insert(sound, 0, p)
	}
	return sound
}

// breaches reports whether a run breaches a gate of severity error.
func (j Judge) breaches(ctx context.Context, p Past, before []Past) bool {
	in := j.Input
	in.Rows, in.Results, in.Invocations, in.Unaudited = p.Rows, nil, nil, ""
	for _, run := range slices.Backward(p.Runs) {
		in.Invocations = append(in.Invocations, run.ID)
	}
	in.History = joined(before)
	judged := tally.Compare(in)
	code := tally.Code{Nodes: j.Code, Columns: p.Columns}
	if len(before) > 0 {
		code.BaselineColumns = before[0].Columns
	}
	judged.Explain(code)
	if !failing(judged) {
		return false
	}
	edits := func(m tally.Model) bool { return m.Node.Limits.Scope == tally.ScopeEdited }
	if len(before) == 0 || !slices.ContainsFunc(judged.Models, edits) {
		return true
	}
	// Which models were edited is only known with the code of both runs.
	judged = tally.Compare(in)
	code.Nodes, code.Baseline = j.code(ctx, p.Run), fingerprints(j.code(ctx, before[0].Run))
	judged.Explain(code)
	return failing(judged)
}

func failing(t tally.Tally) bool {
	return slices.ContainsFunc(t.Models, func(m tally.Model) bool {
		return slices.ContainsFunc(m.Breaches, func(b tally.Breach) bool { return b.Severity == tally.SeverityError })
	})
}

// joined returns the history of runs, newest first, with the columns of the newest.
func joined(past []Past) (history tally.History) {
	for _, p := range past {
		history.Runs, history.Rows = append(history.Runs, p.Runs...), append(history.Rows, p.Rows...)
	}
	if len(past) > 0 {
		history.Columns = past[0].Columns
	}
	return history
}

// History joins runs, newest first, with the fingerprints of the newest.
func (j Judge) History(ctx context.Context, past []Past) tally.History {
	history := joined(past)
	if len(past) > 0 {
		history.Fingerprints = fingerprints(j.code(ctx, past[0].Run))
	}
	return history
}

// code reads the code that a run built. Without it the changed files of the pull request
// are used, so an error is not reported.
func (j Judge) code(ctx context.Context, run dbtcloud.Run) (nodes []tally.CodeNode) {
	for _, step := range slices.Backward(run.Steps) {
		if !reports(step) {
			continue
		}
		err := j.Session.Client.Artifact(ctx, run.ID, step.Index, "manifest.json", func(body io.Reader) (err error) {
			nodes, err = j.Read(body)
			return err
		})
		if err != nil {
			return nil
		}
		return nodes
	}
	return nil
}

// fingerprints returns the fingerprints by node ID, or nil if there are no nodes.
func fingerprints(nodes []tally.CodeNode) map[string]string {
	var prints map[string]string
	for _, node := range nodes {
		if prints == nil {
			prints = map[string]string{}
		}
		if node.Fingerprint != "" {
			prints[node.ID] = node.Fingerprint
		}
	}
	return prints
}
