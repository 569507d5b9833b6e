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
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// payloadMark precedes each payload in the log messages of our macros.
const payloadMark = "DBT_TALLY "

// Operator runs our macros through dbt, in the user's project and with the profile,
// target and variables of the user's command, to reach a warehouse for which this program
// has no driver.
type Operator struct {
	CLI     CLI
	Version Version
	Like    Command // the user's command
}

// RunOperation runs one macro, with more environment variables, and returns the payloads that
// it logged, each a JSON value, in order. If it fails, it returns the payloads before the failure and an error with
// dbt's message. It costs one start of dbt. It does not affect the user's command, which
// would not repeat its warnings for a project that is already parsed.
func (o Operator) RunOperation(
	ctx context.Context, macro string, args map[string]any, environment ...string,
) ([][]byte, error) {
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

	out, code, err := o.CLI.ask(ctx, command, append(Hooks{}.environment(), environment...)...)
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

// partialParse is the file in which dbt stores the parsed project.
const partialParse = "partial_parse.msgpack"

// ownTarget creates a separate target directory with the user's partial parse, so that
// dbt does not parse the project again.
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

// event contains the fields of a JSON log line that are used.
type event struct {
	Info struct {
		InvocationID string    `json:"invocation_id"`
		Time         time.Time `json:"ts"`
		Level        string    `json:"level"`
		Thread       string    `json:"thread"`
		Msg          string    `json:"msg"`
	} `json:"info"`
}

// LoggedPayloads returns the payloads of our macros in a log as dbt prints it for people,
// in order. It ignores a line that is cut short.
func LoggedPayloads(log string) (payloads [][]byte) {
	for line := range strings.Lines(log) {
		_, text, ours := strings.Cut(line, payloadMark)
		if !ours {
			continue
		}
		// The color code that may follow is not part of the value.
		if value, err := jsontext.NewDecoder(strings.NewReader(text)).ReadValue(); err == nil {
			payloads = append(payloads, value.Clone())
		}
	}
	return payloads
}

// PlainLog returns a log as dbt prints it for people, without colors and times.
func PlainLog(log string) string {
	return clock.ReplaceAllString(ansi.ReplaceAllString(log, ""), "")
}

// clock is the time in front of a line, with the two spaces behind it.
var clock = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  `)

// readPayloads separates the payloads of our macros from dbt's other messages. It returns
// the errors among the messages.
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
		return payloads, "dbt logged no error"
	}
	return payloads, strings.Join(errs, "; ")
}
