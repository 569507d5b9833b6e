package config

import (
	"regexp"
	"strconv"
	"time"
)

// Baseline says which earlier run this one is compared with. With neither
// Branch nor RunID, and not Off, the event that started the run decides.
type Baseline struct {
	Off              bool
	Branch           string
	RunID            string        // dbt's invocation_id
	Target           string        // name of the target that it was built with; "" for this run's
	Database, Schema string        // of its audit tables; "" for this run's
	MaxAge           time.Duration // an older one is stale
}

func (l commandLine) baseline(problems *problemList) Baseline {
	b := Baseline{Target: l.BaselineTarget, Database: l.BaselineDatabase, Schema: l.BaselineSchema}
	switch name := l.Baseline; {
	case name == "auto":
	case name == "none":
		b.Off = true
	case invocationID.MatchString(name):
		b.RunID = name
	case branch.MatchString(name):
		b.Branch = name
	default:
		problems.input("baseline", name, `"auto", "none", a branch, or a dbt invocation_id`)
	}
	age, ok := parseAge(l.BaselineMaxAge)
	if !ok {
		problems.input("baseline-max-age", l.BaselineMaxAge, "a number of hours, days or weeks, such as 36h, 7d or 2w")
	}
	b.MaxAge = age
	return b
}

var (
	invocationID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

	// branch leaves out what git allows in no branch (git-check-ref-format(1)).
	branch = regexp.MustCompile(`^[^-~^:?*\[\\\s\pC][^~^:?*\[\\\s\pC]*$`)
)

// parseAge reads an age that is above zero: 36h, 7d, 2w.
func parseAge(text string) (age time.Duration, ok bool) {
	match := ageText.FindStringSubmatch(text)
	if match == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(match[1]) // at most four digits
	unit := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[match[2]]
	return time.Duration(n) * unit, true
}

var ageText = regexp.MustCompile(`^([1-9]\d{0,3})([hdw])$`)
