package job

import (
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// shared are the flags that must be equal in all commands of one run, because they
// make one report about one target.
var shared = [][]string{
	{"--project-dir"}, {"--profiles-dir"}, {"--profile"}, {"--target", "-t"}, {"--target-path"},
}

// commands completes each dbt command with the inputs. A flag of the command wins.
func commands(cfg config.Config) ([]dbt.Command, error) {
	var commands []dbt.Command
	for _, words := range cfg.Commands {
		command := dbt.Command(words).
			WithDefault(cfg.ProjectDir, "--project-dir").
			WithDefault(cfg.ProfilesDir, "--profiles-dir").
			WithDefault(cfg.Profile, "--profile").
			WithDefault(cfg.Target, "--target", "-t")
		if command.TakesThreads() {
			command = command.WithDefault(cfg.Threads, "--threads")
		}
		commands = append(commands, command)
	}
	for _, names := range shared {
		first, _ := commands[0].Flag(names...)
		for _, other := range commands[1:] {
			if value, _ := other.Flag(names...); value != first {
				return nil, fmt.Errorf("input \"dbt-command\": %s is %q in one command and %q in another; "+
					"use the same value in all commands of a run; see %s", names[0], first, value, docs.Inputs)
			}
		}
	}
	return commands, nil
}
