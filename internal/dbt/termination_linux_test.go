package dbt

import "testing"

func TestATerminationDoesNotEndDBT(t *testing.T) {
	t.Parallel()
	inv, err := script(t, "kill -TERM $$; exit 1").Invoke(t.Context(), Command{"build"}, Hooks{}, Version{})
	if err != nil || inv.ExitCode != 1 || inv.Killed {
		t.Errorf("exit %d, killed %v, %v; want dbt's own exit", inv.ExitCode, inv.Killed, err)
	}
}
