package dbt

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
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
	if err := c.removeRunResults(); err != nil {
		return inv, err
	}
	args, log := c.arguments(command, version)
	cmd := c.command(args, hooks.environment()...)

	witness := func() *progress { return newProgress() }
	if log.file != "" {
		witness = log.follow()
	}
	code, err := c.start(ctx, cmd)
	seen := witness()
	inv.CompletedAt, inv.ExitCode, inv.Interrupted = c.Now(), code, ctx.Err() != nil
	if err != nil {
		return inv, err
	}
	inv.ID, inv.Audit = seen.id, seen.cost
	inv.Audit.Known = seen.id != ""
	if seen.version != "" {
		inv.DBTVersion = seen.version
	}
	if version.Rust {
		inv.ID = log.invocationID
	}
	c.collect(&inv, seen)
	return inv, nil
}

// collect takes the nodes from run_results.json where it is this invocation's,
// else from the debug log.
func (c CLI) collect(inv *Invocation, seen *progress) {
	results, err := c.readRunResults()
	switch {
	case err == nil && (inv.ID == "" || results.Metadata.InvocationID == inv.ID):
		inv.take(results)
	default:
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
		Command:     withoutDebugLog(strings.Fields(strings.TrimPrefix(results.Args.InvocationCommand, "dbt "))),
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

// ownLog are the flags and variables by which a user shapes dbt's file log. Who
// uses one keeps that log as it is, and the report goes without it.
var ownLog = map[string]string{
	"--log-format":         "DBT_LOG_FORMAT",
	"--log-format-file":    "DBT_LOG_FORMAT_FILE",
	"--log-level-file":     "DBT_LOG_LEVEL_FILE",
	"--log-file-max-bytes": "DBT_LOG_FILE_MAX_BYTES",
}

// debugLog is where an invocation's debug log goes.
type debugLog struct {
	file         string // the log of this invocation alone, "" for none
	copy         string // dbt's own log, which gets all of it too
	invocationID string // the id given to dbt, where dbt takes one
}

// arguments completes a command: a debug log of its own on dbt v1, the invocation id on
// dbt v2, whose log is another.
func (c CLI) arguments(command Command, version Version) ([]string, debugLog) {
	if command.Name() == "" {
		return command, debugLog{}
	}
	if version.Rust {
		id, given := command.Flag("--invocation-id")
		if given {
			return command, debugLog{invocationID: id}
		}
		id = uuid.NewString()
		return append(slices.Clone(command), "--invocation-id", id), debugLog{invocationID: id}
	}
	for _, flag := range slices.Sorted(maps.Keys(ownLog)) {
		_, given := command.Flag(flag)
		if given || c.lookupEnv(ownLog[flag]) != "" {
			return command, debugLog{}
		}
	}
	dir, err := os.MkdirTemp(c.ScratchDir, "log-")
	if err != nil {
		return command, debugLog{} // without a witness rather than not at all
	}
	own := c.LogFile
	if path, given := command.Flag("--log-path"); given {
		own = filepath.Join(c.absolute(path), "dbt.log")
	}
	return append(append(slices.Clone(command), debugLogFlags...), dir), debugLog{file: filepath.Join(dir, "dbt.log"), copy: own}
}

// debugLogFlags make dbt v1 write its usual debug log to a file that it does not
// rotate; the folder follows.
var debugLogFlags = []string{"--log-format-file", "debug", "--log-level-file", "debug", "--log-file-max-bytes", "0", "--log-path"}

// withoutDebugLog is a command as the user wrote it.
func withoutDebugLog(command Command) Command {
	end := len(command) - len(debugLogFlags) - 1
	if end >= 0 && slices.Equal(command[end:len(command)-1], debugLogFlags) {
		return command[:end]
	}
	return command
}

// follow begins to read the log; the returned function ends it.
func (l debugLog) follow() func() *progress {
	stop, result := make(chan struct{}), make(chan *progress, 1)
	go func() {
		own := openLog(l.copy)
		seen := tail(l.file, own, stop)
		_ = own.Close()
		result <- seen
	}()
	return func() *progress {
		close(stop)
		return <-result
	}
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
