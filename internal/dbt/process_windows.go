package dbt

import "os/exec"

// ownGroup does nothing: in a process group of its own dbt would not get the
// console's Ctrl-C, and nothing else makes Python cancel its queries.
func ownGroup(*exec.Cmd) {}

// interrupt does nothing: the console has sent Ctrl-C to dbt as well.
func interrupt(*exec.Cmd) {}

// kill ends dbt, but none of its children.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
