package app

// keepWriting does nothing: Windows has no signals about the output.
func keepWriting() {}

// untilOrphaned never returns: on Windows a process keeps the number of the process that
// started it.
func untilOrphaned() { select {} }
