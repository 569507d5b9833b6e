package dbt

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Hooks is how the audit hooks are to write, told to the macros through the
// environment. The zero value keeps them silent.
type Hooks struct {
	Relation   string // the audit table as the warehouse writes it, quoted
	Guard      string // what goes around an insert, which "{}" stands for; "" for nothing
	FourOnly   bool   // the table has the tutorial's four columns only
	CountViews bool
}

// environment are the variables that the macros read, never at parse time: dbt
// would parse the whole project again when one changed.
func (h Hooks) environment() []string {
	if h.Relation == "" {
		return []string{"DBT_TALLY_RELATION="}
	}
	columns := "all"
	if h.FourOnly {
		columns = "tutorial"
	}
	return []string{
		"DBT_TALLY_RELATION=" + h.Relation,
		"DBT_TALLY_GUARD=" + h.Guard,
		"DBT_TALLY_COLUMNS=" + columns,
		"DBT_TALLY_COUNT_VIEWS=" + strconv.FormatBool(h.CountViews),
	}
}

// Run runs one dbt command with its output streaming through and returns what is
// known of it. When ctx is done dbt gets one interrupt, and ends in its own way.
// The error is non-nil only where dbt could not be started at all (ErrNotFound);
// all that dbt itself had to say, its exit code included, is in the Invocation.
func (c CLI) Run(ctx context.Context, command Command, hooks Hooks, version Version) (Invocation, error) {
	inv := Invocation{Command: command, StartedAt: c.Now(), DBTVersion: version.Number}
	args, env, follow := c.arguments(command, version)
	inv.ID, _ = args.Flag("--invocation-id")
	earlier := c.resultsID()
	witness := follow()
	code, err := c.start(ctx, c.userCommand(args, append(hooks.environment(), env...)...))
	seen := witness()
	inv.CompletedAt, inv.ExitCode, inv.Interrupted = c.Now(), code, ctx.Err() != nil
	if err != nil {
		return inv, err
	}
	inv.ID, inv.Audit = cmp.Or(inv.ID, seen.id), seen.cost
	inv.DBTVersion = cmp.Or(seen.version, inv.DBTVersion)
	c.collect(&inv, seen, earlier)
	return inv, nil
}

// collect takes the nodes from run_results.json if it is this invocation's, else
// from the log. A command that writes no results leaves those of an earlier one. If
// nothing else says which invocation this was, results that are not the earlier
// ones are its own.
func (c CLI) collect(inv *Invocation, seen *progress, earlier string) {
	results, err := c.readRunResults()
	id := results.Metadata.InvocationID
	if err == nil && (id == inv.ID || inv.ID == "" && id != earlier) {
		inv.take(results)
	} else {
		inv.Nodes = seen.finished
	}
	reported := map[string]bool{}
	for _, node := range inv.Nodes {
		reported[node.NodeID] = true
	}
	for _, node := range seen.inFlight() {
		if !reported[node.NodeID] {
			inv.Nodes = append(inv.Nodes, node)
		}
	}
	if inv.ExitCode != 0 && len(inv.Nodes) == 0 {
		inv.Error = strings.TrimSpace(cmp.Or(seen.mainError, seen.lastError))
	}
}

// Past is an invocation that ran earlier, as far as run_results.json still tells;
// "" is whichever that file is of. The error is fs.ErrNotExist where no ID is
// given and there is no such file.
func (c CLI) Past(id string) (Invocation, error) {
	results, err := c.readRunResults()
	switch {
	case err != nil && id == "":
		return Invocation{}, fmt.Errorf("%w; want --invocation, or a dbt command that ran before; see docs/inputs.md", err)
	case err != nil || id != "" && results.Metadata.InvocationID != id:
		return Invocation{ID: id}, nil
	}
	ended, _ := time.Parse(time.RFC3339, results.Metadata.GeneratedAt) // the zero time where dbt says otherwise
	inv := Invocation{
		Command:     strings.Fields(strings.TrimPrefix(results.Args.InvocationCommand, "dbt ")),
		CompletedAt: ended,
		StartedAt:   ended.Add(-time.Duration(results.ElapsedTime * float64(time.Second))),
	}
	inv.take(results)
	if slices.ContainsFunc(inv.Nodes, NodeResult.Failed) {
		inv.ExitCode = ExitNodesFailed
	}
	return inv, nil
}

// take takes over what run_results.json says.
func (inv *Invocation) take(results runResults) {
	inv.ID = results.Metadata.InvocationID
	inv.DBTVersion = results.Metadata.DBTVersion
	for _, r := range results.Results {
		node := NodeResult{NodeID: r.UniqueID, Status: r.Status, Seconds: r.ExecutionTime}
		if r.Message != nil {
			node.Message = ansi.ReplaceAllString(*r.Message, "")
		}
		inv.Nodes = append(inv.Nodes, node)
	}
}

// arguments completes a command: with a log of its own on dbt v1, and with the
// invocation id on dbt v2, whose log is another.
func (c CLI) arguments(command Command, version Version) (Command, []string, func() func() *progress) {
	noLog := func() func() *progress { return newProgress }
	if command.Name() == "" {
		return command, nil, noLog
	}
	if version.Rust {
		return command.WithDefault(uuid.NewString(), "--invocation-id"), nil, noLog
	}
	log, err := c.newLog(command)
	if err != nil {
		return command, nil, noLog // without a witness rather than not at all
	}
	args, env := log.redirect(command)
	return args, env, log.follow
}

func (c CLI) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.WorkDir, path)
}

// lookupEnv returns the value dbt will see, the last one set.
func (c CLI) lookupEnv(name string) string {
	value := ""
	for _, entry := range c.Env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}
