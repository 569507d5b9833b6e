package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

func (e *sqlEngine) prepare(ctx context.Context) (found, []string, error) {
	defer e.db.release() // dbt, which starts next, may need the database for itself
	build := builder{e}
	t, err := e.look(ctx, e.table)
	if errors.Is(err, ErrNoTable) && e.access == Write {
		t, err = build.create(ctx, t)
	}
	if err != nil || t.audit.usable() != nil {
		return t.audit, nil, err
	}
	if e.access == Read {
		_, err := e.db.query(ctx, reading, t.audit.table, selectRows(e.dialect, t.audit, []string{proof}))
		if err == nil {
			e.prepared = &t
		}
		return t.audit, nil, err
	}
	problems, err := build.migrate(ctx, &t.audit)
	if err != nil {
		return found{}, nil, err
	}
	guard, unguarded, err := e.prove(ctx, t.audit)
	if err != nil {
		return found{}, nil, err
	}
	t.audit.guard, problems = guard, append(problems, unguarded...)
	if e.capture != "" {
		_, err := e.db.query(ctx, looking, t.audit.table, query{columns: []string{"one"}, from: e.capture})
		t.audit.uncaptured = err != nil
	}
	problems = append(problems, build.prepareOthers(ctx, &t)...)
	e.prepared = &t
	return t.audit, problems, nil
}

// builder creates and alters tables.
type builder struct{ *sqlEngine }

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
		if err := e.createTables(ctx, f); err != nil && !e.db.raced(err) {
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
	if !t.schema {
		if err := e.db.do(ctx, creatingSchema, audit, e.dialect.createSchema(audit)); err != nil {
			return fmt.Errorf("%w: %w", ErrNoSchema, err)
		}
		t.schema = true
	}
	if !t.runs.there() && !t.nodes.there() && !t.lists.there() && e.db.db.Batch != nil {
		err := e.createTables(ctx, &t.audit, &t.runs, &t.nodes, &t.lists)
		if err == nil || e.db.raced(err) || e.db.passes(err) {
			return err
		}
	}
	return e.createTables(ctx, &t.audit)
}

// createTables creates tables, and knows their columns without another look.
func (e builder) createTables(ctx context.Context, all ...*found) error {
	var statements []string
	for _, f := range all {
		statements = append(statements, e.dialect.createTable(f.table, f.layout)...)
	}
	if err := e.db.do(ctx, creatingTable, all[0].table, statements...); err != nil {
		return err
	}
	for _, f := range all {
		f.columns, f.fresh = nil, true
		for _, d := range f.layout.columns {
			f.columns = append(f.columns, column{Name: d.name, Type: strings.ToLower(e.dialect.words().types[d.kind])})
		}
		f.addressed(e.dialect)
	}
	return nil
}

// prove inserts a row with all audit columns that exist, inside the hooks' guard if the
// warehouse accepts it, and reads the table.
func (e *sqlEngine) prove(ctx context.Context, f found) (guard string, problems []string, err error) {
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
func (e *sqlEngine) proveAtOnce(ctx context.Context, f found, guard string) error {
	insert := proofOf(f, e.dialect.words())
	read := "select " + strings.Join(texts(e.dialect, f, recordColumns), ", ") + " from " + f.relation +
		" where run_id = '" + proof + "'"
	switch {
	case e.db.db.Batch != nil:
		_, err := e.db.send(ctx, inserting, f.table, "rollback",
			connect.Statement{SQL: insert}, connect.Statement{SQL: read, Rows: true})
		return err
	case guard == "":
		return errors.New("neither a batch nor a block")
	}
	block := strings.Replace(guard, "{}", "begin transaction; "+insert+"; "+read+"; rollback", 1)
	return e.db.patiently(ctx, inserting, f.table, func(conn *sql.Conn) error {
		err := blockFailure(conn.QueryRowContext(ctx, block))
		if err != nil {
			_, _ = conn.ExecContext(ctx, "rollback") // err says more than a connection that is gone
		}
		return err
	})
}

func (e *sqlEngine) proveGuarded(ctx context.Context, f found, block string) error {
	return e.db.rollingBack(ctx, inserting, f.table, func(tx *sql.Tx) error {
		return blockFailure(tx.QueryRowContext(ctx, block))
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

// proofOf returns an insert into all of our columns that the table has, in the form of
// the hooks.
func proofOf(f found, form words) string {
	var names, values []string
	for _, d := range f.present() {
		value := "null"
		switch d.name {
		case "model_name":
			value = "'dbt-tally - BEFORE'"
		case "execution_time":
			value = form.time
		case "row_count":
			value = form.count
		case "run_id":
			value = "'" + proof + "'"
		}
		names, values = append(names, d.name), append(values, value)
	}
	return "insert into " + f.relation + " (" + strings.Join(names, ", ") + ") select " + strings.Join(values, ", ")
}
