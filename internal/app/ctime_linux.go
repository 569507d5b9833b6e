package app

import (
	"syscall"
	"time"
)

// changeTime is when the file or its owner, mode or name last changed; unlike the
// time of modification, no archive that is unpacked sets it back.
func changeTime(stat *syscall.Stat_t) time.Time {
	return time.Unix(stat.Ctim.Unix())
}
