package situation

import (
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Attack tries to be a mention, an element, an image, an escape and a new line.
const Attack = "`a` | @octocat #1 <b>x</b> </details> ![i](http://e.vil/i.png) " +
	"\x1b[31m\u202eevil\x00\nsecond\t**line**"

// Hostile returns a report with the attack in every untrusted text.
func Hostile(attack string) report.Report {
	r := Run()
	r.Status, r.ExitCode = report.Failed, 1
	r.TallyVersion = attack
	r.HeadSHA = attack
	r.Target = report.Target{Name: attack, Type: attack, Database: attack, Schema: attack}
	r.Invocations = []report.Invocation{{
		ID: attack, Command: attack, DBTVersion: attack, StartedAt: Noon, CompletedAt: Noon,
	}}
	r.Audit.Table, r.Audit.Problems = attack, []string{attack}
	r.Failures = []report.Failure{{
		NodeID: attack, Kind: attack, Path: attack, File: attack,
		Message: "```\n</details>\n" + attack + "\xff",
	}}
	grown := Model(attack, tally.Grew, 1, 2, 1)
	failing := Because(Model("x"+attack, tally.Failed, 1, Unknown, 1), attack)
	grown.Baseline, grown.History, grown.Unusual = new(int64(3)), []int64{3, 2}, true
	grown.Breaches = []tally.Breach{{
		NodeID: attack, Gate: attack, Axis: tally.AxisBaseline, Limit: attack, Value: attack,
		Severity: tally.SeverityError,
	}}
	failing.Unchecked = attack
	long := Because(Model(strings.Repeat("long_", 100), tally.NotCounted, Unknown, Unknown, 1), attack)
	left := Because(Model("left", tally.NoAuditRow, Unknown, Unknown, 1), attack)
	grown.Columns = tally.ColumnChange{
		Added: []tally.Column{{Name: attack, Type: attack}}, Removed: []tally.Column{{Name: attack, Type: attack}},
		Retyped: []tally.Retyped{{Name: attack, From: attack, To: attack}},
	}
	grown.FanOut = &tally.FanOut{Parent: attack, Ratio: 2, Baseline: 1, Moved: true}
	twin := grown
	twin.Node.ID = "model.other." + attack
	hostile := Report(r, tally.Tally{
		Models:      []tally.Model{grown, twin, failing, long, left},
		BaselineRun: &tally.Run{ID: attack, Branch: attack, Commit: attack, URL: "javascript:" + attack},
		Causes: tally.Causes{ByNode: map[string]tally.Cause{
			grown.Node.ID:   {Kind: tally.CauseDownstream, Of: attack, Root: attack},
			attack:          {Kind: tally.CauseEdited, Root: attack},
			failing.Node.ID: {Kind: tally.CauseUnknown, Root: failing.Node.ID, Reason: attack},
		}},
	})
	hostile.Cloud = &report.CloudRun{RunID: 1, URL: "https://e.vil/" + attack}
	for i := range hostile.Models {
		hostile.Models[i].File = attack
	}
	return hostile
}
