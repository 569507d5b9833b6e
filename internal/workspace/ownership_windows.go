package workspace

import "time"

// GiveBack does nothing: on Windows files belong to the user who runs the process.
func GiveBack(string, time.Time) error { return nil }
