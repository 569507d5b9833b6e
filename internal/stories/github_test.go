package stories

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

// comment checks the comments on the pull request: comment list prints every comment,
// comment count N fails unless there are N, comment add AUTHOR FILE adds one.
func (s stories) comment(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	comments := w.forge.Comments(w.pull.number)
	switch args[0] {
	case "list":
		for _, c := range comments {
			fmt.Fprintf(ts.Stdout(), "#%d by %s\n%s\n", c.ID, c.Author, c.Body)
		}
	case "count":
		if want, _ := strconv.Atoi(args[1]); len(comments) != want {
			ts.Fatalf("%d comments, want %d", len(comments), want)
		}
	case "add":
		w.forge.AddComment(w.pull.number, args[1], ts.ReadFile(args[2]))
	case "copy":
		w.forge.AddComment(w.pull.number, comments[0].Author, comments[0].Body)
	default:
		ts.Fatalf("comment %s: unknown", args[0])
	}
}

// diff makes the pull request change a file: diff PATH [FILE with the hunks].
func (s stories) diff(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	file := fakegithub.File{PullRequest: w.pull.number, Path: args[0]}
	if len(args) > 1 {
		file.Patch = strings.TrimSuffix(ts.ReadFile(args[1]), "\n")
	}
	w.forge.AddFile(file)
}

// review checks the pull request's review comments: review list prints every one, review
// count N fails unless there are N.
func (s stories) review(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	all := w.forge.ReviewComments(w.pull.number)
	switch args[0] {
	case "list":
		for _, c := range all {
			fmt.Fprintf(ts.Stdout(), "#%d by %s at %s %s %d\n%s\n", c.ID, c.Author, c.Path, c.Side, c.Line, c.Body)
		}
	case "count":
		if want, _ := strconv.Atoi(args[1]); len(all) != want {
			ts.Fatalf("%d review comments, want %d", len(all), want)
		}
	default:
		ts.Fatalf("review %s: unknown", args[0])
	}
}

// checks prints the check runs.
func (s stories) checks(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range s.world(ts).forge.CheckRuns() {
		fmt.Fprintf(ts.Stdout(), "%s on %s: %s, %s (%s)\n%s\n", c.Name, c.Commit, c.Conclusion, c.Title, c.URL, c.Summary)
	}
}

// issue checks the repository's issues: issue list prints every one, issue count N fails
// unless there are N.
func (s stories) issue(ts *testscript.TestScript, _ bool, args []string) {
	all := s.world(ts).forge.Issues()
	switch args[0] {
	case "list":
		for _, i := range all {
			fmt.Fprintf(ts.Stdout(), "%s: %s\n%s\n", i.State, i.Title, i.Body)
		}
	case "count":
		if want, _ := strconv.Atoi(args[1]); len(all) != want {
			ts.Fatalf("%d issues, want %d", len(all), want)
		}
	default:
		ts.Fatalf("issue %s: unknown", args[0])
	}
}

// failing is a fake that can be made to fail.
type failing interface {
	Fail(method, pattern string, f fault.Fault)
	Heal()
}

// fault makes the forge's fake fail until fault none:
// fault [times=N] [retry-after=SECONDS] METHOD PATTERN STATUS MESSAGE.
func (s stories) fault(ts *testscript.TestScript, _ bool, args []string) {
	var fake failing = s.world(ts).forge
	if gitlab := s.world(ts).gitlab; gitlab != nil {
		fake = gitlab
	}
	var f fault.Fault
	for ; strings.Contains(args[0], "="); args = args[1:] {
		name, value, _ := strings.Cut(args[0], "=")
		n, err := strconv.Atoi(value)
		ts.Check(err)
		switch name {
		case "times":
			f.Times = n
		case "retry-after":
			f.RetryAfter = time.Duration(n) * time.Second
		default:
			ts.Fatalf("fault %s: unknown", name)
		}
	}
	if args[0] == "none" {
		fake.Heal()
		return
	}
	var err error
	f.Status, err = strconv.Atoi(args[2])
	ts.Check(err)
	f.Message = strings.Join(args[3:], " ")
	fake.Fail(args[0], args[1], f)
}

// outputs compares step outputs: outputs models=5 status=success.
func (s stories) outputs(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile("output.txt")
	for _, want := range args {
		name, value, _ := strings.Cut(want, "=")
		if !hasOutput(text, name, value) {
			ts.Fatalf("output %s is not %q in:\n%s", name, value, text)
		}
	}
}

// hasOutput reports whether the runner's output file contains an output, in either
// format.
func hasOutput(text, name, value string) bool {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line == name+"="+value {
			return true
		}
		if strings.HasPrefix(line, name+"<<") && i+2 < len(lines) && lines[i+1] == value &&
			lines[i+2] == line[len(name)+2:] {
			return true
		}
	}
	return false
}
