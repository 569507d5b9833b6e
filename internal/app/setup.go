package app

import (
	"context"
	"errors"
	"os"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// start contains what every command about a dbt project needs first.
type start struct {
	job     job.Job
	dbt     program
	audit   audit.Settings
	scratch string
}

// start reads the job, installs the user's requirements, and finds the dbt to run. An error
// is a mistake in the inputs. A connection that cannot be read is not an error, because dbt
// will report its own reason.
func (c Command) start(ctx context.Context, cfg config.Config, con console) (start, error) {
	j, err := job.New(cfg, job.Surroundings{
		Dir: c.Dir, LookupEnv: c.lookupEnv, Checkout: con.system.workspace, Event: con.system.event, Secrets: con.secrets,
	})
	if err != nil {
		return start{}, err
	}
	scratch, err := scratchDir(j.Project.TargetPath)
	if err != nil {
		return start{}, err
	}
	found := c.findDBT(ctx, j, scratch, con)
	connection := j.Connect(found.version.AtLeast(1, 12))
	found = found.forProfile(ctx, cfg, connection.Type)
	if err := warehouse.Quiet(connection.Type, os.Setenv, scratch); err != nil {
		return start{}, errors.Join(err, os.RemoveAll(scratch))
	}
	return start{job: j, dbt: found, scratch: scratch, audit: audit.Settings{
		Job: j, Connection: connection, DBT: found.cli, Version: found.version,
		Program: c.Version, Unattended: con.system.active, Now: c.Now, LockWait: c.LockWait,
	}}, nil
}

// scratchDir creates a directory for temporary files: below dbt's target path if the
// system's own directory for them cannot be used, for example because TMPDIR is wrong.
func scratchDir(targetPath string) (string, error) {
	const name = "dbt-tally-"
	dir, err := os.MkdirTemp("", name)
	if err == nil {
		return dir, nil
	}
	if os.MkdirAll(targetPath, 0o755) != nil {
		return "", err
	}
	if dir, below := os.MkdirTemp(targetPath, name); below == nil {
		return dir, nil
	}
	return "", err
}

// close removes the temporary files. A file that cannot be removed is left to the system.
func (s start) close() {
	_ = s.dbt.environment.Remove()
	_ = os.RemoveAll(s.scratch)
}
