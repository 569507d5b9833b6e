package warehouse_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Behind PgBouncer or RDS Proxy each transaction may get another connection: what
// is to last has to come with each, and a prepared statement would be lost.
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
	for i, text := range texts {
		if strings.HasPrefix(text, "begin") {
			if !strings.Contains(texts[i+1], "set_config('role',  'postgres' , true)") || !strings.Contains(texts[i+1], "set_config('search_path',  'public' , true)") {
				t.Errorf("a transaction starts with %q; want role and search path set for it alone", texts[i+1])
			}
		}
		if strings.Contains(text, "set_config") && !strings.HasPrefix(texts[i-1], "begin") {
			t.Errorf("%q outside of a transaction", text)
		}
	}
}

// recordQueries passes connections on to a PostgreSQL on this machine and notes
// its simple queries. Any other message that a client may send once it is
// logged in fails the test.
func recordQueries(t *testing.T, to int) (sent func() []string, port int) {
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var queries []string
	serve := func(client *net.TCPConn) error {
		server, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to})
		if err != nil {
			return err
		}
		go func() { _, _ = io.Copy(client, server); client.Close() }()
		defer server.Close()
		// The startup message alone has no byte for its type.
		if _, err := relay(client, server); err != nil {
			return err
		}
		for kind := make([]byte, 1); ; {
			if _, err := io.ReadFull(io.TeeReader(client, server), kind); err != nil {
				return err
			}
			body, err := relay(client, server)
			if err != nil {
				return err
			}
			switch kind[0] {
			case 'Q':
				mu.Lock()
				queries = append(queries, strings.TrimRight(string(body), "\x00"))
				mu.Unlock()
			case 'p', 'X': // password, terminate
			default:
				t.Errorf("a message %q, which needs a session", kind)
			}
		}
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			client, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer client.Close()
				if err := serve(client); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
					t.Errorf("relay: %v", err)
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); clients.Wait() })
	return func() []string { mu.Lock(); defer mu.Unlock(); return queries }, listener.Addr().(*net.TCPAddr).Port
}

// relay passes a message's length and body on, and returns the body.
func relay(from io.Reader, to io.Writer) ([]byte, error) {
	length := make([]byte, 4)
	if _, err := io.ReadFull(from, length); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(length)-4)
	if _, err := io.ReadFull(from, body); err != nil {
		return nil, err
	}
	_, err := to.Write(append(length, body...))
	return body, err
}
