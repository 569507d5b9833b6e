package warehouse_test

import (
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Behind PgBouncer or RDS Proxy each transaction may get another connection: settings
// must be sent with every transaction, and a prepared statement would be lost.
func TestNothingIsLeftInTheSession(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	sent, port := recordQueries(t, db.Port)
	o := options(db, warehouse.Table{Schema: "fresh", Name: "log"}, warehouse.Write)
	o.Target.Settings["port"], o.Target.Settings["role"], o.Target.Settings["search_path"] = port, "postgres", "public"
	store := open(t, o)
	prepare(t, store)
	read(t, store, "run")

	texts := sent()
	if len(texts) == 0 {
		t.Fatal("no query seen")
	}
	transactions := 0
	for _, text := range texts {
		begins := strings.HasPrefix(text, "begin\n")
		if begins {
			transactions++
			if !strings.Contains(text, "set_config('role',  'postgres' , true)") ||
				!strings.Contains(text, "set_config('search_path',  'public' , true)") ||
				!strings.HasSuffix(text, "commit") && !strings.HasSuffix(text, "rollback") {
				t.Errorf("a transaction is %q; want role and search path set only for it", text)
			}
		}
		if strings.Contains(text, "set_config") && !begins {
			t.Errorf("%q outside of a transaction", text)
		}
	}
	if transactions == 0 {
		t.Errorf("no transaction among %q", texts)
	}
}

// recordQueries starts a proxy in front of a PostgreSQL that records simple queries. Any
// other message of a logged-in client fails the test.
func recordQueries(t *testing.T, to int) (sent func() []string, port int) {
	var mu sync.Mutex
	var queries []string
	speaks := postgresProtocol
	speaks.read = func(client io.Reader, first bool) ([]byte, string, error) {
		message, query, err := postgresProtocol.read(client, first)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil || first:
		case message[0] == 'Q':
			queries = append(queries, query)
		case message[0] != 'p' && message[0] != 'X': // password, terminate
			t.Errorf("a message %q, which needs a session", message[0])
		}
		return message, query, err
	}
	return func() []string { mu.Lock(); defer mu.Unlock(); return queries }, newProxy(t, speaks, to).port
}
