package report

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// notANode is the kind of a failure of dbt as a whole.
const notANode = "dbt"

// couldNotRun states why dbt did not run or did not end, with the first line of its error.
// It returns "" if dbt ended by itself, or had nothing to build.
func couldNotRun(r Report, s Style) string {
	for _, f := range r.Failures {
		if f.Kind != notANode {
			continue
		}
		kind, line := firstError(f.Message)
		if cause, _, ours := strings.Cut(line, "; "); ours && strings.HasPrefix(line, "dbt was ") {
			return s.Prose(cause)
		}
		// The fix and the link of our own error are below the headline.
		if cause, _, ours := strings.Cut(line, "; "); ours && strings.Contains(line, "; see https://") {
			line = cause
		}
		what := "dbt could not start"
		if kind == "Compilation" || kind == "Parsing" {
			what = "dbt could not compile the project"
		}
		if line == "" {
			return what
		}
		return what + ": " + s.Prose(Clean(line, maxError))
	}
	if code := r.DBTExitCode(); code != 0 && len(r.Models)+len(r.Failures) == 0 && r.Status != Incomplete {
		return fmt.Sprintf("dbt ended with exit code %d before it ran a model", code)
	}
	return ""
}

// maxError is the longest part of an error in a headline.
const maxError = 160

// errorKind matches the line above an error: "Compilation Error in model orders (…)".
var errorKind = regexp.MustCompile(`^(?:\[.*\] )?([A-Z]\w*)(?: \w+)* Error(?: in .*)?:?$`)

// firstError returns the kind of an error and the first line that states the problem. If that
// line ends with a colon, the items of the list below it follow.
func firstError(message string) (kind, line string) {
	var items []string
	for next := range strings.Lines(message) {
		next = strings.TrimSpace(next)
		item, listed := strings.CutPrefix(next, "- ")
		switch match := errorKind.FindStringSubmatch(next); {
		case strings.HasSuffix(line, ":") && listed:
			items = append(items, item)
		case line != "":
			return kind, strings.TrimSpace(line + " " + strings.Join(items, ", "))
		case next == "", next == "Encountered an error:":
		case match != nil && kind == "":
			kind = match[1]
		default:
			line = next
		}
	}
	return kind, strings.TrimSpace(line + " " + strings.Join(items, ", "))
}

// failedNodes names the first failed node and counts the others. If dbt was interrupted,
// only failures that dbt itself reported count.
func failedNodes(r Report, s Style) fact {
	type node struct{ id, name, noun string }
	var models, tests []node
	seen := map[string]bool{}
	name := Names(r.Models)
	for _, m := range r.Models {
		if m.Status == tally.Failed && r.Status != Incomplete {
			models, seen[m.NodeID] = append(models, node{m.NodeID, name(m), ""}), true
		}
	}
	for _, f := range r.Failures {
		if f.Kind == notANode || f.NodeID != "" && seen[f.NodeID] {
			continue
		}
		failed := node{f.NodeID, NodeName(f.NodeID), ""}
		if f.Kind == "test" || f.Kind == "unit_test" {
			failed.noun = "test "
			tests = append(tests, failed)
		} else {
			models = append(models, failed)
		}
	}
	all := append(models, tests...)
	if len(all) == 0 {
		return fact{}
	}
	words := failedCount(len(models), len(tests))
	f := fact{sign: bad, text: all[0].noun + s.Name(all[0].name) + " failed", short: words + " failed"}
	if len(all) > 1 {
		f.rest = words + " failed"
	}
	return f
}

func failedCount(models, tests int) string {
	var parts []string
	if models > 0 {
		parts = append(parts, Plural(models, "node"))
	}
	if tests > 0 {
		parts = append(parts, Plural(tests, "test"))
	}
	return List(parts)
}
