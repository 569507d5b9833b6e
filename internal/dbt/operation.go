package dbt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

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
// one start of dbt. An error holds dbt's own words. The user's command sees no trace
// of it: a project that dbt parsed already gives no warnings a second time.
func (o Operator) RunOperation(ctx context.Context, macro string, args map[string]any) ([][]byte, error) {
	text, err := json.Marshal(args, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("dbt run-operation %s: %w", macro, err)
	}
	dir, err := os.MkdirTemp(o.CLI.ScratchDir, "operation-")
	if err != nil {
		return nil, fmt.Errorf("dbt run-operation %s: %w", macro, err)
	}
	target, err := o.ownTarget()
	if err != nil {
		return nil, fmt.Errorf("dbt run-operation %s: %w", macro, err)
	}
	command := o.Like.Like("run-operation", macro, "--args", string(text),
		"--log-format", "json", "--log-level", "info", "--log-path", dir, "--target-path", target)
	if !o.Version.Rust {
		command = append(command, "--no-quiet", "--no-write-json", "--log-level-file", "none")
	}

	out, code, err := o.CLI.ask(ctx, command, Hooks{}.environment()...)
	payloads, said := readPayloads(out)
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

// partialParse is where dbt keeps what it parsed.
const partialParse = "partial_parse.msgpack"

// ownTarget is a target folder of our own, with what the user's dbt has parsed by
// now, so that nothing is parsed twice that need not be.
func (o Operator) ownTarget() (string, error) {
	dir := filepath.Join(o.CLI.ScratchDir, "target")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	parsed, err := os.Open(filepath.Join(o.CLI.TargetPath, partialParse))
	if errors.Is(err, fs.ErrNotExist) {
		return dir, nil
	} else if err != nil {
		return "", err
	}
	defer parsed.Close()
	own, err := os.Create(filepath.Join(dir, partialParse))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(own, parsed)
	return dir, errors.Join(err, own.Close())
}

// event is what is read of a line of dbt's log as JSON.
type event struct {
	Info struct {
		InvocationID string    `json:"invocation_id"`
		Time         time.Time `json:"ts"`
		Level        string    `json:"level"`
		Thread       string    `json:"thread"`
		Msg          string    `json:"msg"`
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
