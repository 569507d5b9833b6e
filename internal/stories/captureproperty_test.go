package stories

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// traced makes a trigger record each change of a table, with the program that made it.
const traced = `
	create function dev.trace() returns trigger language plpgsql as $$ begin
		insert into dev.trace values (tg_table_name, tg_op, current_setting('application_name')); return null;
	end $$;
	create table dev.trace (name text, op text, program text)`

// TestWrittenRowsEqualWhatATriggerCounted builds incremental models of random strategies,
// with random statements in their hooks, while another session inserts into some of them.
// Each number is what the trigger counted of dbt's changes, or unknown; and only the
// other session and the statements that the counters cannot follow make it unknown.
func TestWrittenRowsEqualWhatATriggerCounted(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p := newProject(t, "1.11", "postgres")
	p.copy(testdata("hooks/large"))
	db := p.database.(postgres.Database)
	const models, builds = 12, 3
	opaque := map[string]bool{} // models with a statement that the counters cannot follow, in this build
	write := func() {
		clear(opaque)
		for i := range models {
			name := fmt.Sprintf("m_%d", i)
			var hooks []string
			for range random.IntN(4) {
				statement, followed := randomStatement(random)
				hooks, opaque[name] = append(hooks, `"`+statement+`"`), opaque[name] || !followed
			}
			at := random.IntN(len(hooks) + 1)
			strategy := []string{"append", "merge", "delete+insert"}[i%3]
			p.write("models/"+name+".sql", fmt.Sprintf(
				"{{ config(materialized='incremental', incremental_strategy='%s', unique_key='id', pre_hook=[%s], post_hook=[%s]) }} "+
					"select distinct i + 1000 * {{ 0 if is_incremental() else 1 }} as id, 'dbt' as by from generate_series(%d, %d) as i",
				strategy, strings.Join(hooks[:at], ", "), strings.Join(hooks[at:], ", "), random.IntN(20), 20+random.IntN(20)))
		}
	}
	for i := range models {
		p.write(fmt.Sprintf("models/m_%d.sql", i), "{{ config(materialized='incremental') }} select i as id, 'dbt' as by from generate_series(1, 30) i")
	}
	db.Exec(t, "create schema dev", traced)
	p.tally()
	for i := range models {
		db.Exec(t, fmt.Sprintf("create trigger trace after insert or update or delete on dev.m_%d for each row execute function dev.trace()", i))
	}
	known := 0
	for build := range builds {
		write()
		db.Exec(t, "truncate dev.trace")
		done, foreign := make(chan struct{}), map[string]bool{"m_0": true, "m_1": true, "m_2": true}
		go func() {
			defer close(done)
			for n := range 200 {
				db.Exec(t, fmt.Sprintf("set application_name = 'other'; insert into dev.m_%d values (%d, 'other')", n%len(foreign), 100_000+n))
			}
		}()
		got := p.tally("--threads", "3")
		<-done
		for i := range models {
			name := fmt.Sprintf("m_%d", i)
			row := db.Query(t, fmt.Sprintf("select count(*) filter (where op = 'INSERT'), count(*) filter (where op = 'UPDATE'), "+
				"count(*) filter (where op = 'DELETE') from dev.trace where name = '%s' and program <> 'other'", name))[0]
			want, words := fmt.Sprintf("+%s ~%s −%s engine", row[0], row[1], row[2]), got.written(name)
			switch {
			case words == want:
				known++
			case !strings.HasPrefix(words, "– "):
				t.Errorf("build %d: %s: got %s, want %s", build+1, name, words, want)
			case !opaque[name] && !foreign[name]:
				t.Errorf("build %d: %s: %s; the trigger counted %s", build+1, name, words, want)
			}
		}
	}
	if known < models {
		t.Errorf("only %d of %d are known", known, models*builds)
	}
}

// randomStatement returns a statement of a hook. followed is false if the counters cannot
// follow it.
func randomStatement(random *rand.Rand) (statement string, followed bool) {
	a, b := random.IntN(40), random.IntN(40)
	switch random.IntN(8) {
	case 0:
		return fmt.Sprintf("insert into {{ this }} select i, 'hook' from generate_series(%d, %d) as i", 500+a, 500+a+b), true
	case 1, 2:
		return fmt.Sprintf("update {{ this }} set by = 'hook' where id between %d and %d", a, a+b), true
	case 3, 4:
		return fmt.Sprintf("delete from {{ this }} where id between %d and %d", a, a+b/4), true
	case 5:
		return fmt.Sprintf("with gone as (delete from {{ this }} where id = %d returning id) insert into {{ this }} select id + 700, 'hook' from gone", a), true
	case 6:
		return "truncate {{ this }}", false
	default:
		return "savepoint s; delete from {{ this }} where id > 10; rollback to savepoint s", false
	}
}
