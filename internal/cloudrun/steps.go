package cloudrun

import (
	"slices"
	"strings"

	"github.com/google/shlex"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
)

// finishMacro is the operation that prints the audit rows of a run.
const finishMacro = "dbt_tally_finish"

// command returns the dbt command of a step, or nil for a step that prepares the run.
func command(step dbtcloud.Step) dbt.Command {
	_, name, _ := strings.Cut(step.Name, "`")
	end := strings.LastIndexByte(name, '`')
	if end < 0 {
		return nil
	}
	words, err := shlex.Split(name[:end])
	if err != nil {
		words = strings.Fields(name[:end])
	}
	if len(words) > 0 && words[0] == "dbt" {
		words = words[1:]
	}
	return words
}

// finishes reports whether a step prints the audit rows.
func finishes(step dbtcloud.Step) bool {
	words := command(step)
	return words.Name() == "run-operation" && slices.Contains(words, finishMacro)
}

// reports reports whether a step's results belong into the report.
func reports(step dbtcloud.Step) bool {
	words := command(step)
	return words.Builds() || words.Name() == "test"
}

// FailedStep returns the step with which a run failed, or nil.
func FailedStep(run dbtcloud.Run) *dbtcloud.Step {
	if i := slices.IndexFunc(run.Steps, func(s dbtcloud.Step) bool { return s.Status == dbtcloud.Error }); i >= 0 {
		return &run.Steps[i]
	}
	return nil
}

// lastError returns dbt's error in a failed step's log, or the log's last lines.
func lastError(log string) string {
	const most = 20 // lines
	lines := slices.DeleteFunc(strings.Split(dbt.PlainLog(log), "\n"), func(line string) bool {
		return strings.TrimSpace(line) == ""
	})
	for i, line := range slices.Backward(lines) {
		_, rest, found := strings.Cut(line, "Encountered an error")
		if !found {
			continue
		}
		lines = lines[i+1:]
		if _, first, inLine := strings.Cut(rest, ": "); inLine { // while running operation
			lines = append([]string{first}, lines...)
		}
		return strings.Join(lines[:min(len(lines), most)], "\n")
	}
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
