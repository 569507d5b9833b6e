package bench

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// figure is a ratio that a benchmark has measured, with its interval and its limit.
type figure struct {
	Of    string  `json:"of"` // models or rows
	Size  int64   `json:"size"`
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Most  float64 `json:"most"`
}

// keep adds a measured figure to the table of docs/pictures and draws them again, with
// -record.
func keep(b *testing.B, of string, size int, p paired) {
	b.Helper()
	if !*recorded {
		return
	}
	path := filepath.Join(root(b), "docs", "pictures", "growth.json")
	var figures []figure
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &figures)
	}
	if err != nil && !os.IsNotExist(err) {
		b.Fatal(err)
	}
	measured := figure{Of: of, Size: int64(size), Most: p.most}
	measured.Ratio, measured.Low, measured.High = p.interval()
	for _, number := range []*float64{&measured.Ratio, &measured.Low, &measured.High} {
		*number = math.Round(*number*1000) / 1000
	}
	figures = slices.DeleteFunc(figures, func(f figure) bool { return f.Of == of && f.Size == measured.Size })
	figures = append(figures, measured)
	slices.SortFunc(figures, func(a, b figure) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Size, b.Size)) })
	if text, err = json.Marshal(figures, jsontext.WithIndent("  ")); err != nil {
		b.Fatal(err)
	}
	write(b, path, string(text)+"\n")
	write(b, strings.TrimSuffix(path, "json")+"svg", picture(figures))
}

// The measures of the picture: a panel for models and one for rows.
const (
	panelWidth, panelHeight = 340, 200
	marginLeft, marginTop   = 50, 40
	lowest, highest         = 0.90, 1.70 // of the axis; what is beyond ends at its border
)

// picture draws the figures as an SVG for light and dark pages.
func picture(figures []figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 }
.axis { stroke: #d1d9e0 } .limit { stroke: #cf222e; stroke-dasharray: 4 3 } .mark { stroke: #0969da; stroke-width: 2 } .dot { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .axis { stroke: #3d444d } .limit { stroke: #f85149 } .mark { stroke: #4493f8 } .dot { fill: #4493f8 }
}
</style>
`, 2*(panelWidth+marginLeft), panelHeight+marginTop+50, "the cost of dbt-tally as a ratio to plain dbt, by models and by rows")
	for i, of := range []struct{ name, title string }{
		{"models", "models of a project, built again"}, {"rows", "rows of a table, 1,000 appended"},
	} {
		panel(&b, i*(panelWidth+marginLeft)+marginLeft, of.title,
			slices.DeleteFunc(slices.Clone(figures), func(f figure) bool { return f.Of != of.name }))
	}
	return b.String() + "</svg>\n"
}

// height returns where a ratio is in a panel.
func height(ratio float64) float64 {
	ratio = min(max(ratio, lowest), highest)
	return marginTop + panelHeight*(highest-ratio)/(highest-lowest)
}

func panel(b *strings.Builder, left int, title string, figures []figure) {
	right := left + panelWidth - 20
	fmt.Fprintf(b, "<text class=\"title\" x=\"%d\" y=\"20\">%s</text>\n", left, title)
	for ratio := lowest; ratio < highest+0.01; ratio += 0.10 {
		fmt.Fprintf(b, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.2f</text>\n",
			left, right, height(ratio), height(ratio), left-6, height(ratio)+4, ratio)
	}
	for i, f := range figures {
		x := float64(left) + float64(right-left)*(float64(i)+0.5)/float64(len(figures))
		if i == 0 {
			fmt.Fprintf(b, "<line class=\"limit\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", left, right, height(f.Most), height(f.Most))
			fmt.Fprintf(b, "<text x=\"%d\" y=\"20\" text-anchor=\"end\">at most %.2f</text>\n", right, f.Most)
		}
		fmt.Fprintf(b, "<line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/><circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n",
			x, x, height(f.Low), height(f.High), x, height(f.Ratio))
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.3f</text>\n",
			x, marginTop+panelHeight+18, tally.Number(f.Size), x, marginTop+panelHeight+34, f.Ratio)
	}
}

func TestThePictureShowsTheFigures(t *testing.T) {
	t.Parallel()
	golden.Check(t, "testdata/growth.golden.svg", picture([]figure{
		{"models", 100, 1.02, 1.01, 1.035, 1.04},
		{"models", 3000, 1.19, 1.12, 1.27, 1.04},
		{"rows", 100_000, 1.05, 1.02, 1.08, 1.10},
		{"rows", 20_000_000, 1.07, 1.03, 1.12, 1.10},
	}))
	path := filepath.Join(root(t), "docs", "pictures", "growth.")
	var figures []figure
	text, err := os.ReadFile(path + "json")
	if os.IsNotExist(err) {
		return // nothing was recorded
	}
	if err == nil {
		err = json.Unmarshal(text, &figures)
	}
	drawn, errDrawn := os.ReadFile(path + "svg")
	if err != nil || errDrawn != nil {
		t.Fatal(err, errDrawn)
	}
	if string(drawn) != picture(figures) {
		t.Error("docs/pictures/growth.svg differs from the figures; run a benchmark with -record")
	}
}
