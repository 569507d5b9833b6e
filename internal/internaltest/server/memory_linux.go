package server

import (
	"os"
	"syscall"
)

// memory is the file system in memory that every Linux has. In a container it may be small,
// or refuse to execute programs.
const (
	memory       = "/dev/shm"
	memoryNeeded = 6 << 30
	noExec       = 8 // ST_NOEXEC of statvfs(3)
)

// InMemory makes the process create its temporary files in memory, if there is enough: a
// database has hundreds of files, and ext4 takes longer to create one the more were removed.
func InMemory() {
	var fs syscall.Statfs_t
	if _, asked := os.LookupEnv("TMPDIR"); asked || syscall.Statfs(memory, &fs) != nil {
		return
	}
	if fs.Flags&noExec == 0 && fs.Bavail*uint64(fs.Bsize) >= memoryNeeded {
		_ = os.Setenv("TMPDIR", memory)
	}
}
