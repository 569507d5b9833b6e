package app

import (
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Exit statuses. dbt's own non-zero code (1: nodes failed, 2: it could not run) takes
// precedence over ours.
const (
	ExitOK           = 0
	ExitFailed       = 1  // the command itself failed
	ExitInterrupted  = 2  // there is no result, because the job was cancelled
	ExitGateBreached = 3  // a gate of severity error was breached or could not be read
	ExitAuditFailed  = 4  // auditing failed under audit-failure: fail
	ExitUsage        = 64 // wrong inputs (EX_USAGE of sysexits.h)
)

// exitStatus returns the exit status of a run, which is dbt's code unless that is 0.
func exitStatus(invocations []dbt.Invocation, t tally.Tally, gatesUnreadable, auditFailed bool) int {
	breached := func(m tally.Model) bool {
		return slices.ContainsFunc(m.Breaches, func(b tally.Breach) bool { return b.Severity != tally.SeverityWarn })
	}
	switch code := exitCode(invocations); {
	case code != 0:
		return code
	case gatesUnreadable, slices.ContainsFunc(t.Models, breached):
		return ExitGateBreached
	case auditFailed:
		return ExitAuditFailed
	default:
		return ExitOK
	}
}

// exitCode returns the first of dbt's codes that is not 0.
func exitCode(invocations []dbt.Invocation) int {
	for _, inv := range invocations {
		if inv.ExitCode != 0 {
			return inv.ExitCode
		}
	}
	return 0
}

// ownStatus returns the exit status, with a code of dbt's replaced by ExitOK.
func ownStatus(status int) int {
	if status == ExitGateBreached || status == ExitAuditFailed {
		return status
	}
	return ExitOK
}
