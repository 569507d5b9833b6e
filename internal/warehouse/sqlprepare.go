package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

func (e *sqlEngine) prepare(ctx context.Context) (readiness, error) {
	defer e.db.release() // dbt, which starts next, may need the database for itself
	build := builder{e}
	t, first, err := build.glance(ctx)
	if errors.Is(err, ErrNoTable) && e.access == Write {
		t, err = build.create(ctx, t)
	}
	if err != nil || t.audit.usable() != nil {
		return readiness{audit: t.audit}, err
	}
	var problems []string
	if e.access == Read {
		_, err = e.db.query(ctx, reading, t.audit.table, selectRows(e.dialect, t.audit, []string{proof}))
	} else {
		problems, err = build.makeReady(ctx, &t, first.proven)
	}
	if err != nil {
		return readiness{}, err
	}
	e.prepared = &t
	return readiness{audit: t.audit, problems: problems, notFound: e.seek(ctx, t, first.runs)}, nil
}

// builder creates, alters and tests tables.
type builder struct{ *sqlEngine }

// makeReady makes all tables ready for the hooks. With proven an insert was tested.
func (e builder) makeReady(ctx context.Context, t *tables, proven bool) ([]string, error) {
	problems, err := e.migrate(ctx, &t.audit)
	if err != nil {
		return nil, err
	}
	if !proven {
		guard, unguarded, err := e.prove(ctx, t.audit)
		if err != nil {
			return nil, err
		}
		t.audit.guard, problems = guard, append(problems, unguarded...)
	}
	if e.capture != "" {
		_, err := e.db.query(ctx, looking, t.audit.table, query{columns: []string{"one"}, from: e.capture})
		t.audit.uncaptured = err != nil
	}
	return append(problems, e.prepareOthers(ctx, t)...), nil
}

// prepareOthers makes the tables and the view that belong to the audit table ready. Each
// needs the ones before it, so only the first failure is reported.
func (e builder) prepareOthers(ctx context.Context, t *tables) (problems []string) {
	for _, other := range t.beside() {
		if err := e.prepareBeside(ctx, other.found); err != nil {
			return []string{other.problem(other.table, err)}
		}
	}
	if problem := e.prepareHistory(ctx, *t); problem != "" {
		return []string{problem}
	}
	return nil
}

// prepareBeside makes a table that belongs to the audit table ready.
func (e builder) prepareBeside(ctx context.Context, f *found) error {
	if !f.there() {
		if err := e.createTable(ctx, f); err != nil && !e.db.raced(err) {
			return err
		} else if err != nil {
			*f, err = e.lookAt(ctx, *f)
			if err != nil {
				return err
			}
		}
	}
	if err := f.usable(); err != nil {
		return err
	}
	problems, err := e.migrate(ctx, f)
	if err == nil && len(problems) > 0 {
		err = errors.New(problems[0])
	}
	return err
}

// lookAt looks one table up again. It returns ErrNoTable if it does not exist.
func (e builder) lookAt(ctx context.Context, f found) (found, error) {
	rows, err := e.db.query(ctx, looking, f.table, e.dialect.tableColumns(f.table, []string{f.table.Name}))
	f.columns = nil
	f.fill(rows)
	if err == nil && !f.there() {
		err = ErrNoTable
	}
	f.addressed(e.dialect)
	return f, err
}

// migrate adds the columns that a table lacks. If that fails, the table stays as it is
// and the reason is returned as a problem.
func (e builder) migrate(ctx context.Context, f *found) ([]string, error) {
	if len(f.missing()) == 0 {
		return nil, nil
	}
	refused := e.db.do(ctx, addingColumns, f.table, e.dialect.addColumns(*f)...)
	var err error
	*f, err = e.lookAt(ctx, *f) // another job may have added them
	if err == nil && len(f.missing()) > 0 {
		return []string{lackingColumns(*f, refused)}, nil
	}
	return nil, err
}

// create creates the tables, and the schema if necessary. Concurrent jobs see each
// other's uncommitted objects only as an error.
func (e builder) create(ctx context.Context, t tables) (tables, error) {
	const tries = 10
	var err error
	for range tries {
		if err = e.createOnce(ctx, &t); err == nil || !e.db.raced(err) {
			return t, err
		}
		var lookErr error
		if t, lookErr = e.look(ctx, e.table); !errors.Is(lookErr, ErrNoTable) {
			return t, lookErr
		}
	}
	return t, err
}

// createOnce creates the audit table. It creates the others with it if they do not exist
// and all of them can be created.
func (e builder) createOnce(ctx context.Context, t *tables) error {
	audit := t.audit.table
	none := !t.runs.there() && !t.nodes.there() && !t.lists.there()
	if none && (e.db.db.Batch != nil || e.dialect.words().guard != "") {
		all, err := e.createAll(ctx, *t)
		if err == nil {
			*t = all
		}
		if err == nil || e.db.raced(err) || e.db.passes(err) {
			return err
		}
	}
	if !t.schema {
		if err := e.db.do(ctx, creatingSchema, audit, e.dialect.createSchema(audit)); err != nil {
			return fmt.Errorf("%w: %w", ErrNoSchema, err)
		}
		t.schema = true
	}
	return e.createTable(ctx, &t.audit)
}

// createAll creates the schema, all tables and the view with one message.
func (e builder) createAll(ctx context.Context, t tables) (tables, error) {
	var statements []string
	if !t.schema {
		statements = append(statements, e.dialect.createSchema(t.audit.table))
	}
	for _, f := range []*found{&t.audit, &t.runs, &t.nodes, &t.lists} {
		statements = append(statements, e.dialect.createTable(f.table, f.layout)...)
		f.complete(e.dialect)
		f.fresh = true
	}
	if !t.history {
		statements = append(statements, createHistory(e.dialect, t))
	}
	t.schema, t.history = true, true
	if e.db.db.Batch == nil {
		return t, e.doInBlock(ctx, creatingTable, t.audit.table, "", statements...)
	}
	return t, e.db.do(ctx, creatingTable, t.audit.table, statements...)
}

// createTable creates a table, and knows its columns without another look.
func (e builder) createTable(ctx context.Context, f *found) error {
	if err := e.db.do(ctx, creatingTable, f.table, e.dialect.createTable(f.table, f.layout)...); err != nil {
		return err
	}
	f.complete(e.dialect)
	f.fresh = true
	return nil
}

// complete fills in what a table has that this program has just created.
func (f *found) complete(d dialect) {
	f.columns = nil
	for _, c := range f.layout.columns {
		f.columns = append(f.columns, column{Name: c.name, Type: strings.ToLower(d.words().types[c.kind])})
	}
	f.addressed(d)
}

// prove inserts a row with all audit columns that exist, inside the hooks' guard if the
// warehouse accepts it, and reads the table.
func (e builder) prove(ctx context.Context, f found) (guard string, problems []string, err error) {
	guard = e.dialect.words().guard
	if err := e.proveAtOnce(ctx, f, guard); err == nil || e.db.passes(err) {
		return guard, nil, err
	}
	// Statement by statement, for an error that says which of them was refused.
	insert := proofOf(f, e.dialect.words())
	guarded := errors.New("there is no guard")
	if guard != "" {
		guarded = e.proveGuarded(ctx, f, strings.Replace(guard, "{}", insert, 1))
	}
	if guarded != nil {
		err = e.db.tryOut(ctx, inserting, f.table, insert)
	}
	if block := e.dialect.words().block; err == nil && block != "" {
		err = e.db.tryOut(ctx, tryingBlock, f.table, block)
	}
	if err == nil {
		_, err = e.db.query(ctx, reading, f.table, selectRows(e.dialect, f, []string{proof}))
	}
	if guard != "" && guarded != nil {
		const problem = "a failed audit insert fails its model, as the warehouse refuses the block that prevents this: %v"
		guard, problems = "", []string{fmt.Sprintf(problem, guarded)}
	}
	return guard, problems, err
}

// proveAtOnce does everything in one round trip, if the warehouse can.
func (e builder) proveAtOnce(ctx context.Context, f found, guard string) error {
	insert, read := proofOf(f, e.dialect.words()), readProof(e.dialect, f)
	switch {
	case e.db.db.Batch != nil:
		_, err := e.db.send(ctx, inserting, f.table, "rollback", proofs(e.dialect, f)...)
		return err
	case guard == "":
		return errors.New("neither a batch nor a block")
	}
	return e.doInBlock(ctx, inserting, f.table, "rollback", "begin transaction", insert, read, "rollback")
}

func (e builder) proveGuarded(ctx context.Context, f found, block string) error {
	return e.db.rollingBack(ctx, inserting, f.table, func(tx *sql.Tx) error {
		return blockFailure(tx.QueryRowContext(ctx, block))
	})
}

// doInBlock runs statements as one, in the guard of the hooks. If that fails, it runs the
// statement undo, unless that is "".
func (e builder) doInBlock(ctx context.Context, s step, t Table, undo string, statements ...string) error {
	block := strings.Replace(e.dialect.words().guard, "{}", strings.Join(statements, "; "), 1)
	return e.db.patiently(ctx, s, t, func(conn *sql.Conn) error {
		err := blockFailure(conn.QueryRowContext(ctx, block))
		if err != nil && undo != "" {
			_, _ = conn.ExecContext(ctx, undo) // err says more than a connection that is gone
		}
		return err
	})
}

// blockFailure reads the answer of a guard.
func blockFailure(answer *sql.Row) error {
	var failure *string
	if err := answer.Scan(&failure); err != nil || failure == nil {
		return err
	}
	return errors.New(*failure)
}
