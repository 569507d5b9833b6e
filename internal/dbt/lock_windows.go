package dbt

import "os"

const (
	exclusive = iota
	shared
	unlocked
)

// lock does nothing: a lock on Windows would keep dbt from reading the file. Two
// runs at once need a checkout each there.
func lock(*os.File, int) (bool, error) { return true, nil }
