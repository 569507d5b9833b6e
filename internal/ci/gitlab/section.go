package gitlab

import (
	"fmt"
	"io"
	"time"
)

// Log is the job's log. Each of its sections has a name of its own.
type Log struct {
	out      io.Writer
	now      func() time.Time
	sections *int
}

// NewLog takes the output that the runner reads.
func NewLog(stdout io.Writer, now func() time.Time) Log {
	return Log{out: stdout, now: now, sections: new(int)}
}

// Section folds the log under a title until end is called.
// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
func (l Log) Section(title string) (end func()) {
	*l.sections++
	name := fmt.Sprintf("dbt_tally_%d", *l.sections)
	_, _ = fmt.Fprintf(l.out, "\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0K%s\n", l.now().Unix(), name, title)
	return func() {
		// The runner obeys a marker only at the start of a line, and what was in the
		// section may have ended within one.
		_, _ = fmt.Fprintf(l.out, "\n\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", l.now().Unix(), name)
	}
}
