package fakedbt

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// log is dbt's output and its debug log.
type log struct {
	stdout io.Writer
	file   *os.File
}

// The threads that the log names. dbt cuts their names to ten characters.
const (
	mainThread = "MainThread"
	worker     = "Thread-1 ("
)

// openLog opens dbt.log and starts an invocation in it.
func openLog(o options, id string, stdout io.Writer) (log, error) {
	dir := cmp.Or(o.logPath, filepath.Join(o.projectDir, "logs"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return log{}, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "dbt.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return log{}, err
	}
	bar := strings.Repeat("=", 30)
	fmt.Fprintf(file, "\n\n%s %s | %s %s\n", bar, time.Now().UTC().Format("15:04:05.000000"), id, bar)
	l := log{stdout, file}
	l.info(mainThread, "Running with dbt="+Version)
	return l, nil
}

func (l log) debug(text string) { l.write("debug", worker, text) }

func (l log) info(thread, text string) { l.print("info", thread, text) }

func (l log) error(thread, text string) { l.print("error", thread, text) }

func (l log) print(level, thread, text string) {
	l.write(level, thread, text)
	fmt.Fprintf(l.stdout, "\x1b[0m%s  %s\n", time.Now().UTC().Format("15:04:05"), text)
}

func (l log) write(level, thread, text string) {
	fmt.Fprintf(l.file, "\x1b[0m%s [%-5s] [%s]: %s\n", time.Now().UTC().Format("15:04:05.000000"), level, thread, text)
}

// The colours of an outcome.
const (
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	plain  = ""
)

func coloured(colour, text string) string {
	if colour == plain {
		return text
	}
	return colour + text + "\x1b[0m"
}

// line returns dbt's output about a node: "1 of 6 START test x .... [RUN]".
func line(of, what, outcome string) string {
	text := of + " " + what + " "
	return text + strings.Repeat(".", max(0, 80-len(text))) + " [" + outcome + "]"
}
