package html

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// page contains the data for the template, which escapes all texts.
type page struct {
	Title    string // of the window
	Mood     string // the class of the headline: "bad", "doubtful" or "fine"
	Headline string
	Facts    []link

	Problems []string // with auditing
	Breaches []breach
	Failures []failure
	Causes   [][]cause // those that are open, and those that are folded
	Notes    []string
	Lineage  *lineage // nil: nothing differs
	Measured []fact

	table

	Policy string
	Style  template.CSS
	Script template.JS
	Data   any // for the script
}

// table has one row per model.
type table struct {
	Caption string
	Noun    string // of the rows, in the plural
	Columns []string
	Last    string // the title of the last column before the trend
	Rows    []row

	runs  []report.Run
	files string
	now   time.Time
}

// row is the line of one model.
type row struct {
	Index int
	Sign  string
	Name  string
	Cells []string
	Why   string
	Spark string // the path of the sparkline, "" for none

	about about
}

type link struct{ Text, URL string }

type fact struct{ Name, Value string }

type breach struct {
	Sign, Text string
	Index      int
}

type failure struct{ Name, Kind, File, Message string }

// cause is a node with which differences begin.
type cause struct {
	Name, Words string
	Index       int // of its row, -1 if it has none
	Models      []link
	More        int
}

// style makes untrusted text one line without invisible characters.
var style = report.Style{Name: name, Prose: name}

func name(text string) string { return report.Clean(text, report.MaxName) }

func reportPage(r report.Report, links Links) page {
	headline := report.HeadlineOf(r, style)
	columns, rows := reportTable(r)
	index := make(map[string]int, len(rows))
	for _, row := range rows {
		index[row.about.id] = row.Index
	}
	p := page{
		Title:    "dbt-tally · " + headline.Text,
		Mood:     mood(headline.Sign),
		Headline: strings.TrimSpace(headline.Sign + " " + headline.Text),
		Facts:    factsOf(r, headline.More, links),
		Breaches: breachesOf(r, index),
		Failures: failuresOf(r),
		Causes:   causesOf(r, index),
		Notes:    report.CauseNotes(r, style),
		Lineage:  lineageOf(r, index),
		Measured: measured(r),
		table: table{
			Caption: "All " + report.Noun(r.Models) + "s of this run", Noun: report.Noun(r.Models) + "s",
			Columns: columns, Last: "why", Rows: rows, runs: r.Runs, files: links.Files, now: r.GeneratedAt,
		},
	}
	for _, problem := range slices.Concat(r.GatesUnchecked, r.Audit.Problems) {
		if problem = report.Clean(problem, report.MaxProblem); !slices.Contains(p.Problems, problem) {
			p.Problems = append(p.Problems, problem)
		}
	}
	p.Problems = append(p.Problems, report.Unaudited(r.Models, name)...)
	for _, reason := range report.UnknownCauses(r.Models) {
		p.Problems = append(p.Problems, name(reason))
	}
	return p
}

func mood(sign string) string {
	switch sign {
	case "":
		return "fine"
	case "⚠️":
		return "doubtful"
	default:
		return "bad"
	}
}

// webPage matches a web address. Anyone with write access to the run table can set a
// run's address, so other text is not linked.
var webPage = regexp.MustCompile(`^https?://[A-Za-z0-9._:/-]+$`)

func webAddress(text string) string {
	if webPage.MatchString(text) {
		return text
	}
	return ""
}

// factsOf returns the line below the headline.
func factsOf(r report.Report, more []string, links Links) []link {
	var list []link
	for _, text := range more {
		list = append(list, link{Text: text})
	}
	switch {
	case r.Baseline != nil:
		list = append(list, link{
			Text: "compared with " + report.BaselineName(r, style) + " " + name(r.Baseline.At()) + ", " + report.BaselineAge(r),
			URL:  webAddress(r.Baseline.URL),
		})
	case r.Sought != nil:
		list = append(list, link{Text: r.Sought.NotFound(name)})
	}
	if r.Cloud != nil {
		list = append(list, link{Text: fmt.Sprintf("run %d in dbt Cloud", r.Cloud.RunID), URL: webAddress(r.Cloud.URL)})
	}
	if links.Run != "" {
		list = append(list, link{Text: "this run", URL: links.Run})
	}
	if !r.GeneratedAt.IsZero() {
		list = append(list, link{Text: r.GeneratedAt.UTC().Format("2006-01-02 15:04 UTC")})
	}
	return list
}

func breachesOf(r report.Report, index map[string]int) []breach {
	names := report.Names(r.Models)
	var list []breach
	for _, b := range report.Breaches(r.Models) {
		list = append(list, breach{
			Sign: report.AlarmOf(b.Gate).Sign, Index: index[b.Model.NodeID],
			Text: report.BreachWords(r, b.Gate, name(names(b.Model)), style),
		})
	}
	return list
}

func failuresOf(r report.Report) []failure {
	node := report.NodeNames(r.Models)
	var list []failure
	for _, f := range r.Failures {
		list = append(list, failure{
			Name: name(node(f.NodeID)), Kind: name(f.Kind), File: name(f.File),
			Message: report.Cut(strings.Map(printable, f.Message), 10_000),
		})
	}
	return list
}

// printable keeps the line breaks of a message.
func printable(r rune) rune {
	if r == '\n' {
		return r
	}
	for _, kept := range report.Printable(string(r)) {
		return kept
	}
	return -1
}

// How many causes are open, and how many models are listed for each.
const (
	openCauses  = 12
	causeModels = 12
)

func causesOf(r report.Report, index map[string]int) [][]cause {
	node := report.NodeNames(r.Models)
	lines := map[string]report.Model{}
	for _, m := range r.Models {
		lines[m.NodeID] = m
	}
	var list []cause
	for _, root := range r.Causes {
		c := cause{Name: name(node(root.NodeID)), Words: string(root.Kind), Index: -1}
		if m, listed := lines[root.NodeID]; listed {
			c.Index = index[root.NodeID]
			c.Words = report.CauseWords(r, m, func(id string) string { return name(node(id)) })
		}
		for i, id := range root.Models {
			at, listed := index[id]
			if !listed || i >= causeModels {
				c.More++
				continue
			}
			c.Models = append(c.Models, link{Text: name(node(id)), URL: anchor(at)})
		}
		list = append(list, c)
	}
	if len(list) <= openCauses {
		return slices.Collect(slices.Chunk(list, openCauses))
	}
	return [][]cause{list[:openCauses], list[openCauses:]}
}

// anchor is the address of a model's row.
func anchor(index int) string { return fmt.Sprintf("#m%d", index) }

// measured describes how the rows were counted, and the cost.
func measured(r report.Report) []fact {
	var list []fact
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, report.Clean(value, report.MaxProblem)})
		}
	}
	add("target", strings.TrimSpace(r.Target.Name+" ("+r.Target.Type+")"))
	add("built in", strings.Trim(r.Target.Database+"."+r.Target.Schema, "."))
	add("branch", r.Branch)
	add("commit", r.HeadSHA)
	for _, inv := range r.Invocations {
		took := report.Duration(inv.CompletedAt.Sub(inv.StartedAt).Seconds())
		add("dbt "+name(inv.DBTVersion), fmt.Sprintf("%s, %s, exit code %d, invocation %s",
			inv.Command, took, inv.ExitCode, inv.ID))
	}
	add("audit table", r.Audit.Table)
	if r.Audit.Table != "" {
		cost := report.Plural(r.Audit.Statements, "audit statement")
		if share := report.AuditShare(r); share != "" {
			cost += ", " + share + " of the models' execution time"
		}
		add("cost", cost+", "+report.Duration(r.Audit.Around)+" before and after dbt")
	}
	if r.Requirements != nil {
		add("requirements", "installed in "+report.Duration(*r.Requirements))
	}
	if b := r.Baseline; b != nil {
		add("baseline", fmt.Sprintf("%s, %s UTC, invocation %s",
			strings.TrimSpace(b.Branch+" "+b.Commit), b.CompletedAt.UTC().Format(time.DateTime), b.RunID))
	}
	add("totals", fmt.Sprintf("%s, %s → %s rows", report.Plural(r.Totals.Models, report.Noun(r.Models)),
		tally.Number(r.Totals.RowsBefore), tally.Number(r.Totals.RowsAfter)))
	add("dbt-tally", r.TallyVersion)
	return list
}
