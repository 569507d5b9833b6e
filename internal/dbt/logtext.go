package dbt

import (
	"fmt"
	"io"
	"strings"
)

// logText writes an event as dbt writes it to its text log, so that dbt.log stays
// what its readers know although the event log is kept in JSON elsewhere (dbt's
// own form: TextLogger.create_debug_line in dbt_common/events/logger.py).
func logText(w io.Writer, e event) {
	if e.Info.Code == "A001" { // the first event of an invocation
		rule := strings.Repeat("=", 30)
		fmt.Fprintf(w, "\n\n%s %s | %s %s\n", rule, e.Info.Time.Format("15:04:05.000000"), e.Info.InvocationID, rule)
	}
	fmt.Fprintf(w, "%s [%-5s] [%-10.10s]: %s\n", e.Info.Time.Format("15:04:05.000000"), e.Info.Level, e.Info.Thread, e.Info.Msg)
}
