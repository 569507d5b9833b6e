package warehouse_test

import (
	"context"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// A statement gives up a lock after 5 s; the table is locked for longer.
const lockedFor = 7 * time.Second

func TestALockedTableIsWaitedForBeforeDBTToo(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	relation := prepare(t, open(t, options(db, auditLog, warehouse.Write))).Relation
	ctx, cancel := context.WithTimeout(t.Context(), lockedFor)
	defer cancel()
	go db.Hold(ctx, "lock table "+relation)
	for len(db.Query(t, "select from pg_locks where mode = 'AccessExclusiveLock' and relation = '"+relation+"'::regclass")) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	prepare(t, open(t, options(db, auditLog, warehouse.Write)))
	if ctx.Err() == nil {
		t.Error("the table was never locked")
	}
}

func TestALockedMySQLTableIsWaitedForBeforeDBTToo(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		db := mysql.New(t, flavour)
		o := mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write)
		prepare(t, open(t, o))
		locked := make(chan struct{})
		go func() {
			defer close(locked)
			db.Exec(t, "lock tables dbt_audit_log write; do sleep(7)")
		}()
		sleeping := "select 1 from information_schema.processlist where info like 'do sleep(7)%' and db = '" + db.Name + "'"
		for len(db.Query(t, sleeping)) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		began := time.Now()
		prepare(t, open(t, o))
		if time.Since(began) < time.Second {
			t.Error("the table was never locked")
		}
		<-locked
	})
}

func TestALockedSnowflakeTableIsWaitedForBeforeDBTToo(t *testing.T) {
	t.Parallel()
	fake := fakesnowflake.New(t)
	fake.Answer("information_schema", tutorialCatalog)
	fake.Answer("where run_id in", tooManyWaiters, tooManyWaiters, fakesnowflake.Result{Columns: allColumns[:7]})
	prepare(t, open(t, fakeOptions(fake, nil)))
}
