package terminal

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func terminal(t *testing.T, r report.Report, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTerminalOfEachSituation(t *testing.T) {
	t.Parallel()
	for name, r := range situation.All() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Check(t, "testdata/"+name+".golden.txt", terminal(t, r, Options{}))
		})
	}
}

func TestTerminalTableFitsTheWidth(t *testing.T) {
	t.Parallel()
	long := report.New(situation.Run(), tally.Tally{Models: []tally.Model{
		situation.Model(strings.Repeat("very_long_name_", 8), tally.Shrank, 1_234_567_890, 1_134_567_890, 4000),
		situation.Model("データ_"+strings.Repeat("模型", 40), tally.Grew, 0, math.MaxInt64, 1),
		situation.Model("short", tally.Emptied, 12, 0, 1),
	}})
	for _, width := range []int{10, 20, 30, 40, 60, 80, 120, 200} {
		out := terminal(t, long, Options{Width: width, Color: true})
		_, body, _ := strings.Cut(out, "\n\n")
		if lines := strings.Count(body, "\n"); lines != 4 {
			t.Errorf("width %d: %d lines, want a head and three rows:\n%s", width, lines, body)
		}
		for line := range strings.Lines(body) {
			if got := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("width %d: a line of %d: %q", width, got, line)
			}
		}
	}
	golden.Check(t, "testdata/80-columns.golden.txt", terminal(t, long, Options{Width: 80}))
	golden.Check(t, "testdata/40-columns.golden.txt", terminal(t, long, Options{Width: 40}))
}

func TestNarrowTerminalKeepsTheComparison(t *testing.T) {
	t.Parallel()
	for width, columns := range map[int]string{
		100: "status model main → here change time",
		70:  "status model main → here change",
		60:  "status model change",
		30:  "status model",
	} {
		_, body, _ := strings.Cut(terminal(t, situation.AgainstMain(), Options{Width: width}), "\n\n")
		head, _, _ := strings.Cut(body, "\n")
		if got := strings.Join(strings.Fields(head), " "); got != columns {
			t.Errorf("width %d: columns %q, want %q", width, got, columns)
		}
	}
}

func TestBreachesGoBeforeTheStatusInColour(t *testing.T) {
	t.Parallel()
	m := report.Model{Status: tally.New, Gates: []report.Gate{{Severity: tally.SeverityWarn}}}
	if got, want := colored(m, true), text.FgYellow.EscapeSeq()+"new"+text.Reset.EscapeSeq(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTerminalUsesEscapesOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	if out := terminal(t, situation.Changed(), Options{}); strings.Contains(out, "\x1b") {
		t.Errorf("escape sequences in plain text: %q", out)
	}
	if out := terminal(t, situation.Changed(), Options{Color: true}); !strings.Contains(out, "\x1b[33mshrank\x1b[0m") {
		t.Errorf("no colour although requested: %q", out)
	}
	if out := terminal(t, situation.Hostile(situation.Attack), Options{}); strings.ContainsAny(out, "\x1b\x00\u202e") {
		t.Errorf("foreign control characters: %q", out)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("broken pipe")

func TestWritersErrorsAreReturned(t *testing.T) {
	t.Parallel()
	if err := Write(brokenWriter{}, situation.Changed(), Options{}); !errors.Is(err, errBroken) {
		t.Errorf("got error %v", err)
	}
}
