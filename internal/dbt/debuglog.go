package dbt

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// record is one entry of dbt's log, which may be of several lines: as text for
// debugging, which is the default, or as JSON. The text's form is the same from dbt
// 1.7 to 1.12 (create_debug_line in dbt's events/logger.py).
type record struct {
	id     string        // dbt's invocation_id, "" if the record does not say
	time   time.Duration // since midnight, to the microsecond
	level  string
	thread string // its first ten characters
	text   string
}

var (
	recordStart = regexp.MustCompile(`^(?:\x1b\[0m)?(\d\d):(\d\d):(\d\d\.\d{6}) \[(\w+) *\] \[(.{10})\]: `)
	plainStart  = regexp.MustCompile(`^(?:\x1b\[0m)?\d\d:\d\d:\d\d  `)
	// opening is the line above the first record of an invocation.
	opening = regexp.MustCompile(`^={30} [\d:.]+ \| (\S+) ={30}\s*$`)
	// resultText is the outcome of a node: "2 of 5 OK created … [SELECT 1 in 0.05s]".
	resultText = regexp.MustCompile(`^\d+ of \d+ ([A-Z-]+) .*?(?:\[([^\[]*?)(?: in [\d.]+s)?\])?$`)
	// errorText is what dbt says of a node that it could not build.
	errorText = regexp.MustCompile(`^(?:\w+ )+Error in `)

	ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// startRecord reads the first line of a record; false if the line continues the
// one before.
func startRecord(line string) (record, bool) {
	if strings.HasPrefix(line, "{") {
		return jsonRecord(line)
	}
	m := recordStart.FindStringSubmatch(line)
	if m == nil {
		return record{}, false
	}
	since, err := time.ParseDuration(m[1] + "h" + m[2] + "m" + m[3] + "s")
	return record{time: since, level: m[4], thread: m[5], text: line[len(m[0]):]}, err == nil
}

// jsonRecord reads a line of a log as JSON (log_format_file: json).
func jsonRecord(line string) (record, bool) {
	var e event
	if json.Unmarshal([]byte(line), &e, lenient...) != nil || e.Info.InvocationID == "" {
		return record{}, false
	}
	at := e.Info.Time
	return record{
		id:     e.Info.InvocationID,
		time:   at.Sub(at.Truncate(24 * time.Hour)),
		level:  e.Info.Level,
		thread: fmt.Sprintf("%-10.10s", e.Info.Thread),
		text:   e.Info.Msg,
	}, true
}

// statuses are dbt's words in a result's line, as run_results.json has them.
var statuses = map[string]string{
	"OK": "success", "PASS": "pass", "ERROR": "error", "FAIL": "fail", "WARN": "warn",
	"SKIP": "skipped", "PARTIALLY": "partial success", "NO-OP": "no-op",
}

// progress is what the debug log says of an invocation. It is the only witness of
// a dbt that ended before it wrote run_results.json.
type progress struct {
	id, version string
	started     map[string]*begun // nodes begun and not finished
	finished    []NodeResult
	mainError   string // why dbt could not run at all
	lastError   string
	cost        AuditCost
	threads     map[string]*thread
}

// begun is a node at work. Each batch of a microbatch model is begun and finished
// once more under the model's own ID.
type begun struct {
	at   time.Duration
	open int // of the model and its batches, those not finished
}

// thread is what one of dbt's threads is at. It works on one node at a time.
type thread struct {
	auditing bool          // its last statement is one of ours
	sent     time.Duration // when that was sent
	outcome  NodeResult    // of the node that it is at
}

func newProgress() *progress {
	return &progress{started: map[string]*begun{}, threads: map[string]*thread{}}
}

// auditMark is in each statement of the hooks.
const auditMark = "insert /* dbt_tally */ into"

// add takes one record in. What can't be read as expected is passed over: the log
// is a witness, never a condition.
func (p *progress) add(r record) {
	text := ansi.ReplaceAllString(strings.TrimRight(r.text, "\n"), "")
	at := p.threads[r.thread]
	if at == nil {
		at = &thread{}
		p.threads[r.thread] = at
	}
	p.id = cmp.Or(p.id, r.id)
	switch r.level {
	case "debug":
		p.cost.Known = true
	case "error":
		p.lastError = text
	}
	result := resultText.FindStringSubmatch(text)
	switch {
	case strings.HasPrefix(text, "Running with dbt="):
		p.version = strings.TrimPrefix(text, "Running with dbt=")
	case r.level == "error" && strings.HasPrefix(text, "Encountered an error:"):
		p.mainError = text
	case strings.HasPrefix(text, "Began running node "):
		p.start(strings.TrimPrefix(text, "Began running node "), r.time)
		at.outcome = NodeResult{}
	case strings.HasPrefix(text, "Finished running node "):
		p.finish(strings.TrimPrefix(text, "Finished running node "), at.outcome, r.time)
	case result != nil && statuses[result[1]] != "":
		at.outcome.Status = statuses[result[1]]
		if at.outcome.Message == "" {
			at.outcome.Message = result[2]
		}
	case errorText.MatchString(text):
		at.outcome.Message = text
	case strings.HasPrefix(text, "On "):
		at.auditing, at.sent = strings.Contains(text, auditMark), r.time
	case at.auditing && strings.HasPrefix(text, "SQL status: "):
		at.auditing = false
		p.cost.Statements++
		p.cost.Seconds += between(at.sent, r.time)
	}
}

func (p *progress) start(id string, now time.Duration) {
	if p.started[id] == nil {
		p.started[id] = &begun{at: now}
	}
	p.started[id].open++
}

func (p *progress) finish(id string, outcome NodeResult, now time.Duration) {
	node := p.started[id]
	if node == nil {
		return
	}
	if node.open--; node.open == 0 {
		outcome.NodeID, outcome.Seconds = id, between(node.at, now)
		p.finished = append(p.finished, outcome)
		delete(p.started, id)
	}
}

// between is the seconds from one time of day to the next such one.
func between(from, to time.Duration) float64 {
	if to < from {
		to += 24 * time.Hour
	}
	return (to - from).Seconds()
}

// inFlight are the nodes that were begun and never finished, by ID.
func (p *progress) inFlight() []NodeResult {
	var nodes []NodeResult
	for _, id := range slices.Sorted(maps.Keys(p.started)) {
		nodes = append(nodes, NodeResult{NodeID: id})
	}
	return nodes
}
