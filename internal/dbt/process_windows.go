package dbt

import "os/exec"

// ownGroup does nothing. In a process group of its own dbt would not receive the
// console's Ctrl-C, which is the only way to make Python cancel its queries.
func ownGroup(*exec.Cmd) {}

// interrupt does nothing, because the console has sent Ctrl-C to dbt as well.
func interrupt(*exec.Cmd) {}

// kill ends dbt, but not its children.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

// ignoreTermination does nothing: Windows has no SIGTERM.
func ignoreTermination(*exec.Cmd) {}
