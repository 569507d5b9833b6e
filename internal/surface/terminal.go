package surface

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/terminal"
)

// Terminal is the table after dbt's own output.
type Terminal struct {
	Out     io.Writer
	NoColor bool // the user set NO_COLOR
}

// Name implements Surface.
func (Terminal) Name() string { return "table" }

// Deliver implements Surface. A run that has nothing to show (dbt ls, dbt parse)
// prints nothing.
func (t Terminal) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	if len(r.Models) == 0 && len(r.Failures) == 0 && len(r.Audit.Problems) == 0 {
		return links, nil
	}
	options := terminal.Options{Width: 120}
	if file, ok := t.Out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		options.Color = !t.NoColor
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			options.Width = width
		}
	}
	fmt.Fprintln(t.Out)
	err := terminal.Write(t.Out, r, options)
	if links.ReportHTML != "" {
		fmt.Fprintf(t.Out, "\nreport: %s\n", links.ReportHTML)
	}
	return links, err
}
