package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/runner"
)

// shared are the flags in which all commands of one run must agree: they make one
// report on one target.
var shared = [][]string{{"--project-dir"}, {"--profiles-dir"}, {"--profile"}, {"--target", "-t"}, {"--target-path"}}

// commands completes each dbt command with what the inputs say. What a command
// says itself wins.
func (s *story) commands() ([]dbt.Command, error) {
	var commands []dbt.Command
	for _, words := range s.cfg.Commands {
		command := dbt.Command(words).
			WithDefault(s.cfg.ProjectDir, "--project-dir").
			WithDefault(s.cfg.ProfilesDir, "--profiles-dir").
			WithDefault(s.cfg.Profile, "--profile").
			WithDefault(s.cfg.Target, "--target", "-t")
		if command.TakesThreads() {
			command = command.WithDefault(s.cfg.Threads, "--threads")
		}
		commands = append(commands, command)
	}
	for _, names := range shared {
		first, _ := commands[0].Flag(names...)
		for _, other := range commands[1:] {
			if value, _ := other.Flag(names...); value != first {
				return nil, fmt.Errorf("input \"dbt-command\": %s is %q in one command and %q in another; want the same in all commands of one run; see docs/inputs.md", names[0], first, value)
			}
		}
	}
	return commands, nil
}

// deps installs the packages that the project declares and does not have.
func (s *story) deps(ctx context.Context) []dbt.Invocation {
	if s.noDBT != nil {
		return []dbt.Invocation{s.notStarted(s.dbt[0], s.noDBT)}
	}
	if !s.cfg.InstallDeps || !s.project.DeclaresPackages {
		return nil
	}
	if _, err := os.Stat(s.project.PackagesPath); err == nil {
		return nil
	}
	end := s.actions.Group("dbt deps")
	defer end()
	inv := s.runCommand(ctx, s.dbt[0].Like("deps"), dbt.Hooks{})
	if inv.ExitCode == 0 {
		return nil // it built nothing: not worth a line in the report
	}
	return []dbt.Invocation{inv}
}

// runCommands runs the dbt commands in order, up to the first that fails.
func (s *story) runCommands(ctx context.Context) []dbt.Invocation {
	var invocations []dbt.Invocation
	for _, command := range s.dbt {
		inv := s.runCommand(ctx, command, s.hooks)
		invocations = append(invocations, inv)
		if inv.ExitCode != 0 || inv.Interrupted {
			break
		}
	}
	return invocations
}

// runCommand runs one command. What dbt prints must not speak to the runner.
func (s *story) runCommand(ctx context.Context, command dbt.Command, hooks dbt.Hooks) dbt.Invocation {
	resume := s.actions.StopCommands()
	inv, err := s.cli.Run(ctx, command, hooks, s.version)
	resume()
	if err != nil {
		return s.notStarted(command, err)
	}
	return inv
}

// notStarted stands for a command that could not be run at all.
func (s *story) notStarted(command dbt.Command, err error) dbt.Invocation {
	s.tell(s.actions, runner.Error, err.Error())
	now := s.Now()
	return dbt.Invocation{
		Command: command, StartedAt: now, CompletedAt: now,
		ExitCode: dbt.ExitCouldNotRun, Error: err.Error(),
	}
}

// patience is how long everything after dbt may take. After an interrupt the
// runner kills us 10 s after it asked dbt to stop
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation).
func (s *story) patience(ctx context.Context) time.Duration {
	if ctx.Err() != nil {
		return 5 * time.Second
	}
	return 2 * time.Minute
}

// exitCode is dbt's own code: the first that is not 0.
func exitCode(invocations []dbt.Invocation) int {
	for _, inv := range invocations {
		if inv.ExitCode != 0 {
			return inv.ExitCode
		}
	}
	return 0
}

func failed(invocations []dbt.Invocation) bool {
	return exitCode(invocations) != 0
}
