package app

// Exit statuses. dbt's own non-zero code (1: nodes failed, 2: it could not run)
// always wins over ours. Status 3 is kept for gates.
const (
	ExitOK          = 0
	ExitAuditFailed = 4  // auditing failed under audit-failure: fail
	ExitUsage       = 64 // wrong inputs (EX_USAGE of sysexits.h)
)
