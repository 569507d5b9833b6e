package fakedbt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// invocation is a command with its options and its project.
type invocation struct {
	options
	id      string
	log     log
	env     environment
	project project
	nodes   []node
}

// result is the outcome of a node.
type result struct {
	node
	status   string // dbt's word
	message  string // "" for none
	failures int    // of a test
	seconds  float64
}

func (r result) failed() bool { return r.status == "error" || r.status == "fail" }

// build runs the nodes one after the other.
func build(ctx context.Context, inv invocation) (int, error) {
	began := time.Now()
	w, err := connect(ctx, inv.env)
	if err != nil {
		return 0, err
	}
	defer w.conn.Close(ctx)
	hooks, err := installedHooks(inv.projectDir, inv.env, inv.id)
	if err != nil {
		return 0, err
	}
	b := builder{
		warehouse: w, log: inv.log, hooks: hooks, project: inv.project, total: len(inv.nodes), bad: map[string]bool{},
	}
	results := make([]result, 0, len(inv.nodes))
	for i, n := range inv.nodes {
		r, err := b.node(ctx, i+1, n)
		if err != nil {
			return 0, err
		}
		results = append(results, r)
	}
	artifacts := artifacts{invocation: inv, warehouse: w, seconds: time.Since(began).Seconds()}
	if err := artifacts.write(results); err != nil {
		return 0, err
	}
	return summarize(inv.log, results), nil
}

// summarize prints how the invocation ended, and returns its exit code.
func summarize(log log, results []result) int {
	passed, failed, skipped := 0, 0, 0
	var failures []result
	for _, r := range results {
		switch {
		case r.failed():
			failed++
			failures = append(failures, r)
		case r.status == "skipped":
			skipped++
		default:
			passed++
		}
	}
	log.info(mainThread, "")
	code := exitOK
	if failed == 0 {
		log.info(mainThread, coloured(green, "Completed successfully"))
	} else {
		code = exitFailed
		failed := counted(failed, "error")
		log.info(mainThread, coloured(red, "Completed with "+failed+", 0 partial successes, and 0 warnings:"))
	}
	for _, r := range failures {
		log.info(mainThread, "")
		log.error(mainThread, coloured(red, fmt.Sprintf("Failure in %s %s (%s)", r.kind, r.name, r.path)))
		log.error(mainThread, "  "+r.message)
	}
	log.info(mainThread, "")
	log.info(mainThread, fmt.Sprintf("Done. PASS=%d WARN=0 ERROR=%d SKIP=%d NO-OP=0 TOTAL=%d",
		passed, failed, skipped, len(results)))
	return code
}

// counted returns "1 error" or "2 errors".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// builder builds nodes.
type builder struct {
	warehouse
	log     log
	hooks   hooks
	project project
	total   int
	bad     map[string]bool // nodes that failed or were skipped; nodes that refer to them are skipped
}

// node builds one node, unless a node that it refers to failed. An error is one of the
// fake itself.
func (b builder) node(ctx context.Context, number int, n node) (result, error) {
	of, began := fmt.Sprintf("%d of %d", number, b.total), time.Now()
	b.log.debug("Began running node " + n.id())
	defer func() { b.log.debug("Finished running node " + n.id()) }()
	for _, ref := range n.refs {
		if b.bad[ref] || n.kind != "test" && b.bad["tests of "+ref] {
			b.bad[n.name] = b.bad[n.name] || n.kind != "test"
			b.log.info(worker, line(of, "SKIP "+b.relationOrTest(n), coloured(yellow, "SKIP")))
			return result{node: n, status: "skipped"}, nil
		}
	}
	b.log.info(worker, line(of, "START "+b.described(n), "RUN"))
	r, err := b.run(ctx, n)
	if err != nil {
		return result{}, err
	}
	r.seconds = time.Since(began).Seconds()
	took := fmt.Sprintf(" in %.2fs", r.seconds)
	switch r.status {
	case "success":
		done := map[string]string{"seed": "OK loaded ", "model": "OK created "}[n.kind]
		b.log.info(worker, line(of, done+b.described(n), coloured(green, r.message)+took))
	case "pass":
		b.log.info(worker, line(of, "PASS "+n.name, coloured(green, "PASS")+took))
	case "fail":
		fails := fmt.Sprintf("FAIL %d", r.failures)
		b.log.error(worker, line(of, fails+" "+n.name, coloured(red, fails)+took))
		for _, ref := range n.refs {
			b.bad["tests of "+ref] = true
		}
	case "error":
		b.bad[n.name] = true
		b.log.debug(r.message)
		b.log.error(worker, line(of, "ERROR creating "+b.described(n), coloured(red, "ERROR")+took))
	}
	return r, nil
}

// described returns a node's name as dbt prints it.
func (b builder) described(n node) string {
	switch n.kind {
	case "seed":
		return "seed file " + b.schema + "." + n.name
	case "test":
		return "test " + n.name
	}
	return "sql " + n.materialized + " model " + b.schema + "." + n.name
}

func (b builder) relationOrTest(n node) string {
	if n.kind == "test" {
		return "test " + n.name
	}
	return "relation " + b.schema + "." + n.name
}

// run builds a node in a transaction, as dbt-postgres does, so that the audit rows of a
// failed model are also rolled back.
func (b builder) run(ctx context.Context, n node) (result, error) {
	if n.kind == "test" {
		return b.test(ctx, n)
	}
	if err := b.exec(ctx, "begin"); err != nil {
		return result{}, err
	}
	existing, err := b.existing(ctx, n)
	if err != nil {
		return result{}, err
	}
	remembered, err := b.before(ctx, n, existing)
	if err != nil {
		return result{}, err
	}
	message, affected, err := b.materialize(ctx, n, existing)
	if err != nil {
		message := fmt.Sprintf("Database Error in model %s (%s)\n  %s\n  compiled code at target/run/%s/%s",
			n.name, n.path, reason(err), n.pkg, n.path)
		return result{node: n, status: "error", message: message}, b.exec(ctx, "rollback")
	}
	if err := b.after(ctx, n, remembered, affected); err != nil {
		return result{}, err
	}
	return result{node: n, status: "success", message: message}, b.exec(ctx, "commit")
}

func (b builder) test(ctx context.Context, n node) (result, error) {
	count := "select count(*) from (" + b.compiled(n, true) + ") failures"
	r := result{node: n, status: "pass"}
	if err := b.conn.QueryRow(ctx, count).Scan(&r.failures); err != nil {
		return result{}, fmt.Errorf("%s: %w", n.id(), err)
	}
	if r.failures > 0 {
		r.status, r.message = "fail", "Got "+counted(r.failures, "result")+", configured to fail if != 0"
	}
	return r, nil
}

// compiled returns the SQL of a model or a test.
func (b builder) compiled(n node, later bool) string {
	return render(n.text, b.relation(n), later, func(name string) string { return b.relation(b.project.byName(name)) })
}

// installedHooks returns the hooks in the macro file, if dbt-tally has written one.
func installedHooks(dir string, env environment, id string) (hooks, error) {
	text, err := os.ReadFile(filepath.Join(dir, "macros", "__dbt_tally.sql"))
	if os.IsNotExist(err) || err == nil && !strings.Contains(string(text), "macro run_hooks") {
		return hooks{}, nil
	}
	columns, known := map[string]bool{"all": true, "rows": true, "tutorial": false, "": true}[env["DBT_TALLY_COLUMNS"]]
	if err == nil && !known {
		err = fmt.Errorf("unknown DBT_TALLY_COLUMNS %q", env["DBT_TALLY_COLUMNS"])
	}
	return hooks{
		table: env["DBT_TALLY_RELATION"], allColumns: columns,
		countViews: env["DBT_TALLY_COUNT_VIEWS"] == "true", invocation: id,
		rows: map[string]float64{},
	}, err
}
