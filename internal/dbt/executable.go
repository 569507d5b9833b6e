package dbt

import (
	"os/exec"
	"path/filepath"
)

// ForProfile is the dbt for a type of profile: the program dbt-TYPE where the PATH
// has one, as in our image, where MySQL needs a dbt of its own; else dbt.
func ForProfile(profileType string) string {
	name := "dbt-" + profileType
	if filepath.Base(name) != name {
		return "dbt" // no type at all, and no path of somebody's choice
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "dbt"
}
