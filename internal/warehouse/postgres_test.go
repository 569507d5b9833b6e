package warehouse_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/pgbouncer"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func newPostgresLab(t *testing.T) lab { return postgresLab(postgres.New(t)) }

// newOldPostgresLab returns a database without an encoding, in which a backslash escapes.
func newOldPostgresLab(t *testing.T) lab {
	db := postgres.New(t)
	name := db.Name + "_old"
	db.Exec(t, "create database "+name+" template template0 encoding 'SQL_ASCII'",
		"alter database "+name+" set standard_conforming_strings = off")
	db.Name = name
	return postgresLab(db)
}

func newPooledPostgresLab(t *testing.T) lab { return postgresLab(pgbouncer.Before(t, postgres.New(t))) }

func postgresLab(db postgres.Database) lab {
	return lab{
		schema: "public",
		options: func(table warehouse.Table, access warehouse.Access) warehouse.Options {
			return options(db, table, access)
		},
		exec: func(t *testing.T, statements ...string) { t.Helper(); db.Exec(t, statements...) },
	}
}

func options(db postgres.Database, table warehouse.Table, access warehouse.Access) warehouse.Options {
	return warehouse.Options{
		Target: warehouse.Target{Type: "postgres", Settings: db.Settings()},
		Table:  table,
		Access: access,
	}
}

func TestJobsThatPrepareAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	for try := range 6 {
		db := postgres.New(t)
		way := db
		if try == 0 {
			way = pgbouncer.Before(t, db) // on two connections
		}
		var jobs sync.WaitGroup
		for range 8 {
			jobs.Go(func() {
				prepared, err := open(
					t, options(way, warehouse.Table{Schema: "fresh", Name: "log"}, warehouse.Write),
				).Prepare(t.Context())
				if err != nil || len(prepared.Columns) != len(allColumns) || len(prepared.Problems) > 0 {
					t.Errorf("prepared %+v, %v", prepared, err)
				}
			})
		}
		jobs.Wait()
		if diff := gocmp.Diff([][]string{{"6"}}, db.Query(t, "select count(*) from pg_indexes where schemaname = "+
			"'fresh'")); diff != "" {
			t.Errorf("indexes (-want +got):\n%s", diff)
		}
	}
}

func TestJobsThatMigrateAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	db.Exec(t, strings.ReplaceAll(tutorialTable, "NAME", "log"))
	var jobs sync.WaitGroup
	for range 8 {
		jobs.Go(func() {
			prepared, err := open(
				t, options(db, warehouse.Table{Schema: "public", Name: "log"}, warehouse.Write),
			).Prepare(t.Context())
			if err != nil || len(prepared.Columns) != len(allColumns) || len(prepared.Problems) > 0 {
				t.Errorf("prepared %+v, %v", prepared, err)
			}
		})
	}
	jobs.Wait()
}

// PostgreSQL truncates names to 63 bytes, and does not create an index whose truncated
// name is already used.
func TestTablesWithLongNamesHaveAllTheirIndexes(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	for _, name := range []string{strings.Repeat("x", 57), strings.Repeat("x", 58), strings.Repeat("x",
		59), strings.Repeat("ü", 29), strings.Repeat("x", 59) + "_log"} {
		table := warehouse.Table{Schema: "of " + name[:54], Name: name}
		for range 2 {
			if problems := prepare(t, open(t, options(db, table, warehouse.Write))).Problems; len(problems) > 0 {
				t.Errorf("%s: problems %q", name, problems)
			}
		}
		got := db.Query(t, "select count(*) from pg_indexes where tablename like '"+name[:54]+"%'")
		if diff := gocmp.Diff([][]string{{"6"}}, got); diff != "" {
			t.Errorf("indexes of %s (-want +got):\n%s", name, diff)
		}
		db.Exec(t, "drop schema "+postgres.Quote(table.Schema)+" cascade")
	}
}

func TestAMissingGrantIsNamed(t *testing.T) {
	t.Parallel()
	log := warehouse.Table{Schema: "audit", Name: "log"}
	const table = "create table audit.log (model_name text, execution_time timestamp, row_count bigint, run_id text); "
	for _, tc := range []struct {
		name, setup string // ROLE is the role
		access      warehouse.Access
		want        string
	}{
		{"no schema", "", warehouse.Write, `grant create on database DB to ROLE; see `},
		{
			"no table", "create schema audit; grant usage on schema audit to ROLE", warehouse.Write,
			`grant usage, create on schema "audit" to ROLE; see `,
		},
		{"no usage", "create schema audit; " + table, warehouse.Read, `grant usage on schema "audit" to ROLE; see `},
		{
			"no select", "create schema audit; grant usage on schema audit to ROLE; " + table, warehouse.Read,
			`grant select on "audit"."log" to ROLE; see `,
		},
		{
			"no insert",
			"create schema audit; grant usage on schema audit to ROLE; " + table + "grant select on audit.log to ROLE",
			warehouse.Write, `grant insert on "audit"."log" to ROLE; see `,
		},
		{
			"insert but no select",
			"create schema audit; grant usage on schema audit to ROLE; " + table + "grant insert on audit.log to ROLE",
			warehouse.Write, `grant select on "audit"."log" to ROLE; see `,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			guest := db.As(t, "guest")
			role := postgres.Quote(guest.User)
			db.Exec(t, strings.ReplaceAll(tc.setup, "ROLE", role))
			_, err := open(t, options(guest, log, tc.access)).Prepare(t.Context())
			want := strings.NewReplacer("ROLE", role, "DB", postgres.Quote(db.Name)).Replace(tc.want)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v; want %q in it", err, want)
			}
		})
	}
}

func TestAnotherUsersTableIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	guest := db.As(t, "guest")
	db.Exec(
		t, strings.ReplaceAll(tutorialTable, "NAME", "log"),
		"grant select, insert on log to "+postgres.Quote(guest.User),
	)
	store := open(t, options(guest, warehouse.Table{Schema: "public", Name: "log"}, warehouse.Write))

	prepared := prepare(t, store)
	if diff := gocmp.Diff(allColumns[:4], prepared.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if len(prepared.Problems) != 2 ||
		!strings.Contains(prepared.Problems[0], "without node_id, phase, materialized") ||
		!strings.Contains(prepared.Problems[0], "must be owner") {
		t.Errorf("problems %q; want one with the columns and the reason", prepared.Problems)
	}
	want := `not recorded in public.log_run, so that counts are compared with each model's newest earlier row: `
	if last := prepared.Problems[len(prepared.Problems)-1]; !strings.Contains(last, want) ||
		!strings.Contains(last, `grant usage, create on schema "public"`) {
		t.Errorf("problem %q; want %q and the grant", last, want)
	}
	if diff := gocmp.Diff(tutorialRows, read(t, store, "run")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestALongTransactionDoesNotDelayTheMigration(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	db.Exec(t, strings.ReplaceAll(tutorialTable, "NAME", "log"))
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.Host, config.Port, config.Database = db.Host, uint16(db.Port), db.Name
	config.User, config.Password = db.User, db.Password
	other, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	if _, err := other.Exec(t.Context(), "begin; insert into log values ('other - BEFORE', now(), 1, "+
		"'other')"); err != nil {
		t.Fatal(err)
	}

	prepared := prepare(t, open(t, options(db, warehouse.Table{Schema: "public", Name: "log"}, warehouse.Write)))
	if len(prepared.Columns) != 4 || len(prepared.Problems) != 1 ||
		!strings.Contains(prepared.Problems[0], "another transaction held it") {
		t.Errorf("prepared %+v; want four columns and the reason", prepared)
	}
}

func TestTextAndZonedColumnsAreReadWhateverTheSession(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	db.Exec(t,
		"alter database "+db.Name+" set datestyle = 'German'", "alter database "+db.Name+" set timezone = 'Asia/Tokyo'",
		"create table log (model_name text, execution_time timestamptz, row_count text, run_id uuid, extra int)",
		`insert into log values ('orders - after', '2026-11-23 12:00:00+02', '12.00', `+
			`'48e93027-5c24-4fed-9906-54f841e382b2', 1), ('bare', null, '', '48e93027-5c24-4fed-9906-54f841e382b2', 1)`)
	got := read(
		t, open(t, options(db, warehouse.Table{Schema: "public", Name: "log"}, warehouse.Read)),
		"48e93027-5c24-4fed-9906-54f841e382b2",
	)
	want := []tally.Row{
		{
			Invocation: "48e93027-5c24-4fed-9906-54f841e382b2", Relation: "orders", Phase: tally.After,
			Time: at("10:00:00"), Count: rows(12),
		},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestACountThatIsNotANumberIsAnError(t *testing.T) {
	t.Parallel()
	for _, count := range []string{"many", "1.5", "9223372036854775808"} {
		db := postgres.New(t)
		db.Exec(t, "create table log (model_name text, execution_time timestamp, row_count text, run_id text)",
			"insert into log values ('orders - AFTER', now(), '"+count+"', 'run')")
		_, err := open(
			t, options(db, warehouse.Table{Schema: "public", Name: "log"}, warehouse.Read),
		).Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"run"}})
		if want := `row_count of "orders - AFTER": "` + count + `" is not a number`; err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q in it", err, want)
		}
	}
}

func TestTheUnqualifiedTableIsFoundThroughTheSearchPath(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	db.Exec(t, `create schema "Team A"`, strings.ReplaceAll(tutorialTable, "NAME", `"Team A".dbt_audit_log`))
	o := options(db, warehouse.Table{Name: "DBT_Audit_Log"}, warehouse.Read)
	o.Target.Settings["search_path"] = `public, "Team A"`

	prepared := prepare(t, open(t, o))
	if want := `"Team A"."dbt_audit_log"`; prepared.Relation != want {
		t.Errorf("relation %s; want %s", prepared.Relation, want)
	}
}

func TestTheRoleOfTheProfileOwnsTheTable(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	owner := db.As(t, "owner")
	db.Exec(t, "grant create on schema public to "+postgres.Quote(owner.User))
	o := options(db, warehouse.Table{Schema: "public", Name: "log"}, warehouse.Write)
	o.Target.Settings["role"] = strings.ToUpper(owner.User) // unquoted, so PostgreSQL folds it

	prepare(t, open(t, o))
	if diff := gocmp.Diff([][]string{{owner.User}}, db.Query(t, "select tableowner from pg_tables where tablename "+
		"= 'log'")); diff != "" {
		t.Errorf("owner (-want +got):\n%s", diff)
	}
}
