package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

func (e *sqlEngine) prepare(ctx context.Context) (found, []string, error) {
	defer e.db.release() // dbt, which starts next, may need the database for itself
	f, err := e.look(ctx, e.table, auditLayout)
	if errors.Is(err, ErrNoTable) && e.access == Write {
		f, err = e.create(ctx, e.table, auditLayout)
	}
	if err != nil || f.usable() != nil {
		return f, nil, err
	}
	if e.access == Read {
		_, err := e.read(ctx, f, []string{proof})
		return f, nil, err
	}
	f, problems, err := e.migrate(ctx, f)
	if err != nil {
		return found{}, nil, err
	}
	guard, unguarded, err := e.prove(ctx, f)
	if err != nil {
		return found{}, nil, err
	}
	f.guard, problems = guard, append(problems, unguarded...)
	return f, append(problems, prepareOthers(ctx, e, f)...), nil
}

// prepareOthers creates the tables and the view that belong to the audit table. Each needs
// the ones before it, so only the first failure is reported.
func prepareOthers(ctx context.Context, e *sqlEngine, f found) (problems []string) {
	audit := f.table
	for _, other := range []struct {
		table   Table
		layout  layout
		problem func(Table, error) string
	}{
		{runTable(audit), runLayout, noRunTable},
		{nodeTable(audit), nodeLayout, noFingerprints},
		{columnsTable(audit), columnsLayout, noColumns},
	} {
		if err := e.prepareBeside(ctx, other.table, other.layout); err != nil {
			return []string{other.problem(other.table, err)}
		}
	}
	if problem := e.prepareHistory(ctx, f); problem != "" {
		return []string{problem}
	}
	return nil
}

// prepareBeside creates a table that belongs to the audit table.
func (e *sqlEngine) prepareBeside(ctx context.Context, t Table, l layout) error {
	f, err := e.look(ctx, t, l)
	if errors.Is(err, ErrNoTable) {
		f, err = e.create(ctx, t, l)
	}
	if err == nil {
		err = f.usable()
	}
	if err != nil {
		return err
	}
	_, problems, err := e.migrate(ctx, f)
	if err == nil && len(problems) > 0 {
		err = errors.New(problems[0])
	}
	return err
}

// migrate adds the columns that a table lacks. If that fails, the table stays as it is
// and the reason is returned as a problem.
func (e *sqlEngine) migrate(ctx context.Context, f found) (found, []string, error) {
	if len(f.missing()) == 0 {
		return f, nil, nil
	}
	refused := e.db.do(ctx, addingColumns, f.table, e.dialect.addColumns(f)...)
	f, err := e.look(ctx, f.table, f.layout) // another job may have added them
	if err == nil && len(f.missing()) > 0 {
		return f, []string{lackingColumns(f, refused)}, nil
	}
	return f, nil, err
}

// create creates the table, and the schema if necessary. Concurrent jobs see each other's
// uncommitted objects only as an error.
func (e *sqlEngine) create(ctx context.Context, t Table, l layout) (found, error) {
	const tries = 10
	var err error
	for range tries {
		if err = e.createOnce(ctx, t, l); err == nil || !e.db.raced(err) {
			break
		}
		if f, lookErr := e.look(ctx, t, l); lookErr == nil {
			return f, nil
		}
	}
	if err != nil {
		return found{}, err
	}
	return e.look(ctx, t, l)
}

func (e *sqlEngine) createOnce(ctx context.Context, t Table, l layout) error {
	query, args := e.dialect.selectSchema(t)
	rows, err := e.db.query(ctx, looking, t, query, args)
	if err != nil {
		return err
	}
	if there, err := strconv.ParseBool(deref(rows[0][0])); err != nil {
		return err
	} else if !there {
		if err := e.db.do(ctx, creatingSchema, t, e.dialect.createSchema(t)); err != nil {
			return fmt.Errorf("%w: %w", ErrNoSchema, err)
		}
	}
	return e.db.do(ctx, creatingTable, t, e.dialect.createTable(t, l)...)
}

// prove inserts a row with all audit columns that exist, inside the hooks' guard if the
// warehouse accepts it, and reads the table.
func (e *sqlEngine) prove(ctx context.Context, f found) (guard string, problems []string, err error) {
	insert := e.dialect.insertProof(f)
	guarded := errors.New("there is no guard")
	if guard = e.dialect.guard(); guard != "" {
		guarded = e.proveGuarded(ctx, f, strings.Replace(guard, "{}", insert, 1))
	}
	if guarded != nil {
		err = e.db.tryOut(ctx, inserting, f.table, insert)
	}
	if err == nil {
		_, err = e.read(ctx, f, []string{proof})
	}
	if guard != "" && guarded != nil {
		const problem = "a failed audit insert fails its model, as the warehouse refuses the block that prevents this: %v"
		guard, problems = "", []string{fmt.Sprintf(problem, guarded)}
	}
	return guard, problems, err
}

func (e *sqlEngine) proveGuarded(ctx context.Context, f found, query string) error {
	return e.db.rollingBack(ctx, inserting, f.table, func(tx *sql.Tx) error {
		var failure *string
		if err := tx.QueryRowContext(ctx, query).Scan(&failure); err != nil || failure == nil {
			return err
		}
		return errors.New(*failure)
	})
}

// proofOf returns an insert into all of our columns that the table has.
func proofOf(f found, time, count string) string {
	var names, values []string
	for _, d := range f.present() {
		value := "null"
		switch d.name {
		case "model_name":
			value = "'dbt-tally - BEFORE'"
		case "execution_time":
			value = time
		case "row_count":
			value = count
		case "run_id":
			value = "'" + proof + "'"
		}
		names, values = append(names, d.name), append(values, value)
	}
	return "insert into " + f.relation + " (" + strings.Join(names, ", ") + ") select " + strings.Join(values, ", ")
}
