package workspace

import (
	"syscall"
	"time"
)

// changeTime is when the file or its owner, mode or name last changed. In contrast
// to the modification time, unpacking an archive does not set it back.
func changeTime(stat *syscall.Stat_t) time.Time {
	return time.Unix(stat.Ctim.Unix())
}
