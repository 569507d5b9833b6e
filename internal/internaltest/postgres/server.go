package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// superuserPassword contains characters that break naive connection strings, separated by
// a word that occurs nowhere else.
const superuserPassword = `p&hunter w'ö"hunter\%40 @:/?#hunter`

// start initialises the cluster of the test process and serves it.
func start() (Database, error) {
	c, err := newCluster()
	if err == nil {
		err = c.serve()
	}
	return c.Database, err
}

// newCluster initialises a cluster.
func newCluster() (*Cluster, error) {
	c := &Cluster{}
	bin, err := binaries()
	if err != nil {
		return c, err
	}
	who, err := serverUser()
	if err != nil {
		return c, err
	}
	s, err := server.New("tally-pg-")
	if err != nil {
		return c, err
	}
	if who != nil && strings.HasPrefix(bin, server.Cache()) {
		if bin, err = readable(bin, s.Dir); err != nil {
			return c, err
		}
	}
	if err := initdb(s.Dir, bin, who); err != nil {
		return c, err
	}
	db := Database{
		Host: "127.0.0.1", SocketDir: s.Dir, Port: s.Port, Name: "postgres", User: "postgres",
		Password: superuserPassword, CA: filepath.Join(s.Dir, "ca.crt"),
		Certificate: filepath.Join(s.Dir, "server.crt"), Key: filepath.Join(s.Dir, "server.key"),
	}
	c.Database, c.server, c.who = db, s, who
	c.command = []string{
		filepath.Join(bin, "postgres"), "-D", filepath.Join(s.Dir, "data"), "-p",
		strconv.Itoa(s.Port), "-k", s.Dir,
		"-c", "listen_addresses=localhost", "-c", "max_connections=200",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "ssl=on", "-c", "ssl_ca_file=" + db.CA, "-c", "ssl_cert_file=" + db.Certificate, "-c", "ssl_key_file=" + db.Key,
	}
	return c, nil
}

// serve starts the server and creates its roles.
func (c *Cluster) serve() error {
	if err := c.start(); err != nil {
		return err
	}
	return c.server.Await(func(ctx context.Context) error {
		conn, err := c.dial(ctx)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "create role "+NeedsTLS+"; create role "+NeedsCertificate)
		return err
	})
}

// Roles whose members may log in only with TLS, or only with a client certificate.
const (
	NeedsTLS         = "needs_tls"
	NeedsCertificate = "needs_certificate"
)

// access is pg_hba.conf.
const access = `
hostnossl all +` + NeedsTLS + ` all reject
hostssl all +` + NeedsCertificate + ` all scram-sha-256 clientcert=verify-ca
local all all scram-sha-256
host all all all scram-sha-256
`

// readable copies the downloaded programs below dir, because a clone that belongs to root
// may be in a directory that the server's user cannot enter.
func readable(bin, dir string) (string, error) {
	programs := filepath.Join(dir, "programs")
	if err := os.CopyFS(programs, os.DirFS(filepath.Dir(bin))); err != nil {
		return "", fmt.Errorf("copy PostgreSQL: %w", err)
	}
	return filepath.Join(programs, "bin"), nil
}

// initdb creates the cluster "data" in the directory with the server's certificates.
func initdb(dir, bin string, who *server.User) error {
	passwords := filepath.Join(dir, "password")
	if err := os.WriteFile(passwords, []byte(verifier(superuserPassword)), 0o600); err != nil {
		return err
	}
	if err := certificates.Write(dir); err != nil {
		return err
	}
	if who != nil {
		for _, name := range []string{"", "password", "server.key", "server.crt"} {
			if err := os.Chown(filepath.Join(dir, name), int(who.UID), int(who.GID)); err != nil {
				return err
			}
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the tests' user reads the CA
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U",
		"postgres", "--pwfile", passwords,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	cmd.Dir = dir
	who.Run(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// Overwriting the file of initdb keeps its owner.
	return os.WriteFile(filepath.Join(dir, "data", "pg_hba.conf"), []byte(access), 0o600)
}

// verifier returns what the server stores of a password, made with one round of hashing.
// With the default of 4096 rounds each connection costs its client 3 ms, the time of a query.
func verifier(password string) string {
	salt := []byte("the same for all")
	salted, err := pbkdf2.Key(sha256.New, password, salt, 1, sha256.Size)
	if err != nil {
		panic(err) // only FIPS 140 refuses one round
	}
	sign := func(text string) []byte {
		mac := hmac.New(sha256.New, salted)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	stored, encode := sha256.Sum256(sign("Client Key")), base64.StdEncoding.EncodeToString
	return "SCRAM-SHA-256$1:" + encode(salt) + "$" + encode(stored[:]) + ":" + encode(sign("Server Key"))
}

// serverUser returns the user that runs the server: nil for the user of the tests or,
// because PostgreSQL refuses to run as root, an unprivileged user if that is root.
func serverUser() (*server.User, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &server.User{UID: uint32(uid), GID: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}
