//go:build e2e

package stories

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// TestStoriesOnAnotherGitHub runs the main stories on an independent implementation of
// GitHub instead of the strict fake.
func TestStoriesOnAnotherGitHub(t *testing.T) {
	t.Parallel()
	s := stories{t: t}
	another := another{stories: s}
	commands := s.commands()
	commands["emulate"] = another.emulate
	testscript.Run(t, testscript.Params{Dir: testdata("script/e2e"), Setup: s.setup, Cmds: commands})
}

// another is the emulated GitHub of a story.
type another struct {
	stories
	github *emulate.GitHub
}

// emulate start starts it; emulate comments and emulate reviews print its contents.
func (s *another) emulate(ts *testscript.TestScript, _ bool, args []string) {
	t := s.story(ts)
	switch args[0] {
	case "start":
		s.github = emulate.Start(t)
		event, err := json.Marshal(s.github.Event())
		ts.Check(err)
		ts.Check(os.WriteFile(ts.Getenv("GITHUB_EVENT_PATH"), event, 0o644))
		api := fmt.Sprintf("http://127.0.0.1:%d", s.github.Port)
		ts.Setenv("GITHUB_API_URL", api)
		ts.Setenv("GITHUB_GRAPHQL_URL", api+"/graphql")
	case "comments":
		for _, text := range s.github.Comments(t) {
			fmt.Fprintln(ts.Stdout(), text)
		}
	case "reviews":
		all := s.github.ReviewComments(t)
		fmt.Fprintf(ts.Stdout(), "%d review comments\n", len(all))
		for _, c := range all {
			fmt.Fprintf(ts.Stdout(), "at %s %s %d\n%s\n", c.Path, c.Side, c.Line, c.Body)
		}
	default:
		ts.Fatalf("emulate %s: unknown", args[0])
	}
}
