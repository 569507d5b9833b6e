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

// script is what Python runs. It is short enough for a command line, and holds no
// secret: these go through the pipe.
//
//go:embed duckdb.py
var script string

// mark precedes the answers of the script.
const mark = "dbt-tally "

// patience is how long the process may take to write the last rows into the file.
const patience = 30 * time.Second

// command is how to start Python.
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
	said     *tail
	ended    bool
	lost     bool // a request has no answer
}

func (c command) start() (*process, error) {
	args := append(slices.Clone(c.python[1:]), "-c", script)
	p := &process{cmd: exec.Command(c.python[0], args...), said: &tail{}}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = c.dir, c.environ, p.said
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

// ask sends a request and waits for the answer. When the context ends, so does the
// process: DuckDB drops what was not committed.
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
		return answer{}, errors.Join(fmt.Errorf("DuckDB in dbt's Python ended: %s", p.said), ended)
	}
	var said struct {
		answer
		Kind  string `json:"kind"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return answer{}, fmt.Errorf("read what Python said: %w", err)
	}
	if said.Kind != "" {
		return answer{}, &refusal{kind: said.Kind, text: said.Error}
	}
	return said.answer, nil
}

// read returns the next answer, and skips what Python prints when it starts.
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

// end lets the process write what is committed into the file, and waits until the
// file is free. It may be called more than once.
func (p *process) end() error {
	if p.ended {
		return nil
	}
	p.ended, p.lost = true, true
	closed := p.requests.Close()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait() // how it ended does not matter: every commit had its answer
	return closed
}

// tail keeps the end of what a process prints.
type tail struct{ text []byte }

func (t *tail) Write(text []byte) (int, error) {
	const most = 2000
	t.text = append(t.text, text...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(text), nil
}

// String is the last line.
func (t *tail) String() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return lines[len(lines)-1]
}
