package warehouse_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// What a server that hands over to another says to the one statement or the other,
// on the old connection.
func TestAMySQLFailoverIsWaitedFor(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, says := range map[string]uint16{
			"the connection is cut": 0,
			"too many connections":  1040,
			"shutting down":         1053,
			"lock wait timeout":     1205,
			"deadlock":              1213,
			"a reader by now":       1290,
			"statement killed":      1317,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, statement := range []string{"information_schema", "insert ignore", "COMMIT", "select model_name"} {
					db := mysql.New(t, flavour)
					proxy := newMySQLProxy(t, db.Port)
					db.Port = proxy.port
					store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write))
					db.Exec(t, "insert into "+prepare(t, store).Relation+" (model_name, execution_time, row_count, run_id, node_id, phase) values ('s.orders - AFTER', '2026-11-23 10:00:00', 900, 'now', 'model.shop.orders', 'after')")

					proxy.strike(statement, says)
					got := finish(t, store, warehouse.Finish{Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}}})
					if diff := gocmp.Diff(warehouse.Finished{Rows: []tally.Row{nowRow()}}, got); diff != "" {
						t.Errorf("%s: (-want +got):\n%s", statement, diff)
					}
					if diff := gocmp.Diff([][]string{{"now"}}, db.Query(t, "select run_id from dbt_audit_run")); diff != "" {
						t.Errorf("%s: runs (-want +got):\n%s", statement, diff)
					}
					if proxy.armed() {
						t.Errorf("%s: there was no such statement", statement)
					}
				}
			})
		}
	})
}

func TestAMySQLThatStaysAwayIsGivenUp(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MariaDB)
	proxy := newMySQLProxy(t, db.Port)
	db.Port = proxy.port
	store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write))
	prepare(t, store)

	proxy.away = 1 << 20
	proxy.strike("select", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := store.Finish(ctx, warehouse.Finish{Invocations: []string{"now"}})
	if err == nil || !strings.Contains(err.Error(), "connect to mysql at 127.0.0.1:") {
		t.Errorf("error %v; want one of the connection", err)
	}
	if ctx.Err() != nil {
		t.Error("nothing is left of the time")
	}
	if tries := proxy.connections.Load(); tries < 3 {
		t.Errorf("%d connections; want more than one try", tries)
	}
}

// A wrong host is told at once.
func TestAMySQLThatWasNeverThereIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MariaDB)
	proxy := newMySQLProxy(t, db.Port)
	db.Port = proxy.port
	proxy.refuse.Store(1 << 20)
	store := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Read))
	if _, err := store.Finish(t.Context(), warehouse.Finish{Invocations: []string{"now"}}); err == nil {
		t.Error("no error")
	}
	if tries := proxy.connections.Load(); tries != 1 {
		t.Errorf("%d connections; want one", tries)
	}
}

func TestAMySQLThatOnlyReadsIsToldAsSuch(t *testing.T) {
	t.Parallel()
	db := mysql.New(t, mysql.MySQL)
	proxy := newMySQLProxy(t, db.Port)
	db.Port = proxy.port
	proxy.strike("create table", 1290)
	_, err := open(t, mysqlOptions(db, warehouse.Table{Schema: db.Name, Name: "dbt_audit_log"}, warehouse.Write)).Prepare(t.Context())
	if want := "want the writer's endpoint in the profile"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want %q in it", err, want)
	}
}

// mysqlProxy passes connections without TLS on to a MySQL on this machine.
type mysqlProxy struct {
	port        int
	connections atomic.Int64
	refuse      atomic.Int64 // so many connections, from the next on
	away        int64        // how many are refused after a cut

	mu        sync.Mutex
	statement string // part of the statement that fails, once; "" for none
	says      uint16 // the error's number, 0 where the connection is cut
}

// strike lets the next statement that holds a text fail, and all that come after it
// on its connection. A connection that is cut is cut in mid-answer, and those after
// it are refused.
func (p *mysqlProxy) strike(statement string, says uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.statement, p.says = statement, says
}

func (p *mysqlProxy) armed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.statement != ""
}

func (p *mysqlProxy) strikes(statement string) (says uint16, yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.statement == "" || !strings.Contains(statement, p.statement) {
		return 0, false
	}
	p.statement = ""
	return p.says, true
}

func newMySQLProxy(t *testing.T, to int) *mysqlProxy {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &mysqlProxy{away: 1, port: listener.Addr().(*net.TCPAddr).Port}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.connections.Add(1)
			clients.Go(func() {
				defer client.Close()
				if p.refuse.Add(-1) < 0 {
					p.serve(client, to)
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); clients.Wait() })
	return p
}

// serve ends with the connection; what ended it, client and server see by themselves.
func (p *mysqlProxy) serve(client net.Conn, to int) {
	server, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to})
	if err != nil {
		return
	}
	defer server.Close()
	var cut atomic.Bool
	go func() {
		defer client.Close()
		for answer := make([]byte, 4096); ; {
			n, err := server.Read(answer)
			if cut.Load() {
				_, _ = client.Write(answer[:min(n, 7)])
				return
			}
			if _, errWrite := client.Write(answer[:n]); err != nil || errWrite != nil {
				return
			}
		}
	}()
	const query, header = 3, 4 // of a command that is a query; of a packet, its length and number
	var says uint16
	var struck bool
	for head := make([]byte, header); ; {
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		if command := head[3] == 0 && body[0] == query; command && !struck {
			if says, struck = p.strikes(string(body[1:])); struck && says == 0 {
				p.refuse.Store(p.away)
				cut.Store(true)
			}
		}
		if struck && says != 0 {
			refusal := append([]byte{0xff, byte(says), byte(says >> 8)}, "#HY000as the test wants it"...)
			_, err = client.Write(append([]byte{byte(len(refusal)), 0, 0, 1}, refusal...))
		} else {
			_, err = server.Write(append(head[:header:header], body...))
		}
		if err != nil {
			return
		}
	}
}
