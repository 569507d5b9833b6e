package config

import "time"

// Mode is what dbt-tally is to do.
type Mode string

// What dbt-tally can do.
const (
	Run     Mode = "run"     // run dbt and report
	Report  Mode = "report"  // report on an invocation that already ran
	Publish Mode = "publish" // post the report of a run that could not
	Prune   Mode = "prune"   // delete old audit rows
)

// mode is the word in front of the flags, or else the input, which is checked as
// all inputs are. Other words in front are most often dbt's.
func (l commandLine) mode(problems *problemList) Mode {
	mode := Mode(l.Command)
	switch mode {
	case "":
		return Mode(l.Mode)
	case Run, Report, Publish, Prune:
	default:
		problems.add("command %q: unknown; want \"run\", \"report\", \"publish\" or \"prune\"; dbt's own arguments go behind --; see docs/inputs.md", mode)
	}
	return mode
}

// checkMode notes what is given for another mode, where it would pass for done,
// and what is missing for this one.
func (l commandLine) checkMode(mode Mode, dbtArgs []string, problems *problemList) {
	if len(dbtArgs) > 0 && mode != Run {
		problems.add("mode %q: dbt's own arguments given behind --; want none, dbt builds nothing here; see docs/inputs.md", mode)
	}
	for _, only := range []struct {
		input string
		given bool
		mode  Mode
	}{
		{"older-than", l.OlderThan != "", Prune},
		{"dry-run", l.DryRun == "true", Prune},
		{"invocation", l.Invocation != "", Report},
	} {
		if only.given && mode != only.mode {
			problems.add("input %q: given with mode %q; want mode %q with it; see docs/inputs.md", only.input, mode, only.mode)
		}
	}
	if mode == Publish && l.ReportDir == "" {
		problems.add("input \"report-dir\": missing; want the folder that report.json was downloaded to; see docs/permissions.md")
	}
	if mode == Prune && l.OlderThan == "" {
		problems.add("input \"older-than\": missing; want an age of a day or more, such as 180d; see docs/inputs.md")
	}
}

func (l commandLine) olderThan(problems *problemList) time.Duration {
	if l.OlderThan == "" {
		return 0
	}
	old, ok := parseAge(l.OlderThan)
	if !ok || old < 24*time.Hour {
		problems.input("older-than", l.OlderThan, "an age of a day or more, such as 180d")
	}
	return old
}

func (l commandLine) invocation(problems *problemList) string {
	if l.Invocation != "" && !invocationID.MatchString(l.Invocation) {
		problems.input("invocation", l.Invocation, "dbt's invocation_id")
	}
	return l.Invocation
}
