package dbt

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// event is one line of dbt's structured log (docs: "Events and logs", log_version 3).
type event struct {
	Info struct {
		Code         string    `json:"code"`
		InvocationID string    `json:"invocation_id"`
		Level        string    `json:"level"`
		Msg          string    `json:"msg"`
		Name         string    `json:"name"`
		Thread       string    `json:"thread"`
		Time         time.Time `json:"ts"`
	} `json:"info"`
	Data jsontext.Value `json:"data"`
}

// progress is what the event log says of an invocation. It is the only witness of
// a dbt that ended before it wrote run_results.json.
type progress struct {
	id, version string
	started     map[string]time.Time // nodes begun and not finished
	finished    []NodeResult
	mainError   string // why dbt could not run at all
	lastError   string
	cost        AuditCost
	auditing    map[string]bool // threads whose last statement is one of ours
}

func newProgress() *progress {
	return &progress{started: map[string]time.Time{}, auditing: map[string]bool{}}
}

// nodeData is the data of NodeStart and NodeFinished.
type nodeData struct {
	NodeInfo struct {
		UniqueID string `json:"unique_id"`
	} `json:"node_info"`
	RunResult struct {
		Status        string  `json:"status"`
		Message       string  `json:"message"`
		ExecutionTime float64 `json:"execution_time"`
	} `json:"run_result"`
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// add takes one event in. Events that can't be read as expected are passed over:
// the log is a witness, never a condition.
func (p *progress) add(e event) {
	p.id = e.Info.InvocationID
	if e.Info.Level == "error" {
		p.lastError = ansi.ReplaceAllString(e.Info.Msg, "")
	}
	switch e.Info.Code {
	case "A001": // MainReportVersion
		var data struct {
			Version string `json:"version"`
		}
		_ = json.Unmarshal(e.Data, &data)
		p.version = strings.TrimPrefix(data.Version, "=")
	case "Z002": // MainEncounteredError
		p.mainError = ansi.ReplaceAllString(e.Info.Msg, "")
	case "Q024": // NodeStart
		var data nodeData
		if json.Unmarshal(e.Data, &data) == nil {
			p.started[data.NodeInfo.UniqueID] = e.Info.Time
		}
	case "Q025": // NodeFinished
		var data nodeData
		if json.Unmarshal(e.Data, &data) == nil {
			delete(p.started, data.NodeInfo.UniqueID)
			p.finished = append(p.finished, NodeResult{
				NodeID: data.NodeInfo.UniqueID, Status: data.RunResult.Status,
				Message: data.RunResult.Message, Seconds: data.RunResult.ExecutionTime,
			})
		}
	case "E016": // SQLQuery
		p.auditing[e.Info.Thread] = bytes.Contains(e.Data, []byte("insert /* dbt_tally */ into"))
	case "E017": // SQLQueryStatus
		var data struct {
			Elapsed float64 `json:"elapsed"`
		}
		if p.auditing[e.Info.Thread] && json.Unmarshal(e.Data, &data) == nil {
			p.auditing[e.Info.Thread] = false
			p.cost.Statements++
			p.cost.Seconds += data.Elapsed
		}
	}
}

// inFlight are the nodes that were begun and never finished, by ID.
func (p *progress) inFlight() []NodeResult {
	var nodes []NodeResult
	for _, id := range slices.Sorted(maps.Keys(p.started)) {
		nodes = append(nodes, NodeResult{NodeID: id})
	}
	return nodes
}

// tail reads the event log while dbt writes it, so that nothing is left to read
// when dbt ends. Closing stop makes it read the rest and deliver.
func tail(path string, copyTo io.Writer, stop <-chan struct{}) *progress {
	p := newProgress()
	var file *os.File
	for ended := false; ; {
		if file == nil {
			file, _ = os.Open(path) // dbt makes it in its own time, or never
		}
		if file != nil {
			break
		}
		if ended {
			return p
		}
		ended = wait(stop)
	}
	defer file.Close()

	lines, line := bufio.NewReaderSize(file, 1<<16), []byte(nil)
	for ended := false; ; {
		part, err := lines.ReadBytes('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			var e event
			if json.Unmarshal(line, &e) == nil {
				p.add(e)
				logText(copyTo, e)
			}
			line = line[:0]
		case ended:
			return p
		default:
			ended = wait(stop)
		}
	}
}

// wait lets dbt write on; it is true when dbt has ended.
func wait(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// openLog opens dbt's own log for appending; a log that can't be written is no
// reason to stop anything.
func openLog(path string) io.WriteCloser {
	if path == "" {
		return discard{}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return discard{}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return discard{}
	}
	return bufferedFile{bufio.NewWriterSize(file, 1<<16), file}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

type bufferedFile struct {
	*bufio.Writer
	file *os.File
}

func (b bufferedFile) Close() error {
	return errors.Join(b.Flush(), b.file.Close())
}
