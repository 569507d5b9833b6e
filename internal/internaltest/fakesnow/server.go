package fakesnow

import (
	"context"
	_ "embed"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// errNotInstalled is the reason for skipping tests.
var errNotInstalled = errors.New("no fakesnow below .cache: run make tools")

//go:embed server.py
var program []byte

// start starts a server without databases.
func start() (Database, error) {
	python := filepath.Join(server.Cache(), "fakesnow", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return Database{}, errNotInstalled
	}
	// The driver looks once per process for the cloud in which it runs, unless this
	// variable is set before it first connects, which a test's own statement may do.
	if err := os.Setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true"); err != nil {
		return Database{}, err
	}
	s, err := server.New("tally-sf-")
	if err != nil {
		return Database{}, err
	}
	script, port := filepath.Join(s.Dir, "server.py"), strconv.Itoa(s.Port)
	if err := os.WriteFile(script, program, 0o600); err != nil {
		return Database{}, err
	}
	if err := s.Start(exec.Command(python, script, port), "KILL"); err != nil {
		return Database{}, err
	}
	db := Database{Host: "127.0.0.1", Port: s.Port, Schema: "DEV"}
	return db, s.Await(func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(db.Host, port))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
