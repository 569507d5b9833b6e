package main

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/surface"
)

// The text between the lines <!-- name --> and <!-- /name -->, in YAML between # name and
// # /name, is generated from the code; -update generates it again.
func TestDocsSayWhatTheCodeDoes(t *testing.T) {
	t.Parallel()
	outputs := outputTable()
	comment := string(read(t, "internal/report/markdown/testdata/comment.causes.golden.md"))
	for name, parts := range map[string]map[string]string{
		"action.yml":                  {"inputs": actionInputs(), "outputs": actionOutputs()},
		"docs/reading-the-comment.md": {"causes": markdownBlock(comment)},
		"docs/inputs.md":              {"inputs": inputTable("name", "default", "allowed", "meaning"), "outputs": outputs},
		"docs/permissions.md": {
			"fork-run":     yamlBlock(read(t, "docs/examples/fork-run.yml")),
			"fork-publish": yamlBlock(read(t, "docs/examples/fork-publish.yml")),
		},
		"docs/dbt-cloud.md": {
			"attach":  yamlBlock(read(t, "docs/examples/dbt-cloud.yml")),
			"trigger": yamlBlock(read(t, "docs/examples/dbt-cloud-trigger.yml")),
		},
		"docs/warehouses/aurora.md":    {"aurora": yamlBlock(read(t, "docs/examples/aurora.yml"))},
		"docs/warehouses/snowflake.md": {"snowflake": yamlBlock(read(t, "docs/examples/snowflake.yml"))},
	} {
		text := string(read(t, name))
		for part, want := range parts {
			text = fill(t, text, part, want)
		}
		golden.Check(t, name, text)
	}
}

// The README must be short enough to read in a few minutes, and its table may contain only
// existing inputs.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	text := string(read(t, "README.md"))
	if words := len(strings.Fields(text)); words > 900 {
		t.Errorf("README.md has %d words; want at most 900", words)
	}
	_, section, _ := strings.Cut(text, "\n## Inputs\n")
	section, _, _ = strings.Cut(section, "\n## ")
	named := regexp.MustCompile("(?m)^\\| (`[^|]+) \\|").FindAllStringSubmatch(section, -1)
	if len(named) == 0 {
		t.Error("README.md names no input")
	}
	for _, row := range named {
		for name := range strings.SplitSeq(row[1], ", ") {
			if !slices.ContainsFunc(config.Inputs(), func(in config.Input) bool { return code(in.Name) == name }) {
				t.Errorf("README.md: there is no input %s", name)
			}
		}
	}
}

// Before the first release the docs use main, and after it a version.
func TestDocsNameARefThatExists(t *testing.T) {
	t.Parallel()
	released := regexp.MustCompile(`(?m)^## \[\d`).Match(read(t, "CHANGELOG.md"))
	texts := workflows(t)
	for _, name := range pages(t) {
		texts[name] = string(read(t, name))
	}
	for name, text := range texts {
		for _, ref := range regexp.MustCompile(`uses: dbt-tally/dbt-tally@(\S+)`).FindAllStringSubmatch(text, -1) {
			if (ref[1] == "main") == released {
				t.Errorf("%s: uses @%s; want main before the first release, a version after it", name, ref[1])
			}
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`(?:\]\(|src="|srcset=")([^)"#\s]*)(#[^)"\s]*)?`)
	for _, name := range pages(t) {
		prose := fence.ReplaceAllString(string(read(t, name)), "")
		for _, match := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			to := name
			if match[1] != "" {
				to = path.Join(path.Dir(name), match[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: link to %s: %v", name, match[1], err)
			} else if match[2] != "" && !slices.Contains(anchors(string(read(t, to))), match[2]) {
				t.Errorf("%s: %s has no heading for %s", name, to, match[2])
			}
		}
	}
}

// anchors returns GitHub's links to a page's headings.
func anchors(page string) []string {
	var all []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		text := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, "#"+strings.ReplaceAll(text, " ", "-"))
	}
	return all
}

func TestMessagesPointToPagesThatExist(t *testing.T) {
	t.Parallel()
	page := regexp.MustCompile(`\bdocs/[\w.-]*\.md\b`)
	for _, name := range tracked(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		for _, found := range page.FindAllString(string(read(t, name)), -1) {
			if _, err := os.Stat(found); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestWorkflowsInTheDocsAreValid(t *testing.T) {
	t.Parallel()
	linted := 0
	for _, name := range pages(t) {
		for _, match := range fence.FindAllStringSubmatch(string(read(t, name)), -1) {
			language, text := match[1], match[2]
			if language != "yaml" {
				continue
			}
			workflow, err := workflowOf(text)
			if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, text)
			}
			if workflow == "" {
				continue
			}
			lintWorkflow(t, name, workflow)
			linted++
		}
	}
	if linted == 0 {
		t.Error("no page shows a workflow")
	}
}

// workflowOf returns the workflow in a YAML text, complete or only its steps, and "" for
// any other YAML.
func workflowOf(text string) (string, error) {
	var top any
	if err := yaml.Unmarshal([]byte(text), &top); err != nil {
		return "", err
	}
	steps, _ := top.([]any)
	if fields, ok := top.(map[string]any); ok {
		if fields["jobs"] != nil {
			return text, nil
		}
		steps, _ = fields["steps"].([]any)
	}
	if steps == nil {
		return "", nil
	}
	job := map[string]any{"runs-on": "ubuntu-latest", "steps": steps}
	made, err := yaml.Marshal(map[string]any{"on": "push", "jobs": map[string]any{"job": job}})
	return string(made), err
}

// fence matches a fenced block: its language and its text.
var fence = regexp.MustCompile("(?ms)^```+(\\w*)\\n(.*?)^```+$")

// pages returns the Markdown files for readers.
func pages(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(tracked(t), func(name string) bool {
		return path.Ext(name) != ".md" || strings.Contains(name, "testdata/")
	})
}

// fill puts the text between the marks of the part.
func fill(t *testing.T, page, part, text string) string {
	t.Helper()
	marks := regexp.MustCompile(`(?ms)^(?:<!--|#) ` + part + `\b[^\n]*\n(.*?)^(?:<!--|#) /` + part + `\b`)
	found := marks.FindStringSubmatchIndex(page)
	if found == nil {
		t.Fatalf("no marks for %q in:\n%s", part, page)
	}
	return page[:found[2]] + text + page[found[3]:]
}

// actionInputs returns the inputs in action.yml's format.
func actionInputs() string {
	var b strings.Builder
	b.WriteString("inputs:\n")
	for _, input := range config.Inputs() {
		if input.Name == "gitlab-token" {
			continue // an action runs on GitHub
		}
		fmt.Fprintf(&b, "  %s:\n    description: %q\n", input.Name, input.Help)
		if input.Name == "github-token" {
			input.Default = "${{ github.token }}"
		}
		if input.Default != "" {
			fmt.Fprintf(&b, "    default: %q\n", input.Default)
		}
	}
	return b.String()
}

func inputTable(columns ...string) string {
	rows := [][]string{columns}
	for _, input := range config.Inputs() {
		cells := map[string]string{
			"name":    code(input.Name),
			"default": code(input.Default),
			"allowed": code(strings.Join(input.Allowed, "`, `")),
			"meaning": input.Help,
		}
		var row []string
		for _, column := range columns {
			row = append(row, cells[column])
		}
		rows = append(rows, row)
	}
	return table(rows)
}

// actionOutputs returns the outputs in action.yml's format.
func actionOutputs() string {
	var b strings.Builder
	b.WriteString("outputs:\n")
	for _, output := range surface.AllOutputs() {
		fmt.Fprintf(&b, "  %s:\n    description: %q\n", output.Name, output.Help)
	}
	return b.String()
}

func outputTable() string {
	rows := [][]string{{"name", "meaning"}}
	for _, output := range surface.AllOutputs() {
		rows = append(rows, []string{code(output.Name), output.Help})
	}
	return table(rows)
}

// table returns a Markdown table with the first row as its head.
func table(rows [][]string) string {
	var b strings.Builder
	b.WriteString("\n")
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	b.WriteString("\n")
	return b.String()
}

func markdownBlock(text string) string { return "\n````markdown\n" + text + "````\n\n" }

func yamlBlock(text []byte) string { return "\n```yaml\n" + string(text) + "```\n\n" }

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
