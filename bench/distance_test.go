package bench

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// BenchmarkDistance compares dbt-tally with plain dbt on a PostgreSQL that is far away:
// each statement of dbt-tally's own costs a round trip.
func BenchmarkDistance(b *testing.B) {
	program := binary(b)
	t := newTable(fmt.Sprintf("%d tables, %d threads, dbt %s, PostgreSQL behind a proxy", models, threads, *dbtVersion))
	for _, trip := range []time.Duration{25 * time.Millisecond, 100 * time.Millisecond} {
		b.Run(trip.String(), func(b *testing.B) { t.ratios(distance(b, program, trip)) })
	}
	t.print(b)
}

func distance(b *testing.B, program string, trip time.Duration) []paired {
	b.Helper()
	db := postgres.New(b)
	far := db
	far.Port = newFarProxy(b, db.Port, trip)
	plain, tally := newProject(b, db, "plain", "", models), newProject(b, db, "tally", "", models)
	tally.binary = program
	projects := []*project{tally, plain}
	for _, p := range projects {
		writeProfile(b, p.cli.ProjectDir, far, p.name)
		p.warmUp(b)
	}
	limits := func() []paired {
		what := fmt.Sprintf("%s away, dbt-tally ÷ plain, time of the process, ", trip)
		return []paired{
			{what + "rebuilt", tally.rebuilt.process, plain.rebuilt.process, 1.12},
			{what + "first built", tally.first.process, plain.first.process, 1.06},
		}
	}
	for b.Loop() {
		measureUntilDecided(b, projects, limits)
	}
	return limits()
}

// newFarProxy passes connections on to a port of this machine, as over a line with this
// round trip and without a limit of its bandwidth.
func newFarProxy(tb testing.TB, to int, trip time.Duration) (port int) {
	tb.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to})
			if err != nil {
				client.Close()
				continue
			}
			go delay(server, client, trip/2)
			go delay(client, server, trip/2)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// delay copies what arrives, each part when its time has come.
func delay(to io.WriteCloser, from io.ReadCloser, by time.Duration) {
	type part struct {
		text []byte
		due  time.Time
	}
	parts := make(chan part, 1024)
	go func() {
		defer close(parts)
		for {
			text := make([]byte, 32<<10)
			n, err := from.Read(text)
			if n > 0 {
				parts <- part{text[:n], time.Now().Add(by)}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range parts {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.text); err != nil {
			from.Close() // ends the reader
		}
	}
	to.Close()
}

func TestAFarProxyDelaysEachAnswer(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	far := db
	const trip = 50 * time.Millisecond
	far.Port = newFarProxy(t, db.Port, trip)
	began := time.Now()
	far.Exec(t, "select 1")
	if took := time.Since(began); took < 2*trip { // the login and the statement
		t.Errorf("%s for a login and a statement", took)
	}
}
