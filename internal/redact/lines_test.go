package redact

import (
	"errors"
	"strings"
	"testing"
)

func TestASecretInPartsIsRemoved(t *testing.T) {
	t.Parallel()
	r := New([]string{"hunter2-and-more"})
	for name, parts := range map[string][]string{
		"at once":        {"a\npassword hunter2-and-more\nb\n"},
		"in two parts":   {"a\npassword hunter2", "-and-more\nb\n"},
		"byte by byte":   strings.Split("a\npassword hunter2-and-more\nb\n", ""),
		"without an end": {"a\npassword ", "hunter2-and-more\nb\n", ""},
	} {
		var out strings.Builder
		lines := NewLines(&out, r.Text)
		for _, part := range parts {
			if n, err := lines.Write([]byte(part)); n != len(part) || err != nil {
				t.Errorf("%s: wrote %d, %v", name, n, err)
			}
		}
		if err := lines.Flush(); err != nil || out.String() != r.Text("a\npassword hunter2-and-more\nb\n") {
			t.Errorf("%s: got %q, %v", name, out.String(), err)
		}
		if strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s: the secret is in %q", name, out.String())
		}
	}
}

func TestALineWithoutAnEndIsWrittenAtLast(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	lines := NewLines(&out, strings.ToUpper)
	_, _ = lines.Write([]byte("one\ntwo"))
	if out.String() != "ONE\n" {
		t.Errorf("got %q before the end", out.String())
	}
	if err := lines.Flush(); err != nil || out.String() != "ONE\nTWO" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := lines.Flush(); err != nil || out.String() != "ONE\nTWO" {
		t.Errorf("got %q, %v after another flush", out.String(), err)
	}
	_, _ = lines.Write([]byte(strings.Repeat("x", longestLine+1)))
	if len(out.String()) != len("ONE\nTWO")+longestLine+1 {
		t.Errorf("%d bytes of an endless line", out.Len())
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestAClosedOutputIsReported(t *testing.T) {
	t.Parallel()
	if _, err := NewLines(closed{}, strings.ToUpper).Write([]byte("a\n")); err == nil {
		t.Error("no error")
	}
}
