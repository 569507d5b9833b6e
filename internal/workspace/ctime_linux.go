package workspace

import (
	"syscall"
	"time"
)

// changeTime returns the time at which the file or its owner, mode or name last changed.
// Unlike the modification time, it is not set back when an archive is unpacked.
func changeTime(stat *syscall.Stat_t) time.Time {
	return time.Unix(stat.Ctim.Unix())
}
