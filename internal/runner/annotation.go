package runner

import (
	"strconv"

	"github.com/sethvargo/go-githubactions"
)

// Level is how grave an annotation is.
type Level string

// The levels the runner knows.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// Annotation is a remark that GitHub shows on the run, and beside the code where
// it names a file.
type Annotation struct {
	Level   Level
	File    string // relative to the root of the repository; "": about no file
	Line    int    // from 1; 0: about the whole file
	Title   string // "": none
	Message string
}

// Annotate shows an annotation. Its texts may hold anything.
func (r *Runner) Annotate(a Annotation) {
	properties := githubactions.CommandProperties{}
	if a.Title != "" {
		properties["title"] = a.Title
	}
	if a.File != "" {
		properties["file"] = a.File
	}
	if a.Line > 0 {
		properties["line"] = strconv.Itoa(a.Line)
	}
	r.action.IssueCommand(&githubactions.Command{Name: string(a.Level), Properties: properties, Message: a.Message})
}
