package tally

import (
	"fmt"
	"slices"
	"strings"
)

// Capture names the columns of a node that show which of its rows are new or changed.
type Capture struct {
	Changed string // the time of a row's last change; "": none
	Created string // the time of its creation; "": none
	Type    string // the kind of its last change; "": none
	Own     bool   // the node itself names one, and not only the input change-column
}

// wanted reports whether any column is named that shows a change.
func (c Capture) wanted() bool { return c.Changed != "" || c.Type != "" }

// tells reports whether the node itself names the columns that show how many rows were
// updated and deleted.
func (c Capture) tells() bool { return c.Own && (c.Type != "" || c.Changed != "" && c.Created != "") }

// The reasons of the hooks why a column shows nothing.
const (
	columnAbsent      ChangeSource = "absent"
	columnType        ChangeSource = "type"
	columnNull        ChangeSource = "null"
	columnUnreadable  ChangeSource = "unreadable"
	columnUnmarked    ChangeSource = "unmarked"
	columnKinds       ChangeSource = "types"
	columnUnsupported ChangeSource = "unsupported"
)

// unknownBecause returns a reason of the hooks in words, with the names of the columns.
func (c Capture) unknownBecause(reason ChangeSource) string {
	times := c.columns(c.Changed, c.Created)
	switch reason {
	case columnAbsent:
		return "it lacks " + c.columns(c.Changed, c.Created, c.Type)
	case columnType:
		return times + " is neither a date nor a timestamp"
	case columnNull:
		return times + " was null in all rows before this run"
	case columnUnreadable:
		return c.columns(c.Changed, c.Created, c.Type) + " does not exist, or is neither a date nor a timestamp"
	case columnUnmarked:
		return "its before row does not contain the newest time"
	case columnKinds:
		return c.columns(c.Type) + " contains a value that is no insert, update or delete"
	case columnUnsupported:
		return "this warehouse or this dbt cannot be asked for changes by a column"
	}
	return ""
}

// columns returns the names of those columns that there are.
func (c Capture) columns(names ...string) string {
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	switch len(names) {
	case 0:
		return "its change column"
	case 1:
		return "the column " + names[0]
	}
	return "one of the columns " + strings.Join(names, ", ")
}

// CaptureProblems returns why the columns that the user named show no changes: one line
// for each reason, with the models that it is true of. That a table lacks the column of
// the input change-column is not a problem; on Snowflake it may be of another type, too.
func (t Tally) CaptureProblems() []string {
	var reasons []string
	models := map[string][]string{}
	for _, m := range t.Models {
		if reason := m.captureProblem(); reason != "" {
			if models[reason] == nil {
				reasons = append(reasons, reason)
			}
			models[reason] = append(models[reason], m.Node.Name)
		}
	}
	for i, reason := range reasons {
		names, more := models[reason], ""
		if len(names) > 5 {
			names, more = names[:5], fmt.Sprintf(" and %d more", len(names)-5)
		}
		reasons[i] = fmt.Sprintf("the changes of %s%s are unknown: %s", strings.Join(names, ", "), more, reason)
	}
	return reasons
}

// captureProblem returns why the columns of a model show nothing, or "" if they do, or if
// there was nothing to show.
func (m Model) captureProblem() string {
	c := m.Node.Capture
	switch {
	case !c.wanted(), m.Node.Materialized == "view" && !c.Own:
		return ""
	case m.Node.Materialized == "view":
		return "a view has no rows of its own; remove change_column"
	case m.Written == nil || m.Written.Source != "" || m.Status == New:
		return ""
	case !c.Own && m.Written.Reason == c.unknownBecause(columnAbsent),
		!c.Own && m.Written.Reason == c.unknownBecause(columnUnreadable):
		return ""
	}
	return m.Written.Reason
}
