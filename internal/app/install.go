package app

import (
	"fmt"
	"path/filepath"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// installMacros writes the macro file that stays in the project, checks it, or removes
// it.
func installMacros(cfg config.Config, con console, where profile.Options) int {
	project, err := profile.LoadProject(where)
	if err != nil {
		return con.refuse(err)
	}
	file := dbt.NewInstalled(project.MacroPaths, project.PackagesPath, warehouse.InstalledOperations())
	name := file.Path
	if relative, err := filepath.Rel(where.WorkDir, file.Path); err == nil {
		name = filepath.ToSlash(relative)
	}
	switch {
	case cfg.Remove:
		removed, err := file.Remove()
		return con.installed(err, removed, "removed "+name, "there is no "+name)
	case cfg.CheckOnly:
		return con.checked(file, name)
	}
	con.ownRunHooks(file)
	changed, err := file.Write()
	status := con.installed(err, changed, "wrote "+name+"; commit it", name+" is up to date")
	if status == ExitOK {
		con.line("its macros do nothing until the environment variable DBT_TALLY_RELATION names the audit table, "+
			"such as dbt_audit.dbt_audit_log; see %s", docs.DBTCloud)
	}
	return status
}

// installed reports what became of the file.
func (c console) installed(err error, changed bool, did, nothing string) int {
	switch {
	case err != nil:
		c.error(err.Error())
		return ExitFailed
	case changed:
		c.line("%s", did)
	default:
		c.line("%s", nothing)
	}
	return ExitOK
}

// checked reports whether the project has the macros of this version.
func (c console) checked(file dbt.Installed, name string) int {
	current, err := file.Current()
	if err == nil && !current {
		err = fmt.Errorf("%s is not as this version of dbt-tally writes it; run dbt-tally install, and commit it; see %s",
			name, docs.DBTCloud)
	}
	if status := c.installed(err, false, "", name+" is up to date"); status != ExitOK {
		return status
	}
	if !c.ownRunHooks(file) {
		return ExitFailed
	}
	return ExitOK
}

// ownRunHooks reports a project whose own run_hooks does not call the audit hooks.
func (c console) ownRunHooks(file dbt.Installed) (called bool) {
	if !file.Called {
		c.warn(dbt.AddToRunHooks(file.RunHooksIn))
	}
	for _, name := range file.OwnHooks {
		c.warn(fmt.Sprintf("the package %s defines run_hooks itself, so its models are not audited", name))
	}
	return file.Called
}
