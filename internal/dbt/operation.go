package dbt

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
)

// payloadMark precedes each payload that a macro of ours logs.
const payloadMark = "DBT_TALLY "

// Operator runs our own macros through dbt, in the user's project and with what
// the user's command says of profile, target and variables. It is how the
// warehouses are reached that have no driver in this program.
type Operator struct {
	CLI     CLI
	Version Version
	Like    Command // the user's command
}

// RunOperation runs one macro and returns the payloads that it logged, each a
// JSON value, in order, and those before a failure along with the error. It costs
// one start of dbt. An error holds dbt's own words.
func (o Operator) RunOperation(ctx context.Context, macro string, args map[string]any) ([][]byte, error) {
	text, err := json.Marshal(args, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("dbt run-operation %s: %w", macro, err)
	}
	dir, err := os.MkdirTemp(o.CLI.ScratchDir, "operation-")
	if err != nil {
		return nil, fmt.Errorf("dbt run-operation %s: %w", macro, err)
	}
	command := o.Like.Like("run-operation", macro, "--args", string(text), "--log-format", "json", "--log-level", "info", "--log-path", dir)
	if o.Version.Rust {
		command = append(command, "--target-path", dir) // v2 writes its artifacts whatever it is told
	} else {
		command = append(command, "--target-path", o.CLI.TargetPath, "--no-write-json", "--log-level-file", "none")
	}

	var out bytes.Buffer
	cli := o.CLI
	cli.Stdout, cli.Stderr = &out, &out
	cmd := cli.command(command, Hooks{}.environment()...)
	code, err := cli.start(ctx, cmd)
	payloads, said := readPayloads(out.Bytes())
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return payloads, fmt.Errorf("dbt run-operation %s: %w", macro, ctx.Err())
	case code != 0:
		return payloads, fmt.Errorf("dbt run-operation %s: %s", macro, said)
	}
	return payloads, nil
}

// event is what is read of a line of dbt's log as JSON.
type event struct {
	Info struct {
		Level string `json:"level"`
		Msg   string `json:"msg"`
	} `json:"info"`
}

// readPayloads parts the payloads of our macros from what dbt had to say, of
// which it returns the errors.
func readPayloads(out []byte) (payloads [][]byte, said string) {
	var errs []string
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if payload, ours := strings.CutPrefix(e.Info.Msg, payloadMark); ours {
			payloads = append(payloads, []byte(payload))
		} else if e.Info.Level == "error" && strings.TrimSpace(e.Info.Msg) != "" {
			errs = append(errs, strings.TrimSpace(ansi.ReplaceAllString(e.Info.Msg, "")))
		}
	}
	if len(errs) == 0 {
		return payloads, "dbt did not say why"
	}
	return payloads, strings.Join(errs, "; ")
}
