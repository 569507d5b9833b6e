package dbt

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Hooks configures the audit hooks. The macros read it from the environment. The zero
// value disables the hooks.
type Hooks struct {
	Relation   string // the audit table as the warehouse writes it, quoted
	Guard      string // the code around an insert, which replaces "{}"; "": none
	Columns    Columns
	CountViews bool
	CountExact bool // count every table, even if the number of its rows is known
	// ChangeColumn shows which rows of a table that dbt builds anew are new or changed; ""
	// if only meta.tally of a model names such a column.
	ChangeColumn string
}

// Columns are the columns of the audit table that the hooks fill.
type Columns string

// The sets of columns. An older table may lack the later ones.
const (
	AllColumns      Columns = "all"      // "" means the same
	RowColumns      Columns = "rows"     // without those about what was written
	TutorialColumns Columns = "tutorial" // only the first four
)

// environment returns the variables that the macros read. They never read them at parse
// time, because dbt would parse the whole project again if one changed. dbt walks through
// its environment twice at each line of its log, so what is as usual is not set.
func (h Hooks) environment() []string {
	set := []string{"DBT_TALLY_RELATION=" + h.Relation}
	add := func(name, value string) {
		if value != "" && h.Relation != "" {
			set = append(set, name+"="+value)
		}
	}
	columns := string(h.Columns)
	if h.Columns == AllColumns {
		columns = ""
	}
	count := map[bool]string{true: "exact"}[h.CountExact]
	views := map[bool]string{true: "true"}[h.CountViews]
	add("DBT_TALLY_GUARD", h.Guard)
	add("DBT_TALLY_COLUMNS", columns)
	add("DBT_TALLY_COUNT_VIEWS", views)
	add("DBT_TALLY_COUNT", count)
	add("DBT_TALLY_CHANGE_COLUMN", h.ChangeColumn)
	add("DBT_TALLY_SPECIAL", map[bool]string{true: "true"}[columns+count+views+h.ChangeColumn != ""])
	return set
}

// inherited are the variables of environment that must not come from the user's.
var inherited = regexp.MustCompile(`^DBT_TALLY_(RELATION|GUARD|COLUMNS|COUNT_VIEWS|COUNT|CHANGE_COLUMN|SPECIAL)=`)

// Invoke runs one dbt command, streams its output and returns what is known about it. When
// ctx is done, dbt receives one interrupt and ends in its own way. The error is non-nil
// only if dbt could not be started at all (ErrNotFound); everything that dbt itself
// reported, including its exit code, is in the Invocation.
func (c CLI) Invoke(ctx context.Context, command Command, hooks Hooks, version Version) (Invocation, error) {
	inv := Invocation{Command: command, StartedAt: c.Now(), DBTVersion: version.Number}
	args, env, follow := c.arguments(command, version)
	inv.ID, _ = args.Flag("--invocation-id")
	earlier := c.resultsID()
	witness := follow()
	cmd := c.command(args, append(hooks.environment(), env...)...)
	giveTerminal(cmd, command, c.Stdin)
	ignoreTermination(cmd)
	code, err := c.start(ctx, cmd)
	seen := witness()
	inv.CompletedAt, inv.ExitCode, inv.Interrupted = c.Now(), code, ctx.Err() != nil
	if err != nil {
		return inv, err
	}
	inv.ID, inv.Audit = cmp.Or(inv.ID, seen.id), seen.cost
	inv.DBTVersion = cmp.Or(seen.version, inv.DBTVersion)
	c.collect(&inv, seen, earlier)
	if inv.Killed = !inv.Interrupted && cmd.ProcessState.ExitCode() < 0; inv.Killed {
		inv.Error = fmt.Sprintf("dbt was ended by the system (%s); "+
			"if memory ran out, lower --threads or use a larger machine; see %s", cmd.ProcessState, docs.Troubleshooting)
	}
	inv.Nameless = inv.ID == "" && seen.logged && (inv.Killed || inv.Interrupted)
	return inv, nil
}

// collect takes the nodes from run_results.json if it belongs to this invocation,
// otherwise from the log. A command that writes no results leaves those of an earlier one
// in place. If this invocation's ID is unknown, results with an ID other than the earlier
// one belong to it.
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

// Past returns an earlier invocation, as far as run_results.json still describes it. If
// id is "", that is the invocation of that file, and the error is fs.ErrNotExist if there
// is no such file.
func (c CLI) Past(id string) (Invocation, error) {
	results, err := c.readRunResults()
	switch {
	case err != nil && id == "":
		return Invocation{}, fmt.Errorf("%w; set --invocation, or run a dbt command first; see %s",
			err, docs.Inputs)
	case err != nil || id != "" && results.Metadata.InvocationID != id:
		return Invocation{ID: id}, nil
	}
	ended, _ := time.Parse(time.RFC3339, results.Metadata.GeneratedAt) // the zero time if dbt wrote another form
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

// take sets the fields that run_results.json contains.
func (inv *Invocation) take(results runResults) {
	inv.ID = results.Metadata.InvocationID
	inv.DBTVersion = results.Metadata.DBTVersion
	for _, r := range results.Results {
		node := NodeResult{NodeID: r.UniqueID, Status: r.Status, Seconds: r.ExecutionTime, Adapter: figures(r.Response)}
		if r.Message != nil {
			node.Message = bounded(ansi.ReplaceAllString(*r.Message, ""))
		}
		inv.Nodes = append(inv.Nodes, node)
	}
}

// maxMessage limits the bytes of a message that are kept, because a model that fails with
// 20 MB of output must not make a report of 20 MB. A report shows much less.
const maxMessage = 64 << 10

// bounded cuts a message that is too long, at the end of a character.
func bounded(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + " …"
}

// arguments completes a command: with a separate log for dbt v1, and with the invocation
// ID for dbt v2, whose log has another format.
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
		return command, nil, noLog // the run continues without the log
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

// lookupEnv returns the value that dbt will see, which is the last one set.
func (c CLI) lookupEnv(name string) string {
	value := ""
	for _, entry := range c.Env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}
