package html_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/html"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func rendered(t testing.TB, r report.Report) string {
	t.Helper()
	var b strings.Builder
	if err := html.Write(&b, r, html.Links{Files: "https://github.com/o/r/blob/1a2b3c4/"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// assets matches the parts of the page that are separate files, and their hashes.
var assets = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|<meta http-equiv="Content-Security-Policy".*?>`)

func TestThePageOfEachSituation(t *testing.T) {
	t.Parallel()
	for name, r := range situation.All() {
		golden.Check(t, filepath.Join("testdata", name+".golden.html"), assets.ReplaceAllString(rendered(t, r), ""))
	}
	golden.Check(t, "testdata/history.golden.html", assets.ReplaceAllString(renderedHistory(t, developed(3, 40)), ""))
}

// Each name would do harm if the page treated it as markup, as data or as an address.
func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	for _, attack := range []string{
		"</script><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'-alert(1)-'", "<!--", "javascript:alert(1)",
		"\u202eright to left", strings.Repeat("x", 300), "]]>", "{{.Name}}", "\u2028line",
	} {
		page := assets.ReplaceAllString(rendered(t, situation.Hostile(attack)), "")
		if strings.Contains(page, "<img") || strings.Contains(page, "\u202e") || strings.Contains(page, "\u2028") ||
			strings.Count(page, "<script") != 1 || strings.Contains(page, `href="javascript`) {
			t.Errorf("%q is not only text in the page", attack)
		}
		_, rest, _ := strings.Cut(page, `<script type="application/json" id="data">`)
		data, _, _ := strings.Cut(rest, "</script>")
		if !json.Valid([]byte(data)) {
			t.Errorf("%q: the data are not JSON", attack)
		}
	}
}

func TestThousandModelsFitIntoTheBudget(t *testing.T) {
	t.Parallel()
	for _, models := range []int{1, 1000} {
		if page := rendered(t, nightly(models, 90)); len(page) > 500_000 {
			t.Errorf("%d models make a page of %d bytes; want at most 500,000", models, len(page))
		}
	}
}

// nightly returns a run of a project with so many models after so many runs. Every third is a
// view, and every third of the tables an incremental model that grows.
func nightly(models, runs int) report.Report {
	night := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	var h tally.History
	in := tally.Input{Invocations: []string{"now"}, History: tally.History{}}
	for run := range runs {
		h.Runs = append(h.Runs, tally.Run{
			ID: fmt.Sprint(run), CompletedAt: night.AddDate(0, 0, -run-1), Branch: "main",
			Commit: fmt.Sprintf("%040x", run*7919), URL: fmt.Sprintf("https://github.com/o/r/actions/runs/%d", run),
		})
	}
	code := tally.Code{Baseline: map[string]string{}}
	for i := range models {
		name := fmt.Sprintf("%s_%s_%d", []string{"stg", "int", "fct", "dim"}[i%4], []string{"orders", "customers", "payments"}[i%3], i)
		node := tally.Node{
			ID: "model.shop." + name, Name: name, ResourceType: "model", Package: "shop", Materialized: "table",
			Path:     fmt.Sprintf("models/%s/%s.sql", []string{"staging", "intermediate", "marts", "core"}[i%4], name),
			Relation: fmt.Sprintf("%q.%q.%q", "warehouse", "analytics", name),
		}
		of := tally.CodeNode{ID: node.ID, Fingerprint: "same"}
		if i >= 10 {
			of.Parents = []string{code.Nodes[i/3].ID}
		}
		code.Baseline[node.ID] = "same"
		if i%97 == 5 {
			code.Baseline[node.ID] = "another"
		}
		code.Nodes = append(code.Nodes, of)
		row := func(run string, phase tally.Phase, count int64, wrote int64) {
			r := tally.Row{Invocation: run, NodeID: node.ID, Relation: node.Relation, Phase: phase, Count: &count, Time: night}
			if node.Materialized == "incremental" && phase == tally.After {
				r.Written = tally.Written{Inserted: &wrote, Updated: new(wrote / 7), Deleted: new(int64(0)), Source: tally.FromEngine}
			}
			to := &h.Rows
			if run == "now" {
				to = &in.Rows
			}
			*to = append(*to, r)
		}
		if i%3 == 0 {
			node.Materialized = "view"
		} else if i%3 == 1 && i%2 == 0 {
			node.Materialized = "incremental"
		}
		in.Nodes = append(in.Nodes, node)
		in.Results = append(in.Results, tally.Result{Invocation: "now", NodeID: node.ID, Status: "success", Seconds: 1.5})
		if node.Materialized == "view" {
			in.Rows = append(in.Rows, tally.Row{Invocation: "now", NodeID: node.ID, Phase: tally.After, Materialized: "view"})
			continue
		}
		grows := int64(0)
		if i%2 == 0 {
			grows = int64(i%50) * 3
		}
		count := func(run int) int64 { return int64(i)*977 + int64(runs-run)*grows + int64(run*i%5)*grows/9 }
		for run := range runs {
			row(fmt.Sprint(run), tally.After, count(run), grows)
		}
		row("now", tally.Before, count(0), 0)
		row("now", tally.After, count(-1), grows)
	}
	in.History = h
	t := tally.Compare(in)
	t.Explain(code)
	about := situation.Run()
	about.GeneratedAt, about.Target.Name = night, "prod"
	return report.New(about, t)
}

// developed returns a history of so many models over so many days.
func developed(models, days int) report.History {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var h tally.History
	for day := range days {
		id := fmt.Sprint(day)
		at := now.AddDate(0, 0, -day)
		h.Runs = append(h.Runs, tally.Run{ID: id, CompletedAt: at, Branch: "main", Commit: fmt.Sprintf("%040x", day*7919)})
		for i := range models {
			name := fmt.Sprintf("fct_orders_%d", i)
			for _, phase := range []tally.Phase{tally.Before, tally.After} {
				h.Rows = append(h.Rows, tally.Row{
					Invocation: id, NodeID: "model.shop." + name, Relation: `"prod"."` + name + `"`, Phase: phase, Time: at,
					Count: new(int64(1000*i + (days-day)*i*3 + 5)),
				})
			}
		}
	}
	return report.NewHistory(report.History{
		GeneratedAt: now, Table: `"audit"."dbt_audit_log"`, Branch: "main", Target: "prod", Since: now.AddDate(0, 0, -days),
	}, h.Runs, h.Trends())
}

func renderedHistory(t testing.TB, h report.History) string {
	t.Helper()
	var b strings.Builder
	if err := html.WriteHistory(&b, h); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Of more than 300 nodes the folders are drawn, in as few layers as their models have, even
// if folders read each other.
func TestALargeLineageShowsFolders(t *testing.T) {
	t.Parallel()
	var models []tally.Model
	causes := map[string]tally.Cause{}
	for layer, folder := range []string{"staging", "core", "finance"} {
		for i := range 120 {
			m := situation.Was(situation.Model(fmt.Sprintf("m%d_%d", layer, i), tally.New, situation.Unknown, 9, 1), 7, 1)
			id := m.Node.ID
			m.Node.Path = fmt.Sprintf("models/shop/%s/of_a_long_name/%d/m.sql", folder, i%10)
			causes[id] = tally.Cause{Kind: tally.CauseData, Root: id}
			if layer > 0 {
				m.Parents = []string{fmt.Sprintf("model.shop.m%d_%d", layer-1, i)}
				if i%2 == i/60 {
					m.Parents = append(m.Parents, fmt.Sprintf("model.shop.m%d_%d", layer, i^1))
				}
				causes[id] = tally.Cause{Kind: tally.CauseData, Of: m.Parents[0], Root: causes[m.Parents[0]].Root}
			}
			models = append(models, m)
		}
	}
	page := rendered(t, situation.Report(report.Input{}, tally.Tally{
		BaselineRun: situation.Main(), Models: models, Causes: tally.Causes{ByNode: causes},
	}))
	if n := strings.Count(page, "<circle"); n != 30 || !strings.Contains(page, ", by folder</h2>") {
		t.Errorf("%d circles; want 30 folders", n)
	}
	for _, want := range []string{"…re/of_a_long_name/0/ · 12", `viewBox="0 0 714 324"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if *pictures != "" {
		if err := os.WriteFile(filepath.Join(*pictures, "folders.html"), []byte(page), 0o644); err != nil {
			t.Error(err)
		}
	}
}
