package stories

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// newCounts returns a project whose counts are carried over from ten rows on, and not from
// a million.
func newCounts(t *testing.T) *project {
	p := newProject(t, "1.11", "postgres")
	p.copy(testdata("hooks/large"))
	p.env = append(p.env, "DBT_TALLY_CARRY_FROM=10")
	return p
}

// appending is an incremental model that begins with 100 rows and appends 10.
const appending = "{{ config(materialized='incremental', incremental_strategy='append'%s) }}\n" +
	"select i as id from generate_series(1, {{ 10 if is_incremental() else 100 }}) as i"

// sources returns where the count of each model is from, with the count.
func (r tallied) sources() map[string]string {
	all := map[string]string{}
	for _, m := range r.Models {
		all[strings.SplitN(m.NodeID, ".", 3)[2]] = fmt.Sprintf("%s %s", count(m.After), m.CountSource)
	}
	return all
}

// checkCounts compares each count of a report with the table, on a database that the test
// can ask.
func (p *project) checkCounts(r tallied) {
	p.t.Helper()
	for _, m := range r.Models {
		if p.database == nil || m.After == nil {
			continue
		}
		if got := p.database.Query(p.t, "select count(*) from "+m.Relation)[0][0]; got != count(m.After) {
			p.t.Errorf("%s has %s rows; dbt-tally reports %s, %s", m.Relation, got, count(m.After), m.CountSource)
		}
	}
}

// between are changes of tables between two runs that append to them, by the name of the
// model, with the count of the second run and where it is from.
var between = map[string]struct{ config, change, want string }{
	"quiet":    {want: "120 carried"},
	"read":     {change: "select count(*) from dev.read; analyze dev.read; create index on dev.read (id)", want: "120 carried"},
	"exact":    {config: ", meta={'tally': {'count': 'exact'}}", want: "120 counted"},
	"hooked":   {config: ", post_hook='delete from {{ this }} where id = 1'", want: "117 carried"}, // the count before is,
	"granted":  {config: ", post_hook='grant select on {{ this }} to public'", want: "120 carried"},
	"foreign":  {change: "insert into dev.foreign values (1)", want: "121 derived"},
	"replaced": {change: "delete from dev.replaced where id = 1; insert into dev.replaced values (1), (1)", want: "120 derived"},
	"failed":   {change: "begin; insert into dev.failed select 1; rollback", want: "120 derived"},
	"emptied":  {change: "truncate dev.emptied; insert into dev.emptied select generate_series(1, 110)", want: "120 derived"},
	"swapped": {
		change: "create table dev.other as table dev.swapped; insert into dev.other values (1); drop table dev.swapped; alter table dev.other rename to swapped",
		want:   "121 derived",
	},
	"triggered": {
		change: "create function dev.nothing() returns trigger language plpgsql as 'begin return null; end'; " +
			"create trigger none after insert on dev.triggered execute function dev.nothing()",
		want: "120 counted",
	},
	"secured": {change: "alter table dev.secured enable row level security", want: "120 counted"},
}

// TestACountIsCarriedOverOnlyIfNobodyWrote builds models three times: first, for a count to
// carry over, and after the changes.
func TestACountIsCarriedOverOnlyIfNobodyWrote(t *testing.T) {
	t.Parallel()
	p := newCounts(t)
	db := p.database.(postgres.Database)
	var changes []string
	first, second, want := map[string]string{}, map[string]string{}, map[string]string{}
	for name, b := range between {
		p.write("models/"+name+".sql", fmt.Sprintf(appending, b.config))
		first[name], second[name], want[name] = "100 adapter", "110 derived", b.want
		changes = append(changes, b.change)
	}
	first["exact"], second["exact"] = "100 counted", "110 counted"
	first["granted"] = "100 counted"
	first["hooked"], second["hooked"] = "99 counted", "108 counted"
	for day, want := range []map[string]string{first, second} {
		if diff := cmp.Diff(want, p.tally().sources()); diff != "" {
			t.Errorf("run %d (-want +got)\n%s", day+1, diff)
		}
	}
	db.Exec(t, changes...)
	if diff := cmp.Diff(want, p.tally().sources()); diff != "" {
		t.Errorf("after the changes (-want +got)\n%s", diff)
	}
	for name, b := range between {
		if got := db.Query(t, "select count(*) from dev."+name)[0][0]; !strings.HasPrefix(b.want, got+" ") {
			t.Errorf("%s has %s rows; the test expects %s", name, got, b.want)
		}
	}
	exact := p.tally("--count", "exact").sources()
	if got := exact["quiet"] + ", " + exact["foreign"]; got != "130 counted, 131 counted" {
		t.Errorf("with --count exact: %s", got)
	}
}

// TestACrashForgetsWhatCouldBeCarriedOver restarts the server in order, and kills it. Then
// it restores the tables from a dump, with the audit table.
func TestACrashForgetsWhatCouldBeCarriedOver(t *testing.T) {
	t.Parallel()
	c := postgres.NewCluster(t)
	p := newCounts(t)
	p.database, p.env = c.Database, append(p.env, c.Environment()...)
	p.write("models/quiet.sql", fmt.Sprintf(appending, ""))
	rows := 90
	for _, step := range []struct {
		name   string
		before func()
		want   string
	}{
		{"first", func() {}, "adapter"},
		{"second", func() {}, "derived"},
		{"third", func() {}, "carried"},
		{"restarted", func() { c.Restart(t, false) }, "carried"},
		{"crashed", func() { c.Restart(t, true) }, "derived"},
		{"carried again", func() {}, "carried"},
		{"crashed, with as many rows as before", func() {
			was := c.Query(t, "select pg_stat_get_tuples_inserted('dev.quiet'::regclass)")[0][0]
			c.Restart(t, true)
			c.Exec(t, "insert into dev.quiet select generate_series(1, "+was+")")
			n, err := strconv.Atoi(was)
			if err != nil {
				t.Fatal(err)
			}
			rows += n
		}, "derived"},
		{"restored", func() {
			c.Exec(t, "create database copy template "+c.Name)
			p.env = append(p.env, "PGDATABASE=copy")
			c.Name = "copy"
			c.Exec(t, "insert into dev.quiet select generate_series(1, 310)", "delete from dev.quiet where ctid in (select ctid from dev.quiet limit 10)")
			rows += 300
		}, "derived"},
	} {
		step.before()
		rows += 10
		if diff := cmp.Diff(map[string]string{"quiet": fmt.Sprintf("%d %s", rows, step.want)}, p.tally().sources()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.name, diff)
		}
		if got := c.Query(t, "select count(*) from dev.quiet")[0][0]; got != fmt.Sprint(rows) {
			t.Fatalf("%s: the table has %s rows; the test expects %d", step.name, got, rows)
		}
	}
}

// TestACountDiffersFromTheTableOnlyIfItIsCarried builds incremental models with random
// statements in their hooks. Between the builds other sessions change the tables, some of
// them without reporting it at once. Each count is the number of rows, except for those
// that are carried over from such tables. When all sessions have reported, the next build
// is right again.
func TestACountDiffersFromTheTableOnlyIfItIsCarried(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p := newCounts(t)
	db := p.database.(postgres.Database)
	const models, builds = 12, 6
	sources := map[tally.CountSource]int{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	silent := map[string]bool{}
	for build := range builds {
		last := build == builds-1
		if last {
			cancel()
			for db.Query(t, "select count(*) from pg_stat_activity where datname = current_database() and query like 'insert into dev.m%'")[0][0] != "0" {
				time.Sleep(20 * time.Millisecond)
			}
			clear(silent)
		}
		for i := range models {
			name := fmt.Sprintf("m_%d", i)
			if build > 0 && !last {
				switch random.IntN(6) {
				case 0:
					db.Exec(t, "insert into dev."+name+" select i, 'other' from generate_series(2000, 2030) i")
				case 1:
					db.Exec(t, "delete from dev."+name+" where id % 3 = 0")
				case 2:
					db.Exec(t, "truncate dev."+name, "insert into dev."+name+" select i, 'other' from generate_series(1, 60) i")
				case 3:
					db.Keep(ctx, t, "insert into dev."+name+" values (1, 'a')", "insert into dev."+name+" values (2, 'b')")
					silent[name] = true
				}
			}
			hook := ""
			if statement, _ := randomStatement(random); random.IntN(4) == 0 {
				hook = `, post_hook="` + statement + `"`
			}
			p.write("models/"+name+".sql", fmt.Sprintf("{{ config(materialized='incremental', incremental_strategy='%s', unique_key='id'%s) }} "+
				"select distinct i + 1000 * {{ %d if is_incremental() else 0 }} as id, 'dbt' as by from generate_series(%d, %d) as i",
				[]string{"append", "merge", "delete+insert"}[i%3], hook, random.IntN(2), random.IntN(20), 40+random.IntN(20)))
		}
		for _, m := range p.tally("--threads", "3").Models {
			name := strings.SplitN(m.NodeID, ".", 3)[2]
			sources[m.CountSource]++
			got := db.Query(t, "select count(*) from dev."+name)[0][0]
			if got != count(m.After) && (m.CountSource != tally.Carried || !silent[name]) {
				t.Errorf("build %d: %s has %s rows; dbt-tally reports %s, %s", build+1, name, got, count(m.After), m.CountSource)
			}
		}
		time.Sleep(time.Second)
	}
	if sources[tally.FromChanges] < models/2 || sources[tally.Carried] < 2 {
		t.Errorf("too few counts without a scan: %v", sources)
	}
}
