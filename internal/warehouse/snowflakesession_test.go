package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// tutorialCatalog is the catalog's answer for the tutorial's table.
var tutorialCatalog = fakesnowflake.Result{Columns: noTable.Columns, Rows: [][]any{
	{"AUDIT", "LOG", "MODEL_NAME", "TEXT"},
	{"AUDIT", "LOG", "EXECUTION_TIME", "TIMESTAMP_NTZ"},
	{"AUDIT", "LOG", "ROW_COUNT", "NUMBER(38,0)"},
	{"AUDIT", "LOG", "RUN_ID", "TEXT"},
}}

// manyRows returns audit rows of one invocation as the dialect selects them, and the
// parsed rows.
func manyRows(n int) (result [][]any, want []tally.Row) {
	for i := range n {
		relation, at := fmt.Sprintf(`"SHOP"."M"."Größe %d ✓"`, i), time.Date(2026, 11, 23, 10, 0, 0, i*1000, time.UTC)
		row := tally.Row{Invocation: "one", Relation: relation, Phase: tally.After, Time: at}
		count := any(nil)
		if i%3 != 0 {
			count, row.Count = fmt.Sprint(i), rows(int64(i))
		}
		result = append(
			result,
			append([]any{relation + " - AFTER", at.Format("2006-01-02 15:04:05.000000"), count, "one"}, make([]any, 9)...),
		)
		want = append(want, row)
	}
	return result, want
}

func TestAResultOfSnowflakeIsReadInEveryFormat(t *testing.T) {
	t.Parallel()
	values, want := manyRows(1000)
	for name, form := range map[string]fakesnowflake.Result{
		"JSON":                        {},
		"JSON, in chunks":             {Chunk: 300},
		"Arrow":                       {Arrow: true},
		"Arrow, in chunks":            {Arrow: true, Chunk: 300},
		"Arrow, after three requests": {Arrow: true, Chunk: 999, Later: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			form.Columns, form.Rows = allColumns[:13], values
			fake.Answer("information_schema", tutorialCatalog)
			fake.Answer("from \"SHOP\".\"AUDIT\".\"LOG\" where run_id in", form)
			fake.Fail("/queries/v1/query-request", 503)
			fake.Fail("/chunks/1", 503)
			if diff := gocmp.Diff(want, read(t, open(t, fakeOptions(fake, nil)), "one")); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			for _, statement := range fake.Statements() {
				if !slices.Contains([]string{"BEGIN", "COMMIT"}, statement) && !strings.HasSuffix(statement, "\n/* dbt_tally */") {
					t.Errorf("statement without a comment at its end: %s", statement)
				}
			}
		})
	}
}

func TestASessionThatEndsWhileDBTRunsIsReplaced(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]fakesnowflake.Refusal{
		"a token that has expired": {Code: 390112, Message: "Session token has expired."}, // and cannot be renewed
		"a session that has ended": {Code: 390111, Message: "Session no longer exists."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			fake.Answer("information_schema", tutorialCatalog)
			empty := fakesnowflake.Result{Columns: allColumns[:7]}
			fake.Answer("where run_id in", empty, fakesnowflake.Result{Refusal: &refusal}, empty)
			o := fakeOptions(fake, nil)
			o.Renew = func() warehouse.Target {
				target := o.Target
				target.Settings = maps.Clone(target.Settings)
				target.Settings["password"] = fmt.Sprintf("hunter-%d", len(fake.Logins()))
				return target
			}
			store := open(t, o)
			prepare(t, store)
			read(t, store, "one")
			want := []fakesnowflake.Login{
				plainLogin(fakesnowflake.Login{User: "ci", Password: "hunter-0"}),
				plainLogin(fakesnowflake.Login{User: "ci", Password: "hunter-1"}),
			}
			if diff := gocmp.Diff(want, fake.Logins()); diff != "" {
				t.Errorf("logins (-want +got):\n%s", diff)
			}
		})
	}
}

var tooManyWaiters = fakesnowflake.Result{
	Refusal: &fakesnowflake.Refusal{
		Code: 625, SQLState: "57014",
		Message: "the number of waiters for this lock exceeds the 20 statements limit.",
	},
}

func TestALockedTableIsWaitedForOnceDBTHasRun(t *testing.T) {
	t.Parallel()
	fake := fakesnowflake.New(t)
	fake.Answer("information_schema", tutorialCatalog)
	fake.Answer(
		"where run_id in", fakesnowflake.Result{Columns: allColumns[:7]}, tooManyWaiters, tooManyWaiters,
		fakesnowflake.Result{Columns: allColumns[:7]},
	)
	store := open(t, fakeOptions(fake, nil))
	prepare(t, store)
	read(t, store, "one")
}

// answerPrune makes the fake answer Prune, for one row of one run.
func answerPrune(fake *fakesnowflake.Server) {
	fake.Answer("information_schema", tutorialCatalog)
	fake.Answer("count(*)", fakesnowflake.Result{Columns: []string{"RUN_ID", "N"}, Rows: [][]any{{"old", "1"}}})
	fake.Answer("delete from", fakesnowflake.Result{
		Columns: []string{"number of rows deleted"}, Rows: [][]any{{"1"}}, Changes: true,
	})
}

func TestWaitingForASilentSnowflakeEnds(t *testing.T) {
	t.Parallel()
	for name, silence := range map[string]func(*fakesnowflake.Server){
		"from the start": func(fake *fakesnowflake.Server) { fake.FallSilent() },
		"at a query": func(fake *fakesnowflake.Server) {
			fake.Answer("information_schema", fakesnowflake.Result{Silent: true})
		},
		"at a transaction": func(fake *fakesnowflake.Server) {
			answerPrune(fake)
			fake.Answer("BEGIN", fakesnowflake.Result{Silent: true})
		},
		"at a commit": func(fake *fakesnowflake.Server) {
			answerPrune(fake)
			fake.Answer("COMMIT", fakesnowflake.Result{Silent: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			silence(fake)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, _, err := open(t, fakeOptions(fake, nil)).Prune(ctx, at("10:00:00"), false, nil)
			if ctx.Err() == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
				t.Errorf("error %v; want the context to end it", err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("ended after %s", took)
			}
		})
	}
}

// The driver still uses the connection then, so the next statement uses another one. When
// the session ends, Snowflake rolls back its open transaction.
func TestASessionEndsWithAStatementThatTakesTooLong(t *testing.T) {
	t.Parallel()
	fake := fakesnowflake.New(t)
	fake.Answer("information_schema", fakesnowflake.Result{Slow: true}, noTable)
	store := open(t, fakeOptions(fake, nil))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := store.Prepare(ctx); err == nil || ctx.Err() == nil {
		t.Fatalf("error %v, context %v; want the context to end it", err, ctx.Err())
	}
	if _, err := store.Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
		t.Fatalf("error %v; want ErrNoTable", err)
	}
	for range 50 {
		if begun, ended := fake.Sessions(); fake.Aborted() > 0 && begun == 2 && ended == 1 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	begun, ended := fake.Sessions()
	t.Errorf("%d statements aborted, %d sessions begun, %d ended; want 1, 2 and 1", fake.Aborted(), begun, ended)
}

func TestAnAnswerThatTheDriverCannotParseIsOnlyAnError(t *testing.T) {
	t.Parallel()
	fake := fakesnowflake.New(t)
	fake.Answer("information_schema", fakesnowflake.Result{}) // a result of no columns, at which the driver panics
	_, err := open(t, fakeOptions(fake, nil)).Prepare(t.Context())
	if want := "the driver cannot parse an answer"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want %q in it", err, want)
	}
}

// If a transaction could not be ended, a later statement would be part of it, and commit
// it.
func TestASessionEndsWithATransactionThatCannotBeRolledBack(t *testing.T) {
	t.Parallel()
	fake := fakesnowflake.New(t)
	refused := fakesnowflake.Refusal{Code: 603, SQLState: "XX000", Message: "internal error"}
	fake.Answer("ROLLBACK", fakesnowflake.Result{Refusal: &refused})
	fake.Answer("delete from", fakesnowflake.Result{Refusal: &refused})
	answerPrune(fake)
	store := open(t, fakeOptions(fake, nil))
	if _, _, err := store.Prune(t.Context(), at("10:00:00"), false, nil); err == nil ||
		!strings.Contains(err.Error(), "internal error") {
		t.Fatalf("error %v; want the first one", err)
	}
	if _, _, err := store.Prune(t.Context(), at("10:00:00"), true, nil); err != nil {
		t.Fatal(err)
	}
	if begun, ended := fake.Sessions(); begun != 2 || ended != 1 {
		t.Errorf("%d sessions begun, %d ended; want the first one ended and another", begun, ended)
	}
}
