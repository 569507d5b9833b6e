package config

// Command is one of dbt-tally's commands.
type Command string

// The commands. DBT runs dbt commands and reports. dbt has no commands with the other names.
const (
	DBT     Command = "dbt"
	Report  Command = "report"  // report on an earlier invocation
	Publish Command = "publish" // post the report of a run that has no write access
	Prune   Command = "prune"   // delete old audit rows
	History Command = "history" // show how the models' rows developed
	Cloud   Command = "cloud"   // report on a run of dbt Cloud
	Install Command = "install" // write the macros into the project, for a dbt that dbt-tally does not start
)

var commandNames = []Command{DBT, Report, History, Publish, Prune, Install, Cloud}

// dbtCommands are dbt's own commands (dbt --help). Others are passed on, too, and dbt
// reports those that it does not know.
var dbtCommands = []string{
	"build", "clean", "clone", "compile", "debug", "deps", "docs", "init", "list", "ls", "parse", "retry", "run",
	"run-operation", "seed", "show", "snapshot", "source", "test",
}
