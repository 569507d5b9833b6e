//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
)

// TestTheImageBuildsOnSnowflake builds the shop on the emulated Snowflake with what the image
// has left of dbt-snowflake and its connector.
func TestTheImageBuildsOnSnowflake(t *testing.T) {
	s := shop{t: t, workspace: t.TempDir()}
	run(t, "cp", "-R", filepath.Join(repositoryRoot(t), "testdata/project")+"/.", s.workspace)
	args := s.docker("--rm", "--network", "host", "--env", "SHOP_TARGET=snowflake")
	for _, variable := range fakesnow.New(t).Environment() {
		args = append(args, "--env", variable)
	}
	out := run(t, "docker", append(args, image, "build")...)
	if !strings.Contains(out, "Completed successfully") || !strings.Contains(out, "+3 (new)") {
		t.Errorf("want new tables of 3 rows:\n%s", out)
	}
	s.isTheOwners()
}
