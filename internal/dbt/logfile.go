package dbt

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// logFile is the log of one invocation of dbt v1. dbt writes it to a separate directory,
// so that no other dbt in the same checkout writes to it, and in the format of the user's
// settings. A copy goes to the file where dbt would have written the log.
type logFile struct {
	dir      string // created for it
	user     string // the user's dbt.log
	maxBytes int64  // size at which dbt rotates the user's log; 0: never
}

// fullLog is the size at which dbt rotates dbt.log by default, and fullLogs is how many
// old files it keeps (backupCount in dbt's events/logger.py).
const (
	fullLog  = 10 << 20
	fullLogs = 5
)

// newLog creates the directory of a command's log.
func (c CLI) newLog(command Command) (logFile, error) {
	dir, err := os.MkdirTemp(c.ScratchDir, "log-")
	if err != nil {
		return logFile{}, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // the path that dbt writes into its log
		return logFile{}, err
	}
	l := logFile{dir: dir, user: c.LogFile, maxBytes: fullLog}
	if path, given := command.Flag("--log-path"); given {
		l.user = filepath.Join(c.absolute(path), "dbt.log")
	}
	limit, given := command.Flag("--log-file-max-bytes")
	if !given {
		limit = cmp.Or(c.lookupEnv("DBT_ENGINE_LOG_FILE_MAX_BYTES"), c.lookupEnv("DBT_LOG_FILE_MAX_BYTES"))
	}
	if n, err := strconv.ParseInt(limit, 10, 64); err == nil {
		l.maxBytes = n
	}
	return l, nil
}

// redirect makes dbt write the log to this directory. It uses variables, with the names
// before and since dbt 1.11, because flags would become part of the command that dbt
// stores in its artifacts and repeats in a retry.
func (l logFile) redirect(command Command) (args Command, env []string) {
	return command.without("--log-path", "--log-file-max-bytes"), []string{
		"DBT_LOG_PATH=" + l.dir, "DBT_ENGINE_LOG_PATH=" + l.dir,
		"DBT_LOG_FILE_MAX_BYTES=0", "DBT_ENGINE_LOG_FILE_MAX_BYTES=0",
	}
}

// follow starts to read the log. The returned function stops it.
func (l logFile) follow() func() *progress {
	stop, result := make(chan struct{}), make(chan *progress, 1)
	go func() {
		user := l.openUser()
		seen := tail(filepath.Join(l.dir, "dbt.log"), user, stop)
		user.close()
		result <- seen
	}()
	return func() *progress {
		close(stop)
		return <-result
	}
}

// tail reads and copies the log while dbt writes it, so that little is left to read when
// dbt ends. When stop is closed, it reads the rest and returns the result.
func tail(path string, user *userLog, stop <-chan struct{}) *progress {
	r := &logReader{seen: newProgress()}
	file := await(path, stop)
	if file == nil {
		return r.seen
	}
	defer file.Close()
	user.open() // dbt creates it even if it writes nothing to it
	lines := bufio.NewReaderSize(file, 1<<16)
	var line strings.Builder
	for ended := false; ; {
		part, err := lines.ReadString('\n')
		line.WriteString(part)
		switch {
		case err == nil:
			user.write(line.String(), r.read(line.String()))
			line.Reset()
		case ended:
			user.write(line.String(), false)
			r.end()
			return r.seen
		default:
			user.flush()
			ended = wait(stop)
		}
	}
}

// logReader joins the lines of a log to records.
type logReader struct {
	seen    *progress
	current record
	started bool
	text    strings.Builder // of the current record
}

// read processes a line and reports whether a record begins with it. In a log of plain
// text (log_format_file: text) every line begins a record, and none can be parsed.
func (r *logReader) read(line string) (starts bool) {
	next, starts := startRecord(line)
	r.seen.logged = r.seen.logged || strings.TrimSpace(line) != ""
	switch m := opening.FindStringSubmatch(line); {
	case starts:
		r.end()
		r.started, r.current = true, next
		r.text.WriteString(next.text)
	case m != nil && r.seen.id == "":
		r.seen.id = m[1]
	case r.started:
		r.text.WriteString(line)
	default:
		return plainStart.MatchString(line)
	}
	return starts
}

func (r *logReader) end() {
	if r.started {
		r.current.text = r.text.String()
		r.seen.add(r.current)
	}
	r.text.Reset()
}

// await opens the file as soon as it exists. It returns nil if dbt ends without creating
// it.
func await(path string, stop <-chan struct{}) *os.File {
	for ended := false; ; ended = wait(stop) {
		if file, err := os.Open(path); err == nil {
			return file
		} else if ended {
			return nil
		}
	}
}

// wait gives dbt time to write. It returns true if dbt has ended.
func wait(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// userLog is the dbt.log for the user. If it cannot be written, the copy is incomplete,
// as dbt's own log would be on a full disk; the run continues.
type userLog struct {
	path     string
	own      *strings.Replacer // replaces the name of our directory, which dbt writes into its log
	maxBytes int64
	file     *os.File // nil: not open
	out      *bufio.Writer
	size     int64
}

// openUser opens the user's log for appending. dbt creates its directory even if it is
// configured to write no log.
func (l logFile) openUser() *userLog {
	u := &userLog{path: l.user, maxBytes: l.maxBytes, own: strings.NewReplacer(l.dir, filepath.Dir(l.user))}
	if u.path != "" {
		_ = os.MkdirAll(filepath.Dir(u.path), 0o755)
	}
	return u
}

// write appends a line. If the line would fill the file and begins a record, write
// rotates the file first.
func (u *userLog) write(line string, starts bool) {
	if u.file == nil || line == "" {
		return
	}
	line = u.own.Replace(line)
	if starts && u.maxBytes > 0 && u.size+int64(len(line)) >= u.maxBytes {
		u.close()
		u.moveAside()
		u.open()
	}
	if u.file != nil {
		n, _ := u.out.WriteString(line)
		u.size += int64(n)
	}
}

func (u *userLog) open() {
	if u.path == "" {
		return
	}
	file, err := os.OpenFile(u.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	u.file, u.out = file, bufio.NewWriterSize(file, 1<<16)
	if info, err := file.Stat(); err == nil {
		u.size = info.Size()
	}
}

// flush writes the lines that write has kept.
func (u *userLog) flush() {
	if u.file != nil {
		_ = u.out.Flush()
	}
}

func (u *userLog) moveAside() {
	for i := fullLogs - 1; i > 0; i-- {
		err := os.Rename(fmt.Sprintf("%s.%d", u.path, i), fmt.Sprintf("%s.%d", u.path, i+1))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	_ = os.Rename(u.path, u.path+".1")
}

func (u *userLog) close() {
	u.flush()
	if u.file != nil {
		_ = u.file.Close()
		u.file = nil
	}
}
