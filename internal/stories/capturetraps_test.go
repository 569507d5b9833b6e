package stories

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/pgbouncer"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// traps are incremental models that append two rows on the second day, each with
// something that PostgreSQL's counters do not show, or show in their own way.
var traps = map[string]struct{ config, columns, want string }{
	"plain":     {want: "+2 ~0 −0 engine"},
	"appending": {config: "post_hook='insert into {{ this }} select 7, 7'", want: "+3 ~0 −0 engine"},
	"changing": {
		config: `post_hook=["update {{ this }} set part = part where id = 1", "delete from {{ this }} where id = 2"]`,
		want:   "+2 ~2 −1 engine", // the first day deleted one, too
	},
	"truncated": {
		config: `pre_hook="{{ 'truncate ' ~ this if is_incremental() else '' }}"`,
		want:   "– the table was truncated or rewritten",
	},
	"clustered": {
		config: `post_hook="{% if is_incremental() %}alter table {{ this }} alter part type bigint{% endif %}"`,
		want:   "– the table was truncated or rewritten",
	},
	"swapped": {
		config: `post_hook="create table dev.other as table {{ this }}; drop table {{ this }}; alter table dev.other rename to swapped"`,
		want:   "– it was rebuilt: all of its rows were written anew",
	},
	"savepoint": {
		config: `post_hook="savepoint s; delete from {{ this }}; rollback to savepoint s"`,
		want:   "– a hook of the project may have changed rows too",
	},
	"hidden": { // the function rolls a delete back
		config: `post_hook="select dev.undone('{{ this }}')"`,
		want: "– the numbers do not agree with the counts before and after: " +
			"another session wrote too, or a part of the transaction was rolled back",
	},
	"untracked": {
		config: `pre_hook="set local track_counts = off"`,
		want:   "– the warehouse does not count what a transaction writes to this table",
	},
	"committed": {
		config: `post_hook="commit; begin"`,
		want:   "– the two hooks did not run in one transaction",
	},
	"partitioned": {want: "+2 ~0 −0 engine"},
	"moved": {
		config: `post_hook="update {{ this }} set part = 5 where id = 1"`,
		want:   "– rows of a partitioned table can move from one partition to another",
	},
	"inherited": {config: `post_hook="{{ 'insert into dev.heir select 9, 9' if adapter.get_relation(this.database, 'dev', 'heir') else '' }}"`, want: "+3 ~0 −0 engine"},
	"retyped": { // dbt rewrites the column by an update of all rows
		config:  "on_schema_change='sync_all_columns'",
		columns: "id, {{ \"part::text || 'x'\" if is_incremental() else 'part' }} as part",
		want:    "+2 ~3 −0 engine",
	},
	"refreshed": {config: "full_refresh=true", want: "– it was rebuilt: all of its rows were written anew"},
}

// undone deletes all rows of a table and rolls that back.
const undone = `
	create function dev.undone(relation text) returns void language plpgsql as $$
	begin
		begin execute 'delete from ' || relation; raise 'no'; exception when raise_exception then null; end;
	end $$`

// needed are prepared between the two days: tables that dbt finds instead of its own.
const needed = `
	drop table dev.partitioned; drop table dev.moved;
	create table dev.partitioned (id int, part int) partition by list (part);
	create table dev.partitioned_1 partition of dev.partitioned default;
	insert into dev.partitioned select id, 1 from generate_series(1, 3) id;
	create table dev.moved (id int, part int) partition by list (part);
	create table dev.moved_1 partition of dev.moved for values in (1, 2);
	create table dev.moved_2 partition of dev.moved default;
	insert into dev.moved select id, 1 from generate_series(1, 3) id;
	create table dev.heir () inherits (dev.inherited);
	insert into dev.heir select 4, 4`

// TestTrapsOfTheCounters builds the traps on two days, directly and behind PgBouncer in
// transaction mode. No number is wrong: it is right, or unknown with its reason.
func TestTrapsOfTheCounters(t *testing.T) {
	t.Parallel()
	for name, pooled := range map[string]bool{"direct": false, "pooled": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, "1.11", "postgres")
			p.copy(testdata("hooks/large"))
			db := p.database.(postgres.Database)
			if pooled {
				p.env = append(p.env, pgbouncer.Before(t, db).Environment()...)
			}
			want := map[string]string{}
			for model, trap := range traps {
				config := strings.TrimSuffix("materialized='incremental', incremental_strategy='append', "+trap.config, ", ")
				columns := trap.columns
				if columns == "" {
					columns = "id, part"
				}
				p.write("models/"+model+".sql", "{{ config("+config+") }} select "+columns+" from (\n"+
					"select id, 1 as part from generate_series(1, 3 {{ '- 1' if is_incremental() }}) as id) as source")
				want[model] = trap.want
			}
			db.Exec(t, "create schema dev", undone)
			p.tally("--threads", "4")
			db.Exec(t, needed)
			got, last := map[string]string{}, p.tally("--threads", "4")
			for model := range traps {
				got[model] = last.written(model)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
