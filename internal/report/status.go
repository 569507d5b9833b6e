package report

import "github.com/dbt-tally/dbt-tally/internal/tally"

// Color is the colour in which a surface shows something.
type Color string

// The colours; "" is the surface's default.
const (
	Red    Color = "red"
	Yellow Color = "yellow"
	Green  Color = "green"
	Cyan   Color = "cyan"
)

// Look describes how every surface shows a status.
type Look struct {
	Status    tally.Status
	Words     string
	Sign      string // "" for none
	Color     Color
	Attention bool // a model gets a row even if space is scarce
	Bold      bool // the change is emphasised
	Reason    bool // the model's reason is more informative than its number

	title func(n int) string // title of the fold with n such models
}

// looks has one entry per status, the most important first: models are ranked and folded
// in this order.
var looks = []Look{
	{
		Status: tally.Failed, Words: "failed", Sign: "❌", Color: Red,
		Attention: true, Reason: true, title: counting("failed"),
	},
	{
		Status: tally.Emptied, Words: "emptied", Sign: "❗", Color: Red,
		Attention: true, Bold: true, title: counting("emptied"),
	},
	{
		Status: tally.Shrank, Words: "shrank", Sign: "↓", Color: Yellow,
		Attention: true, title: counting("with fewer rows"),
	},
	{
		Status: tally.Grew, Words: "grew", Sign: "↑", Color: Green,
		Attention: true, title: counting("with more rows"),
	},
	{
		Status: tally.New, Words: "new", Sign: "🆕", Color: Cyan,
		Attention: true, title: counting("new"),
	},
	{
		Status: tally.NoAuditRow, Words: "no audit row", Sign: "❔", Color: Yellow,
		Reason: true, title: counting("without an audit row"),
	},
	{Status: tally.Skipped, Words: "skipped", Reason: true, title: counting("skipped")},
	{Status: tally.Empty, Words: "empty", title: counting("empty")},
	{Status: tally.Unchanged, Words: "unchanged", title: counting("unchanged")},
	{Status: tally.Reused, Words: "reused", Reason: true, title: counting("reused")},
	{Status: tally.NotCounted, Words: "not counted", Reason: true, title: counting("not counted")},
}

func counting(words string) func(int) string {
	return func(n int) string { return tally.Number(n) + " " + words }
}

// LookOf returns the look of a status. A status without an entry is shown by its own word
// and ranked last.
func LookOf(status tally.Status) Look {
	if i := rankOf(status); i < len(looks) {
		return looks[i]
	}
	return Look{Status: status, Words: string(status), title: counting(string(status))}
}

// rankOf returns the index of a status in looks.
func rankOf(status tally.Status) int {
	for i, look := range looks {
		if look.Status == status {
			return i
		}
	}
	return len(looks)
}

// Alarm describes how a breach of a severity is shown.
type Alarm struct {
	Severity tally.Severity
	Word     string
	Sign     string
	Color    Color
}

// alarms has one entry per severity, the worst first.
var alarms = []Alarm{
	{tally.SeverityError, "error", "❌", Red},
	{tally.SeverityWarn, "warning", "⚠️", Yellow},
}

// AlarmOf returns the look of a gate's breach.
func AlarmOf(g Gate) Alarm {
	if i := alarmRank(g.Severity); i < len(alarms) {
		return alarms[i]
	}
	return Alarm{}
}

// alarmRank returns the index of a severity in alarms. Without a breach it ranks last.
func alarmRank(severity tally.Severity) int {
	for i, alarm := range alarms {
		if alarm.Severity == severity {
			return i
		}
	}
	return len(alarms)
}

// worst returns the rank of the worst breach of a model.
func worst(m Model) int {
	rank := len(alarms)
	for _, g := range m.Gates {
		rank = min(rank, alarmRank(g.Severity))
	}
	return rank
}

// Sign returns the sign of the model's worst breach or, without one, of its standing.
func (m Model) Sign() string {
	if i := worst(m); i < len(alarms) {
		return alarms[i].Sign
	}
	return LookOf(m.Standing()).Sign
}

// Color follows the same rule as Sign.
func (m Model) Color() Color {
	if i := worst(m); i < len(alarms) {
		return alarms[i].Color
	}
	return LookOf(m.Standing()).Color
}
