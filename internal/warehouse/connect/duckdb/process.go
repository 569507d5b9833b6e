package duckdb

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// script is the Python program. It is passed on the command line, so it must be short and
// contain no secret. Secrets go through the pipe.
//
//go:embed duckdb.py
var script string

// mark is the prefix of the lines that are answers of the script.
const mark = "dbt-tally "

// patience limits the time in which the process writes the last rows into the file.
const patience = 30 * time.Second

// command describes how to start Python.
type command struct {
	python  []string // with its flags
	dir     string   // where dbt runs
	environ []string
}

// process is a Python that runs the script.
type process struct {
	cmd      *exec.Cmd
	requests io.WriteCloser
	answers  *bufio.Reader
	stderr   *tail
	ended    bool
	lost     bool // no more requests are possible
}

func (c command) start() (*process, error) {
	args := append(slices.Clone(c.python[1:]), "-c", script)
	p := &process{cmd: exec.Command(c.python[0], args...), stderr: &tail{}}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = c.dir, c.environ, p.stderr
	ownGroup(p.cmd)
	answers, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.answers = bufio.NewReader(answers)
	if p.requests, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Python: %w", err)
	}
	return p, nil
}

// ask sends a request and waits for the answer. If the context ends first, it kills the
// process, and DuckDB discards the open transaction.
func (p *process) ask(ctx context.Context, request any) (answer, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return answer{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	_, err = p.requests.Write(append(text, '\n'))
	if err == nil {
		text, err = p.read()
	}
	if err != nil {
		p.lost = true
		ended := p.end()
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		return answer{}, errors.Join(fmt.Errorf("dbt's Python, which runs DuckDB, ended: %s", p.stderr), ended)
	}
	var reply struct {
		answer
		Kind  string `json:"kind"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return answer{}, fmt.Errorf("read the answer of dbt's Python: %w", err)
	}
	if reply.Kind != "" {
		return answer{}, &refusal{kind: reply.Kind, text: reply.Error}
	}
	return reply.answer, nil
}

// read returns the next answer. It skips other lines, which a Python installation may
// print when it starts.
func (p *process) read() ([]byte, error) {
	for {
		line, err := p.answers.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if text, ok := bytes.CutPrefix(line, []byte(mark)); ok {
			return text, nil
		}
	}
}

// end waits until the process has written the committed rows into the file and closed it.
// It may be called more than once.
func (p *process) end() error {
	if p.ended {
		return nil
	}
	p.ended, p.lost = true, true
	closed := p.requests.Close()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait() // the exit status does not matter, because every commit was answered
	return closed
}

// tail is an io.Writer that keeps the end of what is written.
type tail struct{ text []byte }

func (t *tail) Write(text []byte) (int, error) {
	const most = 2000
	t.text = append(t.text, text...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(text), nil
}

// String returns the last line.
func (t *tail) String() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return lines[len(lines)-1]
}
