package formats

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// The elements of JUnit's XML that Jenkins, Azure DevOps and GitLab read.
// https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
type (
	suites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []suite  `xml:"testsuite"`
	}
	suite struct {
		Name      string     `xml:"name,attr"`
		Tests     int        `xml:"tests,attr"`
		Failures  int        `xml:"failures,attr"`
		Errors    int        `xml:"errors,attr"`
		Skipped   int        `xml:"skipped,attr"`
		Time      string     `xml:"time,attr"`
		Timestamp string     `xml:"timestamp,attr"`
		Cases     []testCase `xml:"testcase"`
	}
	testCase struct {
		ClassName string   `xml:"classname,attr"`
		Name      string   `xml:"name,attr"`
		Time      string   `xml:"time,attr"`
		File      string   `xml:"file,attr,omitempty"`
		Failure   *outcome `xml:"failure"`
		Error     *outcome `xml:"error"`
		Skipped   *outcome `xml:"skipped"`
	}
	outcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes each gate of each model as a test case with a name of its own, so that the
// results of two branches can be compared. A breach is a failure. A breach that only
// warns and a gate without anything to check are skipped. A failed node is an error, and
// so is a run that auditing or dbt did not let finish.
func JUnit(w io.Writer, r report.Report) error {
	s := suite{Name: "dbt-tally", Timestamp: r.GeneratedAt.UTC().Format("2006-01-02T15:04:05")}
	seconds := 0.0
	for _, inv := range r.Invocations {
		seconds += inv.CompletedAt.Sub(inv.StartedAt).Seconds()
	}
	s.Time = fmt.Sprintf("%.3f", max(0, seconds))
	s.Cases = append(s.Cases, theRun(r))
	findings := report.Findings(r)
	for _, m := range r.Models {
		s.Cases = append(s.Cases, gates(m, findings)...)
	}
	for _, f := range findings {
		if f.Failed {
			s.Cases = append(s.Cases, testCase{
				ClassName: text(f.NodeID), Name: "dbt " + text(f.Check), Time: "0", File: text(f.File),
				Error: failed(f.Title, f.Check, f.Message),
			})
		}
	}
	s.Cases = unique(s.Cases)
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suites{Suites: []suite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// theRun is the test case of the run as a whole, which is always there.
func theRun(r report.Report) testCase {
	c := testCase{ClassName: "dbt-tally", Name: "the run", Time: "0"}
	switch {
	case len(r.GatesUnchecked) > 0:
		c.Error = failed("gates could not be checked", "unchecked", strings.Join(r.GatesUnchecked, "\n"))
	case r.Status != report.Success:
		c.Error = failed("dbt "+string(r.Status), string(r.Status), strings.Join(r.Audit.Problems, "\n"))
	}
	return c
}

// gates are the test cases of one model.
func gates(m report.Model, findings []report.Finding) []testCase {
	var cases []testCase
	for _, gate := range m.GatesSet {
		c := testCase{
			ClassName: text(m.NodeID), Name: text(m.Name) + " " + gate, File: text(m.File),
			Time: fmt.Sprintf("%.3f", max(0, m.Seconds)),
		}
		var broken []report.Finding
		for _, f := range findings {
			if f.NodeID == m.NodeID && f.Check == gate && !f.Failed {
				broken = append(broken, f)
			}
		}
		switch {
		case len(broken) == 0 && m.GatesUnchecked != "":
			c.Skipped = failed("nothing to check: "+m.GatesUnchecked, "", "")
		case len(broken) == 0:
		case broken[0].Severity == tally.SeverityWarn: // errors are listed first
			c.Skipped = failed("warning: "+broken[0].Message, gate, "")
		default:
			var all []string
			for _, f := range broken {
				all = append(all, f.Message)
			}
			c.Failure = failed(broken[0].Message, gate, strings.Join(all, "\n"))
		}
		cases = append(cases, c)
	}
	return cases
}

func failed(message, kind, details string) *outcome {
	return &outcome{Message: text(message), Type: text(kind), Text: report.Cut(report.Printable(details), mostDetails)}
}

// mostDetails limits the text of a failure.
const mostDetails = 4000

func text(s string) string { return report.Clean(s, report.MaxProblem) }

// unique numbers test cases that share a name, as a test of two invocations does.
func unique(cases []testCase) []testCase {
	seen := map[[2]string]int{}
	for i, c := range cases {
		key := [2]string{c.ClassName, c.Name}
		if seen[key]++; seen[key] > 1 {
			cases[i].Name = fmt.Sprintf("%s (%d)", c.Name, seen[key])
		}
	}
	return slices.Clip(cases)
}
