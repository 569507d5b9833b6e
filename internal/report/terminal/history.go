package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// trendBars is how many counts a trend in the table has.
const trendBars = 20

// WriteHistory writes one line per model.
func WriteHistory(w io.Writer, h report.History) error {
	rows := [][]string{{"model", "rows", "7 days", "30 days", "trend", "last build"}}
	for _, m := range h.Models {
		counts := make([]int64, len(m.Runs))
		for i, p := range m.Runs {
			counts[i] = p.Rows
		}
		rows = append(rows, []string{
			plain(m.Name), tally.Number(m.Rows), report.Signed(m.Week), report.Signed(m.Month),
			report.Sparkline(counts[max(0, len(counts)-trendBars):]), moment(m.BuiltAt),
		})
	}
	_, err := fmt.Fprintf(w, "%s\n", lined(rows, 1, 2, 3))
	return err
}

// WriteRuns writes one line per run for each model, newest first.
func WriteRuns(w io.Writer, h report.History) error {
	var b strings.Builder
	for i, m := range h.Models {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s, %s\n", plain(m.Name), plain(m.Relation))
		rows := [][]string{{"built at (UTC)", "branch", "commit", "before", "rows", "change", "written", "time", "run"}}
		for j := range m.Runs {
			p := m.Runs[len(m.Runs)-1-j]
			rows = append(rows, []string{
				moment(p.BuiltAt), plain(p.Branch), plain(p.Commit[:min(len(p.Commit), 7)]), report.Rows(p.Before),
				tally.Number(p.Rows), report.Signed(p.Change()), p.WrittenWords(), seconds(p.Seconds), plain(p.URL),
			})
		}
		b.WriteString(lined(rows, 3, 4, 5, 6, 7) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func seconds(s *float64) string {
	if s == nil {
		return ""
	}
	return report.Duration(*s)
}

// lined draws a table. The first row is its head, and right are the columns of numbers. A
// column without any text is left out.
func lined(rows [][]string, right ...int) string {
	t := newTable()
	var configs []pretty.ColumnConfig
	var kept []int
	for i := range rows[0] {
		for _, row := range rows[1:] {
			if row[i] != "" {
				kept = append(kept, i)
				break
			}
		}
	}
	for n, i := range kept {
		for _, numbers := range right {
			if numbers == i {
				configs = append(configs, pretty.ColumnConfig{Number: n + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
			}
		}
	}
	for n, row := range rows {
		cells := make(pretty.Row, len(kept))
		for j, i := range kept {
			cells[j] = row[i]
		}
		if n == 0 {
			t.AppendHeader(cells)
		} else {
			t.AppendRow(cells)
		}
	}
	t.SetColumnConfigs(configs)
	return t.Render()
}
