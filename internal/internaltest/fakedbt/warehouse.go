package fakedbt

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// warehouse is a PostgreSQL.
type warehouse struct {
	conn             *pgx.Conn
	database, schema string
}

// checkProfile verifies that the profile is that of testdata/project, because the fake
// assumes that the profile uses libpq's variables and SHOP_SCHEMA.
func checkProfile(o options, env environment) error {
	path := filepath.Join(o.profilesDir, "profiles.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, known := range []string{`host: "{{ env_var('PGHOST') }}"`, `schema: "{{ env_var('SHOP_SCHEMA', 'dev') }}"`} {
		if !strings.Contains(string(text), known) {
			return fmt.Errorf("%s is not testdata/project's; use real dbt", path)
		}
	}
	if target := cmp.Or(o.target, env["SHOP_TARGET"], "postgres"); target != "postgres" {
		return fmt.Errorf("unknown target %q; use real dbt", target)
	}
	return nil
}

func connect(ctx context.Context, env environment) (warehouse, error) {
	config, err := pgx.ParseConfig("sslmode=disable application_name=dbt")
	if err != nil {
		return warehouse{}, err
	}
	port, err := strconv.ParseUint(env["PGPORT"], 10, 16)
	if err != nil {
		return warehouse{}, fmt.Errorf("PGPORT: %w", err)
	}
	config.Host, config.Port, config.Database = env["PGHOST"], uint16(port), env["PGDATABASE"]
	config.User, config.Password = env["PGUSER"], env["PGPASSWORD"]
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	w := warehouse{database: config.Database, schema: cmp.Or(env["SHOP_SCHEMA"], "dev")}
	if w.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return w, err
	}
	return w, w.exec(ctx, "create schema if not exists "+pgx.Identifier{w.schema}.Sanitize())
}

func (w warehouse) exec(ctx context.Context, sql string) error {
	_, err := w.conn.Exec(ctx, sql)
	return err
}

// relation returns the quoted name of a node's relation.
func (w warehouse) relation(n node) string {
	return pgx.Identifier{w.database, w.schema, n.name}.Sanitize()
}

// existing returns the type of the existing relation with a node's name: "table", "view"
// or "".
func (w warehouse) existing(ctx context.Context, n node) (string, error) {
	var kind string
	err := w.conn.QueryRow(ctx, `select case relkind when 'r' then 'table' when 'v' then 'view' end
		from pg_class join pg_namespace on pg_namespace.oid = relnamespace where nspname = $1 and relname = $2`,
		w.schema, n.name).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return kind, err
}

// materialize builds a node and returns dbt's message and the number of rows that it
// wrote.
func (b builder) materialize(ctx context.Context, n node, existing string) (message string, affected int64, err error) {
	if n.kind == "seed" {
		return b.seed(ctx, n, existing)
	}
	this := b.relation(n)
	if n.materialized == "incremental" && existing == "table" {
		return b.increment(ctx, n)
	}
	compiled := b.compiled(n, false)
	if existing != "" {
		if err := b.exec(ctx, "drop "+existing+" "+this+" cascade"); err != nil {
			return "", 0, err
		}
	}
	kind := "table"
	if n.materialized == "view" {
		kind = "view"
	}
	tag, err := b.conn.Exec(ctx, "create "+kind+" "+this+" as (\n"+compiled+"\n)")
	return tag.String(), tag.RowsAffected(), err
}

// increment replaces the rows that have the same key.
func (b builder) increment(ctx context.Context, n node) (string, int64, error) {
	this := b.relation(n)
	rows := b.compiled(n, true)
	if err := b.exec(ctx, "create temporary table increment on commit drop as (\n"+rows+"\n)"); err != nil {
		return "", 0, err
	}
	if key := n.config["unique_key"]; key != "" {
		sql := fmt.Sprintf("delete from %s where %[2]s in (select %[2]s from increment)", this, key)
		if err := b.exec(ctx, sql); err != nil {
			return "", 0, err
		}
	}
	tag, err := b.conn.Exec(ctx, "insert into "+this+" select * from increment")
	return tag.String(), tag.RowsAffected(), err
}

// seed loads a CSV file with columns of integers or text.
func (b builder) seed(ctx context.Context, n node, existing string) (string, int64, error) {
	rows, err := csv.NewReader(strings.NewReader(n.text)).ReadAll()
	if err != nil {
		return "", 0, err
	}
	this := b.relation(n)
	if existing == "" {
		err = b.exec(ctx, "create table "+this+" ("+strings.Join(columns(rows), ", ")+")")
	} else {
		err = b.exec(ctx, "truncate table "+this)
	}
	if err != nil {
		return "", 0, err
	}
	var values []string
	for _, row := range rows[1:] {
		var cells []string
		for _, cell := range row {
			cells = append(cells, "'"+quoted(cell)+"'")
		}
		values = append(values, "("+strings.Join(cells, ", ")+")")
	}
	err = b.exec(ctx, "insert into "+this+" values "+strings.Join(values, ", "))
	return fmt.Sprintf("INSERT %d", len(values)), int64(len(values)), err
}

func columns(rows [][]string) []string {
	var columns []string
	for i, name := range rows[0] {
		kind := "integer"
		for _, row := range rows[1:] {
			if _, err := strconv.Atoi(row[i]); err != nil {
				kind = "text"
			}
		}
		columns = append(columns, pgx.Identifier{name}.Sanitize()+" "+kind)
	}
	return columns
}

// reason returns the database's message.
func reason(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Message
	}
	return err.Error()
}
