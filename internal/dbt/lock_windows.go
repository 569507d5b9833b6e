package dbt

import "os"

const (
	exclusive = iota
	shared
	unlocked
)

// lock does nothing, because a lock on Windows would keep dbt from reading the file. On
// Windows two concurrent runs need separate checkouts.
func lock(*os.File, int) (bool, error) { return true, nil }
