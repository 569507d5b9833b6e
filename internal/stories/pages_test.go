package stories

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

var (
	// pagePart matches a heading, or a fenced block with the line that introduces it.
	pagePart = regexp.MustCompile("(?ms)^## (?P<heading>[^\n]+)$|" +
		"(?:^`(?P<file>[^`\n]+)`[^\n]*:\n\n)?^```(?P<language>\\w+)\n(?P<text>.*?)^```$")
	varies = regexp.MustCompile(`\d+(?:\.\d+)? s\b(?:, was \d+(?:\.\d+)? s\b)?|\S+/target/|just now|[\d.]+ s ago`)
)

// follow follows the steps of a page: follow tutorial.md SECTION... writes the files of
// these sections and runs their commands, whose output must equal the page's.
func (s stories) follow(ts *testscript.TestScript, _ bool, args []string) {
	name := filepath.Join(server.Root(), "docs", args[0])
	page, err := os.ReadFile(name)
	ts.Check(err)
	var made strings.Builder
	var section string
	end, followed := 0, 0
	for _, at := range pagePart.FindAllSubmatchIndex(page, -1) {
		part := func(group string) string {
			i := 2 * pagePart.SubexpIndex(group)
			return string(page[max(at[i], 0):max(at[i+1], 0)])
		}
		if part("heading") != "" {
			section = part("heading")
		}
		if !slices.Contains(args[1:], section) {
			continue
		}
		if file := part("file"); file != "" {
			ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(file)), 0o755))
			ts.Check(os.WriteFile(ts.MkAbs(file), []byte(part("text")), 0o644))
			followed++
		}
		if part("language") == "console" {
			text := 2 * pagePart.SubexpIndex("text")
			made.Write(page[end:at[text]])
			made.WriteString(console(ts, part("text")))
			end = at[text+1]
			followed++
		}
	}
	if followed == 0 {
		ts.Fatalf("%s: nothing to follow in %q", args[0], args[1:])
	}
	made.Write(page[end:])
	golden.Check(s.story(ts), name, made.String())
}

// console runs the commands of a console block and returns the block with their output.
// It keeps the old output if only times and directories differ.
func console(ts *testscript.TestScript, block string) string {
	var made strings.Builder
	status := 0
	for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
		command, shown, _ := strings.Cut(step, "\n")
		var exit *exec.ExitError
		// $? in a command is the status of the previous one.
		err := ts.Exec("sh", "-c", fmt.Sprintf("exec 2>&1; (exit %d); %s", status, command))
		if status = 0; errors.As(err, &exit) {
			status = exit.ExitCode()
		} else {
			ts.Check(err)
		}
		if got := strings.ReplaceAll(ts.ReadFile("stdout"), ts.MkAbs("."), "…"); same(got) != same(shown) {
			shown = got
		}
		fmt.Fprintf(&made, "$ %s\n%s\n", command, strings.TrimRight(shown, "\n"))
	}
	return made.String()
}

// same returns the words of an output without the values that differ from run to run.
func same(output string) string {
	return strings.Join(strings.Fields(varies.ReplaceAllString(output, "#")), " ")
}

// explained checks that a row of docs/troubleshooting.md quotes a message that the last
// command wrote: explained MESSAGE, with … for what differs from case to case.
func (s stories) explained(ts *testscript.TestScript, _ bool, args []string) {
	page, err := os.ReadFile(filepath.Join(server.Root(), "docs/troubleshooting.md"))
	ts.Check(err)
	if !regexp.MustCompile("(?m)^\\|[^|]*`" + regexp.QuoteMeta(args[0]) + "`[^|]*\\|").Match(page) {
		ts.Fatalf("no row of docs/troubleshooting.md is about %s", args[0])
	}
	written := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(args[0]), "…", ".+"))
	if output := ts.ReadFile("stdout") + ts.ReadFile("stderr"); !written.MatchString(output) {
		ts.Fatalf("no message as docs/troubleshooting.md quotes it: %s\n%s", args[0], output)
	}
}

// workflow sets exactly the inputs that a workflow passes to dbt-tally: workflow FILE.
// An empty input counts as not given.
func (s stories) workflow(ts *testscript.TestScript, _ bool, args []string) {
	var file struct {
		Jobs map[string]struct {
			Steps []struct {
				Uses string
				With map[string]string
			}
		}
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "${{ matrix.project }}", "finance")
	ts.Check(yaml.Unmarshal([]byte(text), &file))
	for _, input := range config.Inputs() {
		if input.Name != "github-token" {
			ts.Setenv("INPUT_"+strings.ToUpper(input.Name), "")
		}
	}
	for _, job := range file.Jobs {
		for _, step := range job.Steps {
			if strings.HasPrefix(step.Uses, "dbt-tally/dbt-tally@") {
				for name, value := range step.With {
					ts.Setenv("INPUT_"+strings.ToUpper(name), value)
				}
				return
			}
		}
	}
	ts.Fatalf("%s: no step uses dbt-tally", args[0])
}
