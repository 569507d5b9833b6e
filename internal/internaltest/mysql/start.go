package mysql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// adminPassword contains characters that break naive connection strings.
const adminPassword = `p&ss w'ö"rd%40 @:/?#`

// errNoServer is the reason for skipping tests.
var errNoServer = errors.New("not on PATH, in /usr/sbin or below .cache: run make tools")

// modes are far from the defaults: double quotes quote names, backslashes are literal,
//
// concatenates, and everything is strict.
const modes = "ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES"

func startMariaDB() (Database, error) {
	install, errInstall := find("mariadb-install-db")
	daemon, errDaemon := find("mariadbd")
	if err := errors.Join(errInstall, errDaemon); err != nil {
		return Database{}, err
	}
	return start(MariaDB,
		[]string{install, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"},
		[]string{daemon, "--sql-mode=" + modes, "--default-time-zone=+09:00", "--character-set-server=latin1"},
	)
}

func startMySQL() (Database, error) {
	daemon, err := findMySQL()
	if err != nil {
		return Database{}, err
	}
	return start(MySQL,
		[]string{daemon, "--initialize-insecure", "--auto-generate-certs=OFF", "--log-error-verbosity=1"},
		[]string{daemon, "--mysqlx=OFF", "--skip-log-bin", "--secure-file-priv=NULL", "--performance-schema=OFF"},
	)
}

// start creates a data directory with the command install and serves it with the command
// daemon.
func start(f Flavour, install, daemon []string) (Database, error) {
	s, err := server.New("tally-my-")
	if err != nil {
		return Database{}, err
	}
	owner, err := user.Current()
	if err != nil {
		return Database{}, err
	}
	db := Database{
		Flavour: f, Host: "127.0.0.1", Socket: filepath.Join(s.Dir, "socket"), Port: s.Port,
		User: "admin", Password: adminPassword, CA: filepath.Join(s.Dir, "ca.crt"),
	}
	init := filepath.Join(s.Dir, "init.sql")
	if err := errors.Join(certificates.Write(s.Dir), os.WriteFile(init, []byte(db.login()), 0o600)); err != nil {
		return Database{}, err
	}
	data := []string{"--no-defaults", "--datadir=" + filepath.Join(s.Dir, "data"), "--user=" + owner.Username}
	// In a shared directory a server that starts would remove the temporary tables of
	// others.
	env := append(os.Environ(), "TMPDIR="+s.Dir)
	cmd := exec.Command(install[0], slices.Concat(data, install[1:])...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return Database{}, fmt.Errorf("%s: %w\n%s", install[0], err, out)
	}
	cmd = exec.Command(daemon[0], slices.Concat(data, []string{
		"--port=" + strconv.Itoa(s.Port), "--socket=" + db.Socket, "--bind-address=127.0.0.1",
		"--init-file=" + init, "--skip-name-resolve", "--max-connections=200",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
		"--ssl-cert=" + filepath.Join(s.Dir, "server.crt"), "--ssl-key=" + filepath.Join(s.Dir,
			"server.key"), "--ssl-ca=" + db.CA,
	}, daemon[1:])...)
	cmd.Env = env
	if err := s.Start(cmd, "KILL"); err != nil {
		return Database{}, err
	}
	return db, s.Await(func(ctx context.Context) error {
		conn, err := db.dial(ctx)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// login creates the user with all rights; one statement per line.
func (d Database) login() string {
	user := d.User + "@'%'"
	return "set names utf8mb4;\n" +
		"create user " + user + " identified by '" + strings.ReplaceAll(d.Password, "'", "''") + "';\n" +
		"grant all on *.* to " + user + " with grant option;\n"
}

// find also looks in the directory for root's programs, where Debian installs the server.
func find(name string) (string, error) {
	for _, file := range []string{name, filepath.Join("/usr/sbin", name)} {
		if path, err := exec.LookPath(file); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, errNoServer)
}

// findMySQL prefers the server that make tools installed, because the name may also be
// MariaDB's.
func findMySQL() (string, error) {
	path := filepath.Join(server.Cache(), "mysql", "mysqld")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	path, err := find("mysqld")
	if err != nil {
		return "", err
	}
	version, err := exec.Command(path, "--version").Output()
	if err == nil && strings.Contains(string(version), "MariaDB") {
		return "", fmt.Errorf("%s is MariaDB's, and MySQL's is %w", path, errNoServer)
	}
	return path, err
}
