package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/html"
	"github.com/dbt-tally/dbt-tally/internal/report/terminal"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// history shows how the rows of the project's models developed over recorded runs.
func (c Command) history(ctx context.Context, cfg config.Config, con console) int {
	s, err := c.start(ctx, cfg, con)
	if err != nil {
		return con.refuse(err)
	}
	defer s.close()
	opened := audit.Open(ctx, s.audit)
	defer func() {
		if err := opened.Close(); err != nil {
			con.warn(err.Error())
		}
	}()
	con.problems(opened.Problems, true)
	if opened.Failed() {
		return ExitAuditFailed
	}
	end := con.working("reading the counts of recorded runs")
	query := historyQuery(cfg.History, s.audit.Connection.Target, c.Now())
	found, err := opened.History(ctx, query)
	end()
	if err != nil {
		if errors.Is(err, warehouse.ErrNoTable) {
			err = fmt.Errorf("%w; dbt-tally creates it when it first runs dbt, for example: dbt-tally build; see %s",
				err, docs.AuditTable)
		}
		con.error(err.Error())
		return ExitAuditFailed
	}
	if len(found.History.Runs) == 0 {
		con.warn(noRuns(query, found))
	}
	trends, unknown := selected(found.History.Trends(), cfg.History.Models)
	for _, model := range unknown {
		con.warn(fmt.Sprintf("no count of %q in the runs since %s; check the name, or use a longer --since; see %s",
			model, query.Since.Format("2006-01-02"), docs.History))
	}
	h := report.NewHistory(report.History{
		GeneratedAt: query.Before.UTC(), Table: found.Relation, Branch: query.Branch, Target: query.Target,
		Since: query.Since.UTC(),
	}, found.History.Runs, trends)
	if err := showHistory(c.Stdout, c.Dir, h, cfg.History); err != nil {
		con.error(err.Error())
		return ExitFailed
	}
	return ExitOK
}

// historyQuery selects the runs and the nodes.
func historyQuery(o config.HistoryOptions, target string, now time.Time) warehouse.TrendQuery {
	q := warehouse.TrendQuery{Branch: o.Branch, Target: target, Before: now, Since: now.Add(-o.Since)}
	for _, model := range o.Models {
		q.Names = append(q.Names, longestPart(model))
	}
	return q
}

// longestPart returns the longest part of a pattern without a character that has a
// meaning in it.
func longestPart(pattern string) string {
	parts := strings.FieldsFunc(pattern, func(r rune) bool { return strings.ContainsRune(`*?[]\^-`, r) })
	if strings.ContainsAny(pattern, `[\`) || len(parts) == 0 {
		return "" // of any name: the pattern itself decides
	}
	return slices.MaxFunc(parts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}

// selected returns the trends that the patterns mean, in their order, and the patterns
// that mean none.
func selected(trends []tally.Trend, patterns []string) (list []tally.Trend, unknown []string) {
	if len(patterns) == 0 {
		return trends, nil
	}
	for _, pattern := range patterns {
		before := len(list)
		for _, t := range trends {
			if means(pattern, t) && !slices.ContainsFunc(list, func(other tally.Trend) bool {
				return other.NodeID == t.NodeID && other.Relation == t.Relation
			}) {
				list = append(list, t)
			}
		}
		if len(list) == before {
			unknown = append(unknown, pattern)
		}
	}
	return list, unknown
}

// means reports whether a pattern is the name of a node, its ID, or its relation.
func means(pattern string, t tally.Trend) bool {
	for _, name := range []string{report.NodeName(t.NodeID), t.NodeID, t.Relation, lastName(t.Relation)} {
		if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name)); ok && err == nil && name != "" {
			return true
		}
	}
	return false
}

// lastName returns the last part of a relation, without its quotes.
func lastName(relation string) string {
	return strings.Trim(relation[strings.LastIndexByte(relation, '.')+1:], "\"`")
}

// noRuns states what was looked for, and what there is.
func noRuns(q warehouse.TrendQuery, found warehouse.Trend) string {
	text := fmt.Sprintf("%s has no run of target %q since %s", found.Relation, q.Target, q.Since.Format("2006-01-02"))
	if q.Branch != "" {
		text = fmt.Sprintf("%s has no run of branch %q and target %q since %s",
			found.Relation, q.Branch, q.Target, q.Since.Format("2006-01-02"))
	}
	var known []string
	for _, run := range found.Newest {
		words := fmt.Sprintf("%s (target %s, %s)",
			cmp.Or(run.Branch, "no branch"), run.Target, run.CompletedAt.Format("2006-01-02"))
		if !slices.Contains(known, words) {
			known = append(known, words)
		}
	}
	if len(known) == 0 {
		return text + "; no run is recorded yet"
	}
	return text + "; the newest runs are of " + report.List(known) + "; use --branch, --target or a longer --since"
}

// showHistory prints the history, and writes the page if one is asked for.
func showHistory(out io.Writer, dir string, h report.History, o config.HistoryOptions) error {
	if o.HTML != "" {
		file := workspace.Absolute(dir, o.HTML)
		if err := workspace.WriteFile(file, func(w io.Writer) error { return html.WriteHistory(w, h) }); err != nil {
			return err
		}
	}
	switch {
	case o.JSON:
		return report.WriteHistoryJSON(out, h)
	case o.CSV:
		return report.WriteHistoryCSV(out, h)
	case o.HTML != "":
		_, err := fmt.Fprintf(out, "report: %s\n", o.HTML)
		return err
	case len(o.Models) > 0:
		return terminal.WriteRuns(out, h)
	default:
		return terminal.WriteHistory(out, h)
	}
}
