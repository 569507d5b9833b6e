// Package buildinfo determines the version of this program.
package buildinfo

import (
	"runtime/debug"
	"strings"
)

// Version returns the version that the linker set in a release. Other builds set "dev";
// of those, go install records the module's version, and go build in a checkout one that
// ends with the commit (https://pkg.go.dev/runtime/debug#BuildInfo).
func Version(linked string) string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(linked, info)
}

// versionOf is Version for the given build information, which is nil if there is none.
func versionOf(linked string, info *debug.BuildInfo) string {
	if linked != "dev" || info == nil || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return linked
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
