package formats

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

var files = map[string]func(io.Writer, report.Report) error{
	"junit.xml": JUnit, "codequality.json": CodeQuality, "metrics.txt": Metrics,
}

func render(t *testing.T, file string, r report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := files[file](&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gated are the situations in which models have gates, here the breached ones.
func gated(r report.Report) report.Report {
	for i, m := range r.Models {
		for _, g := range m.Gates {
			if !slices.Contains(r.Models[i].GatesSet, g.Gate) {
				r.Models[i].GatesSet = append(r.Models[i].GatesSet, g.Gate)
			}
		}
		if !slices.Contains(r.Models[i].GatesSet, "min-rows") {
			r.Models[i].GatesSet = append(r.Models[i].GatesSet, "min-rows")
		}
	}
	return r
}

func TestFormatsOfTheSituations(t *testing.T) {
	t.Parallel()
	for _, situation := range []struct {
		name string
		made report.Report
	}{
		{"breached", gated(situation.Breached())}, {"failed", situation.Failed()}, {"hostile", gated(situation.Hostile(situation.Attack))},
	} {
		for file := range files {
			name, extension, _ := strings.Cut(file, ".")
			golden.Check(t, "testdata/"+name+"."+situation.name+".golden."+extension, string(render(t, file, situation.made)))
		}
	}
}

func TestEverySituationKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	all := situation.All()
	for name := range all {
		all[name+", gated"] = gated(all[name])
	}
	all["large"] = gated(situation.Large(2000, 500))
	all["attacked"] = gated(situation.Hostile("\"}\n# EOF\n<![CDATA[]]>\x00\x1b[31m\ufffe' -->\r\nx{a=\"b\"} 1\\"))
	codeQuality := schema(t, "testdata/codequality.schema.json")
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			valid(t, codeQuality, render(t, "codequality.json", r))
			checkJUnit(t, render(t, "junit.xml", r))
			checkMetrics(t, render(t, "metrics.txt", r))
		})
	}
}

func schema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	made, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func valid(t *testing.T, schema *jsonschema.Schema, text []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

// allowed are the attributes and children of each element of JUnit's XML that Jenkins'
// schema knows, as far as we write them. file is an addition that GitLab reads.
var allowed = map[string]struct{ attributes, children []string }{
	"testsuites": {nil, []string{"testsuite"}},
	"testsuite":  {[]string{"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, []string{"testcase"}},
	"testcase":   {[]string{"classname", "name", "time", "file"}, []string{"failure", "error", "skipped"}},
	"failure":    {[]string{"message", "type"}, nil},
	"error":      {[]string{"message", "type"}, nil},
	"skipped":    {[]string{"message", "type"}, nil},
}

func checkJUnit(t *testing.T, text []byte) {
	t.Helper()
	var path []string
	cases, names, counted := 0, map[string]bool{}, map[string]int{}
	var suite map[string]string
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch e := token.(type) {
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.StartElement:
			name := e.Name.Local
			if len(path) == 0 && name != "testsuites" || len(path) > 0 && !slices.Contains(allowed[path[len(path)-1]].children, name) {
				t.Errorf("%s in %v", name, path)
			}
			attributes := map[string]string{}
			for _, a := range e.Attr {
				if !slices.Contains(allowed[name].attributes, a.Name.Local) {
					t.Errorf("%s has %s", name, a.Name.Local)
				}
				attributes[a.Name.Local] = a.Value
			}
			switch name {
			case "testsuite":
				suite = attributes
			case "testcase":
				cases++
				key := attributes["classname"] + "\x00" + attributes["name"]
				if attributes["name"] == "" || names[key] {
					t.Errorf("the name %q is not unique", key)
				}
				names[key] = true
			}
			counted[name]++
			path = append(path, name)
		}
	}
	for attribute, n := range map[string]int{
		"tests": cases, "failures": counted["failure"], "errors": counted["error"], "skipped": counted["skipped"],
	} {
		if suite[attribute] != strconv.Itoa(n) {
			t.Errorf("%s=%q, want %d", attribute, suite[attribute], n)
		}
	}
	if cases == 0 {
		t.Error("there is no test case, which Jenkins refuses")
	}
}

// The lines of OpenMetrics' text format that a gauge has.
var (
	metricType   = regexp.MustCompile(`^# TYPE ([a-z_]+) gauge$`)
	metricHelp   = regexp.MustCompile(`^# HELP ([a-z_]+) ([^\\"\n]*)$`)
	metricSample = regexp.MustCompile(`^([a-z_]+)(\{model="(?:[^"\\\n]|\\[\\"n])*"\})? (-?\d+)$`)
)

func checkMetrics(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) || !bytes.HasSuffix(text, []byte("\n# EOF\n")) || bytes.Count(text, []byte("\n# EOF\n")) != 1 {
		t.Errorf("not UTF-8 up to one EOF:\n%s", text)
	}
	family, samples, families := "", map[string]bool{}, map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "# EOF\n"), "\n") {
		switch found := metricType.FindStringSubmatch(line); {
		case line == "":
		case found != nil:
			family = found[1]
			if families[family] {
				t.Errorf("the family %s begins twice", family)
			}
			families[family] = true
		case strings.HasPrefix(line, "# "):
			if help := metricHelp.FindStringSubmatch(line); help == nil || help[1] != family {
				t.Errorf("help %q in %s", line, family)
			}
		default:
			sample := metricSample.FindStringSubmatch(line)
			if sample == nil || sample[1] != family || samples[sample[1]+sample[2]] {
				t.Errorf("sample %q in %s", line, family)
				continue
			}
			samples[sample[1]+sample[2]] = true
		}
	}
}

func TestWhatBecomesOfEachGate(t *testing.T) {
	t.Parallel()
	rows := int64(5)
	model := func(name string) report.Model {
		return report.Model{NodeID: "model.shop." + name, Name: name, After: &rows, GatesSet: []string{"max-drop", "min-rows"}}
	}
	passed, warned, broken, view := model("passed"), model("warned"), model("broken"), model("view")
	warned.Gates = []report.Gate{{NodeID: warned.NodeID, Gate: "max-drop", Limit: "5%", Value: "−20%", Severity: tally.SeverityWarn}}
	broken.Gates = []report.Gate{
		{NodeID: broken.NodeID, Gate: "max-drop", Axis: tally.AxisBefore, Limit: "5%", Value: "−20%", Severity: tally.SeverityError},
		{NodeID: broken.NodeID, Gate: "max-drop", Axis: tally.AxisBaseline, Limit: "5%", Value: "−10%", Severity: tally.SeverityError},
	}
	view.GatesUnchecked = "a view"
	r := report.Report{
		Status: report.Success, Models: []report.Model{passed, warned, broken, view}, GatesUnchecked: []string{"no audit table"},
	}
	var got suites
	if err := xml.Unmarshal(render(t, "junit.xml", r), &got); err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]string{}
	for _, c := range got.Suites[0].Cases {
		for kind, o := range map[string]*outcome{"failure": c.Failure, "error": c.Error, "skipped": c.Skipped} {
			if o != nil {
				outcomes[c.Name] = kind + ": " + o.Message
			}
		}
	}
	want := map[string]string{
		"the run":         "error: gates could not be checked",
		"warned max-drop": "skipped: warning: warned lost 20% of its rows in this run (limit 5%)",
		"broken max-drop": "failure: broken lost 20% of its rows in this run (limit 5%)",
		"view max-drop":   "skipped: nothing to check: a view",
		"view min-rows":   "skipped: nothing to check: a view",
	}
	if diff := cmp.Diff(want, outcomes); diff != "" || len(got.Suites[0].Cases) != 9 {
		t.Errorf("%d cases (-want +got)\n%s", len(got.Suites[0].Cases), diff)
	}
}

// Code Quality compares branches by fingerprints: another number is the same finding.
func TestFingerprintsDoNotDependOnNumbers(t *testing.T) {
	t.Parallel()
	of := func(r report.Report) (prints []string) {
		var issues []issue
		if err := json.Unmarshal(render(t, "codequality.json", r), &issues); err != nil || len(issues) == 0 {
			t.Fatalf("%d issues, %v", len(issues), err)
		}
		for _, i := range issues {
			prints = append(prints, i.Fingerprint)
		}
		return prints
	}
	before, after := situation.Breached(), situation.Breached()
	for i := range after.Models {
		for j := range after.Models[i].Gates {
			after.Models[i].Gates[j].Value = "−99%"
		}
	}
	first, second := of(before), of(after)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	if slices.Sort(first); len(slices.Compact(first)) != len(second) {
		t.Errorf("fingerprints are not unique: %q", first)
	}
}

func TestOnlyWebAddressesAreLinks(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := Links(&b, []Link{
		{"the comment", "https://gitlab.example/-/notes/1"}, {"none", ""}, {"script", "javascript:alert(1)"}, {"inside", "http://gitlab/x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	valid(t, schema(t, "testdata/annotations.schema.json"), b.Bytes())
	want := `{"dbt-tally":[{"external_link":{"label":"the comment","url":"https://gitlab.example/-/notes/1"}},` +
		`{"external_link":{"label":"inside","url":"http://gitlab/x"}}]}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, b.Bytes()); err != nil || compact.String() != want {
		t.Errorf("got %s, %v; want %s", compact.String(), err, want)
	}
}

func TestAFullDiskIsReported(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	for file, write := range files {
		if err := write(full, situation.Breached()); err == nil {
			t.Errorf("%s: no error", file)
		}
	}
}
