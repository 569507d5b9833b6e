// Package formats renders a report in formats that CI systems read: test results in
// JUnit's XML, findings as Code Quality knows them, metrics as OpenMetrics, and links for
// the page of a job. It trusts no text of the report, and leaves the files to others.
package formats

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// issue is one entry of a Code Quality report.
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
type issue struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"` // equal in each run, to compare branches by
	Severity    string   `json:"severity"`    // info, minor, major, critical or blocker
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines lines  `json:"lines"`
}

type lines struct {
	Begin int `json:"begin"`
}

// CodeQuality writes the breaches and failures that have a file in the repository.
func CodeQuality(w io.Writer, r report.Report) error {
	issues := []issue{}
	for _, f := range report.Findings(r) {
		if f.File == "" {
			continue // GitLab refuses an entry without a file
		}
		severity := "critical"
		switch {
		case f.Severity == tally.SeverityWarn:
			severity = "minor"
		case f.Check == "test" || f.Check == "unit_test":
			severity = "major"
		}
		issues = append(issues, issue{
			Description: text(f.Message), CheckName: "dbt-tally/" + report.Clean(f.Check, report.MaxName),
			Fingerprint: fingerprint(f), Severity: severity, Location: location{report.Clean(f.File, mostPath), lines{1}},
		})
	}
	return writeJSON(w, issues)
}

// mostPath limits a file's path.
const mostPath = 1000

// fingerprint is equal for the same check of the same node, whatever its numbers are.
func fingerprint(f report.Finding) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.NodeID, f.Check, string(f.Axis)}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Link is a link on the page of a job.
type Link struct{ Label, URL string }

// Links writes the links that are web addresses, for GitLab's job annotations.
// https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsannotations
func Links(w io.Writer, links []Link) error {
	type annotation struct {
		ExternalLink map[string]string `json:"external_link"`
	}
	list := []annotation{}
	for _, link := range links {
		if strings.HasPrefix(link.URL, "https://") || strings.HasPrefix(link.URL, "http://") {
			list = append(list, annotation{map[string]string{"label": link.Label, "url": link.URL}})
		}
	}
	return writeJSON(w, map[string]any{"dbt-tally": list})
}

func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
