package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// emulate puts a GitHub that somebody else wrote in the place of the strict fake:
// emulate start, then emulate comments or emulate reviews to see what is there.
func (s stories) emulate(ts *testscript.TestScript, _ bool, args []string) {
	w, t := s.world(ts), s.story(ts)
	switch args[0] {
	case "start":
		w.emulated = emulate.Start(t)
		event, err := json.Marshal(w.emulated.Event())
		ts.Check(err)
		ts.Check(os.WriteFile(ts.Getenv("GITHUB_EVENT_PATH"), event, 0o644))
		api := fmt.Sprintf("http://127.0.0.1:%d", w.emulated.Port)
		ts.Setenv("GITHUB_API_URL", api)
		ts.Setenv("GITHUB_GRAPHQL_URL", api+"/graphql")
	case "comments":
		for _, text := range w.emulated.Comments(t) {
			fmt.Fprintln(ts.Stdout(), text)
		}
	case "reviews":
		all := w.emulated.ReviewComments(t)
		fmt.Fprintf(ts.Stdout(), "%d review comments\n", len(all))
		for _, c := range all {
			fmt.Fprintf(ts.Stdout(), "at %s %s %d\n%s\n", c.Path, c.Side, c.Line, c.Body)
		}
	default:
		ts.Fatalf("emulate %s: unknown", args[0])
	}
}
