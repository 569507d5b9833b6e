package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Limits of a report that is read: more than any run needs, and small enough to be read
// cheaply.
const (
	maxBytes   = 32 << 20
	maxValues  = 500_000 // objects and lists
	maxCount   = 1e14    // rows of a model; 50,000 such counts do not overflow a sum
	maxSeconds = 1e9
	maxHistory = 30
)

// Read reads the report.json of another run. Anyone who can open a pull request can write
// one, so the file may contain anything. Read refuses a file that is too large, of
// another version, or with a word or a number that WriteJSON never writes, and New builds
// the result. Read does not use values that can be derived from the models, or the link
// to the baseline's run. It ignores unknown keys, because keys may be added to a version.
//
// The texts are as untrusted as those of any report, and are rendered accordingly. An
// error repeats at most a few words of the file, in quotes.
func Read(from io.Reader) (Report, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxBytes+1))
	if err != nil {
		return Report{}, err
	}
	if len(text) > maxBytes {
		return Report{}, fmt.Errorf("it has more than %s bytes", tally.Number(maxBytes))
	}
	var of struct{ Version int }
	if err := json.Unmarshal(text, &of); err != nil {
		return Report{}, fmt.Errorf("it is not a report: %w", err)
	}
	if of.Version != Version {
		return Report{}, fmt.Errorf("it is a report of version %d; expected %d", of.Version, Version)
	}
	if err := checkSize(text); err != nil {
		return Report{}, err
	}
	var claimed Report
	if err := json.Unmarshal(text, &claimed); err != nil {
		return Report{}, fmt.Errorf("it is not a report: %w", err)
	}
	if err := claimed.check(); err != nil {
		return Report{}, err
	}
	return claimed.anew(), nil
}

// checkSize counts the values of valid JSON before memory is allocated for them: "{},"
// has three bytes, and a Model some four hundred.
func checkSize(text []byte) error {
	values := 0
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("it is not a report: %w", err)
		case token == json.Delim('{'), token == json.Delim('['):
			values++
		}
		if values > maxValues {
			return fmt.Errorf("it has more than %s objects and lists", tally.Number(maxValues))
		}
	}
}

// check returns the first value in a report that New and WriteJSON never produce.
func (r Report) check() error {
	if !slices.Contains([]Status{Success, Failed, Incomplete}, r.Status) {
		return unknown("status", r.Status)
	}
	if !within(float64(r.Audit.Statements), maxCount) || !possible(r.Audit.Seconds) ||
		!possible(&r.Audit.Around) || !possible(r.Requirements) {
		return errors.New("an impossible number of statements or seconds")
	}
	for _, root := range r.Causes {
		if !knownKind(root.Kind) {
			return unknown("cause", root.Kind)
		}
	}
	if d := r.Drift; d != nil && (!within(float64(d.Moved), maxCount) || !within(d.Median, maxCount)) {
		return errors.New("an impossible drift")
	}
	for i, m := range r.Models {
		if err := m.check(); err != nil {
			return fmt.Errorf("model %d: %w", i+1, err)
		}
	}
	return nil
}

func (m Model) check() error {
	if !slices.Contains(tally.Statuses(), m.Status) {
		return unknown("status", m.Status)
	}
	if m.Cause != nil && !knownKind(m.Cause.Kind) {
		return unknown("cause", m.Cause.Kind)
	}
	if w := m.Written; w != nil && w.Source != "" && !w.Source.Known() {
		return unknown("source", w.Source)
	}
	if !m.CountSource.Known() {
		return unknown("source of a count", m.CountSource)
	}
	if f := m.FanOut; f != nil && (!within(f.Ratio, maxCount) || !within(f.Baseline, maxCount)) {
		return errors.New("an impossible fan-out")
	}
	for _, g := range m.Gates {
		switch {
		case g.Axis != tally.AxisBefore && g.Axis != tally.AxisBaseline:
			return unknown("axis", g.Axis)
		case g.Severity != tally.SeverityError && g.Severity != tally.SeverityWarn:
			return unknown("severity", g.Severity)
		}
	}
	if len(m.History) > maxHistory {
		return fmt.Errorf("a history of %d counts; expected at most %d", len(m.History), maxHistory)
	}
	counts := slices.Clone(m.History)
	for _, n := range append([]*int64{m.Before, m.After, m.Baseline}, m.Written.counts()...) {
		if n != nil {
			counts = append(counts, *n)
		}
	}
	for _, n := range counts {
		if !within(float64(n), maxCount) {
			return fmt.Errorf("an impossible count, %d", n)
		}
	}
	if !m.Adapter.possible() {
		return errors.New("an impossible figure of the adapter")
	}
	if !possible(&m.Seconds) || !possible(m.BaselineSeconds) {
		return errors.New("an impossible number of seconds")
	}
	return nil
}

func knownKind(kind tally.CauseKind) bool {
	return slices.Contains([]tally.CauseKind{
		tally.CauseEdited, tally.CauseDownstream, tally.CauseData, tally.CauseUnknown,
	}, kind)
}

func possible(seconds *float64) bool { return seconds == nil || within(*seconds, maxSeconds) }

func within(n, limit float64) bool { return 0 <= n && n <= limit }

// unknown reports a word that is not one of the known ones.
func unknown[T ~string](what string, word T) error {
	return fmt.Errorf("unknown %s %q", what, Cut(string(word), 40))
}

// anew builds the report again from its data about the run and about each model.
func (r Report) anew() Report {
	t := tally.Tally{Causes: r.causes()}
	t.Causes.Removed = r.Removed
	if r.Drift != nil {
		t.Drift = &tally.Drift{Models: r.Drift.Models, Moved: r.Drift.Moved, Median: r.Drift.Median}
	}
	files, reported := map[string]string{}, map[string]Adapter{}
	for _, m := range r.Models {
		t.Models = append(t.Models, m.tally())
		files[m.NodeID] = m.File
		if m.Adapter != nil {
			reported[m.NodeID] = *m.Adapter
		}
	}
	for _, root := range r.Causes {
		if files[root.NodeID] == "" {
			files[root.NodeID] = root.File
		}
	}
	if b := r.Baseline; b != nil {
		t.BaselineRun = &tally.Run{ID: b.RunID, Branch: b.Branch, Commit: b.Commit, CompletedAt: b.CompletedAt}
	}
	made := New(Input{
		GeneratedAt: r.GeneratedAt, TallyVersion: r.TallyVersion, Status: r.Status, ExitCode: r.ExitCode,
		HeadSHA: r.HeadSHA, Branch: r.Branch, Invocations: r.Invocations, Requirements: r.Requirements,
		Target: r.Target, Audit: r.Audit, Failures: r.Failures,
		Sought: r.Sought, GatesUnchecked: r.GatesUnchecked, Files: files, Adapter: reported,
	}, t)
	if r.Baseline != nil {
		made.Baseline.Stale = r.Baseline.Stale // the limit was that run's
	}
	return made
}

// tally returns the model from which lineOf makes this line.
func (m Model) tally() tally.Model {
	made := tally.Model{
		Node: tally.Node{
			ID: m.NodeID, Name: m.Name, ResourceType: m.ResourceType,
			Path: m.Path, Relation: m.Relation, Materialized: m.Materialized,
		},
		Status: m.Status, Reason: m.Reason, Before: m.Before, After: m.After, Seconds: m.Seconds,
		Earlier: tally.Earlier{
			Baseline: m.Baseline, BaselineSeconds: m.BaselineSeconds, BaselineNew: m.BaselineNew,
			History: m.History, HistorySince: m.HistorySince, Unusual: m.Unusual,
		},
		Unchecked: m.GatesUnchecked, Parents: m.Parents, Written: m.Written.tally(), CountSource: m.CountSource,
	}
	if c := m.Columns; c != nil {
		made.Columns = tally.ColumnChange{Added: c.Added, Removed: c.Removed, Retyped: c.Retyped}
	}
	if f := m.FanOut; f != nil {
		made.FanOut = &tally.FanOut{Parent: f.Parent, Ratio: f.Ratio, Baseline: f.Baseline, Moved: true}
	}
	for _, g := range m.Gates {
		made.Breaches = append(made.Breaches, tally.Breach(g))
	}
	return made
}
