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

// record is one entry of dbt's log, of one or more lines. The log is the default text for
// debugging, or JSON. The form of the text is the same from dbt 1.7 to 1.12
// (create_debug_line in dbt's events/logger.py).
type record struct {
	id     string        // dbt's invocation_id; "" if the record has none
	time   time.Duration // since midnight, to the microsecond
	level  string
	thread string // the first ten characters of its name
	text   string
}

var (
	recordStart = regexp.MustCompile(`^(?:\x1b\[0m)?(\d\d):(\d\d):(\d\d\.\d{6}) \[(\w+) *\] \[(.{10})\]: `)
	plainStart  = regexp.MustCompile(`^(?:\x1b\[0m)?\d\d:\d\d:\d\d  `)
	// opening matches the line above the first record of an invocation.
	opening = regexp.MustCompile(`^={30} [\d:.]+ \| (\S+) ={30}\s*$`)
	// resultText matches the result of a node: "2 of 5 OK created … [SELECT 1 in 0.05s]".
	resultText = regexp.MustCompile(`^\d+ of \d+ ([A-Z-]+) .*?(?:\[([^\[]*?)(?: in [\d.]+s)?\])?$`)
	// errorText matches dbt's message about a node that it could not build.
	errorText = regexp.MustCompile(`^(?:\w+ )+Error in `)

	ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// startRecord parses the first line of a record. It returns false if the line continues
// the previous record.
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

// jsonRecord parses a line of a log in JSON (log_format_file: json).
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

// statuses maps the words in a result's line to those in run_results.json.
var statuses = map[string]string{
	"OK": "success", "PASS": "pass", "ERROR": "error", "FAIL": "fail", "WARN": "warn",
	"SKIP": "skipped", "PARTIALLY": "partial success", "NO-OP": "no-op",
}

// progress is the information in the debug log about an invocation. If dbt ended before
// it wrote run_results.json, there is no other source.
type progress struct {
	id, version string
	logged      bool              // the log has entries
	started     map[string]*begun // nodes that have begun and not finished
	finished    []NodeResult
	mainError   string // why dbt could not run at all
	lastError   string
	cost        AuditCost
	threads     map[string]*thread
}

// begun is a node in progress. Each batch of a microbatch model begins and finishes
// separately, under the model's own ID.
type begun struct {
	at   time.Duration
	open int // unfinished ones among the model and its batches
}

// thread is the state of one of dbt's threads, which works on one node at a time.
type thread struct {
	auditing bool          // its last statement is one of ours
	sent     time.Duration // when it was sent
	outcome  NodeResult    // of the current node
}

func newProgress() *progress {
	return &progress{started: map[string]*begun{}, threads: map[string]*thread{}}
}

// auditMark occurs in each statement of the hooks.
const auditMark = " /* dbt_tally */ "

// add processes one record. It ignores what it cannot parse, because nothing may depend
// on the log.
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
		p.lastError = bounded(text)
	}
	result := resultText.FindStringSubmatch(text)
	switch {
	case strings.HasPrefix(text, "Running with dbt="):
		p.version = strings.TrimPrefix(text, "Running with dbt=")
	case r.level == "error" && strings.HasPrefix(text, "Encountered an error:"):
		p.mainError = bounded(text)
	case strings.HasPrefix(text, "Began running node "):
		p.start(strings.TrimPrefix(text, "Began running node "), r.time)
		at.outcome = NodeResult{}
	case strings.HasPrefix(text, "Finished running node "):
		p.finish(strings.TrimPrefix(text, "Finished running node "), at.outcome, r.time)
	case result != nil && statuses[result[1]] != "":
		at.outcome.Status = statuses[result[1]]
		if at.outcome.Message == "" {
			at.outcome.Message = bounded(result[2])
		}
	case errorText.MatchString(text):
		at.outcome.Message = bounded(text)
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

// between returns the seconds from one time of day to the next occurrence of the other.
func between(from, to time.Duration) float64 {
	if to < from {
		to += 24 * time.Hour
	}
	return (to - from).Seconds()
}

// inFlight returns the nodes that have begun and never finished, by ID.
func (p *progress) inFlight() []NodeResult {
	var nodes []NodeResult
	for _, id := range slices.Sorted(maps.Keys(p.started)) {
		nodes = append(nodes, NodeResult{NodeID: id})
	}
	return nodes
}
