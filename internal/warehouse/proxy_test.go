package warehouse_test

import (
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy forwards connections without TLS to a database on this machine, until strike is
// called.
type proxy struct {
	port        int
	connections atomic.Int64
	statements  atomic.Int64 // messages with statements, which is the number of round trips
	single      atomic.Bool  // refuse a message of several MySQL statements
	refuse      atomic.Int64 // how many connections to refuse, starting with the next
	away        int64        // how many to refuse after a connection ended
	protocol    protocol

	mu        sync.Mutex
	statement string // part of the statement to fail, once; "": none
	says      string // the error's code, closed or reset
}

// A connection that ends within an answer: it is closed, or reset.
const closed, reset = "closed", "reset"

// protocol is the protocol of a database's clients.
type protocol struct {
	// read returns the client's next message, and its statement if it has one.
	read func(client io.Reader, first bool) (message []byte, statement string, err error)
	// refuse returns an error as the server's answer to a statement.
	refuse func(code string) []byte
}

// strike makes the next statement that contains a text fail, and all later ones on the same
// connection. If the connection ends, the next ones are refused.
func (p *proxy) strike(statement, says string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.statement, p.says = statement, says
}

func (p *proxy) armed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.statement != ""
}

func (p *proxy) strikes(statement string) (says string, yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.statement == "" || !strings.Contains(statement, p.statement) {
		return "", false
	}
	p.statement = ""
	return p.says, true
}

func newProxy(t *testing.T, speaks protocol, to int) *proxy {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{away: 1, protocol: speaks, port: listener.Addr().(*net.TCPAddr).Port}
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

// serve returns when the connection ends; client and server notice the cause themselves.
func (p *proxy) serve(client net.Conn, to int) {
	server, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to})
	if err != nil {
		return
	}
	defer server.Close()
	var ended atomic.Bool
	go func() {
		defer client.Close()
		for answer := make([]byte, 4096); ; {
			n, err := server.Read(answer)
			if ended.Load() {
				_, _ = client.Write(answer[:n/2])
				return
			}
			if _, errWrite := client.Write(answer[:n]); err != nil || errWrite != nil {
				return
			}
		}
	}()
	var says string
	var struck bool
	for first := true; ; first = false {
		message, statement, err := p.protocol.read(client, first)
		if err != nil {
			return
		}
		if statement != "" {
			p.statements.Add(1)
		}
		if p.single.Load() && strings.Contains(statement, ";\n") {
			if _, err := client.Write(p.protocol.refuse("1064")); err != nil {
				return
			}
			continue
		}
		if statement != "" && !struck {
			says, struck = p.strikes(statement)
			if says == reset {
				_ = client.(*net.TCPConn).SetLinger(0)
			}
			if says == closed || says == reset {
				p.refuse.Store(p.away)
				ended.Store(true)
			}
		}
		if struck && !ended.Load() {
			_, err = client.Write(p.protocol.refuse(says))
		} else {
			_, err = server.Write(message)
		}
		if err != nil {
			return
		}
	}
}

var mysqlProtocol = protocol{
	read: func(client io.Reader, _ bool) (message []byte, statement string, err error) {
		const query, header = 3, 4 // of a command that is a query; of a packet: length and number
		head := make([]byte, header)
		if _, err := io.ReadFull(client, head); err != nil {
			return nil, "", err
		}
		body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
		if _, err := io.ReadFull(client, body); err != nil {
			return nil, "", err
		}
		if command := head[3] == 0 && body[0] == query; command {
			statement = string(body[1:])
		}
		return append(head, body...), statement, nil
	},
	refuse: func(code string) []byte {
		number, _ := strconv.Atoi(code)
		refusal := append([]byte{0xff, byte(number), byte(number >> 8)}, "#HY000by the test"...)
		return append([]byte{byte(len(refusal)), 0, 0, 1}, refusal...)
	},
}

var postgresProtocol = protocol{
	read: func(client io.Reader, first bool) (message []byte, statement string, err error) {
		head := make([]byte, 5)
		if first { // only this one has no type byte
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return nil, "", err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return nil, "", err
		}
		if head[0] == 'Q' && !first {
			statement = strings.TrimRight(string(body), "\x00")
		}
		return append(head, body...), statement, nil
	},
	refuse: func(code string) []byte {
		fields := "SERROR\x00VERROR\x00C" + code + "\x00Mby the test\x00\x00"
		refusal := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(fields)))
		return append(append(refusal, fields...), 'Z', 0, 0, 0, 5, 'E')
	},
}
