package redact

import (
	"bytes"
	"io"
	"sync"
)

// Lines writes text without the secrets, line by line, because a secret may arrive in two
// parts. It may be used by several goroutines.
type Lines struct {
	out    io.Writer
	redact func(text string) string

	mu   sync.Mutex
	rest []byte // the beginning of a line
}

// NewLines returns a writer to out. It calls redact with one or more whole lines.
func NewLines(out io.Writer, redact func(text string) string) *Lines {
	return &Lines{out: out, redact: redact}
}

// longestLine is the length in bytes from which a line is written before its end.
const longestLine = 64 << 10

// Write implements io.Writer. It keeps the beginning of a line until the line ends.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	end := bytes.LastIndexByte(l.rest, '\n') + 1
	if end == 0 && len(l.rest) > longestLine {
		end = len(l.rest)
	}
	return len(p), l.write(end)
}

// Flush writes a last line that has no end.
func (l *Lines) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(len(l.rest))
}

func (l *Lines) write(end int) error {
	if end == 0 {
		return nil
	}
	text := l.redact(string(l.rest[:end]))
	l.rest = bytes.Clone(l.rest[end:])
	_, err := io.WriteString(l.out, text)
	return err
}
