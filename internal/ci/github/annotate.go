package github

import (
	"github.com/sethvargo/go-githubactions"

	"github.com/dbt-tally/dbt-tally/internal/ci"
)

// Annotate shows an annotation. Its texts may contain anything.
func (a *Actions) Annotate(annotation ci.Annotation) {
	properties := githubactions.CommandProperties{}
	if annotation.Title != "" {
		properties["title"] = annotation.Title
	}
	if annotation.File != "" {
		properties["file"] = annotation.File
	}
	a.action.IssueCommand(&githubactions.Command{
		Name: string(annotation.Level), Properties: properties, Message: annotation.Message,
	})
}
