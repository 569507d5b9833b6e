package app

// Exit statuses. dbt's own non-zero code (1: nodes failed, 2: it could not run)
// always wins over ours.
const (
	ExitOK           = 0
	ExitGateBreached = 3  // a gate of severity error was breached, or could not be read
	ExitAuditFailed  = 4  // auditing failed under audit-failure: fail
	ExitUsage        = 64 // wrong inputs (EX_USAGE of sysexits.h)
)
