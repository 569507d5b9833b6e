package connect

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSettingsAsYAMLGaveThem(t *testing.T) {
	t.Parallel()
	s := Settings{Dir: "project", Values: map[string]any{
		"port": 5433, "retries": "3", "nothing": nil, "on": true, "off": "false",
		"key": "keys/ci.p8", "root": filepath.Join(t.TempDir(), "ca.crt"),
	}}
	for name, got := range map[string]string{
		"5433": s.Text("absent", "nothing", "port"), "": s.Text("nothing"),
		filepath.Join("project", "keys", "ci.p8"): s.Path("key"), s.Text("root"): s.Path("root"),
	} {
		if got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
	if on, err := s.Flag("on"); !on || err != nil {
		t.Errorf("on: %v, %v", on, err)
	}
	if off, err := s.Flag("off"); off || err != nil {
		t.Errorf("off: %v, %v", off, err)
	}
	if n, err := s.Number("retries", 1); n != 3 || err != nil {
		t.Errorf("retries: %d, %v", n, err)
	}
	if d, err := s.Seconds("absent", 10); d != 10*time.Second || err != nil {
		t.Errorf("absent: %s, %v", d, err)
	}
}

func TestInvalidSettingsAreNamed(t *testing.T) {
	t.Parallel()
	s := Settings{Values: map[string]any{"wait": "soon", "less": -1, "flag": "of course"}}
	_, errWait := s.Seconds("wait", 0)
	_, errLess := s.Number("less", 0)
	_, errFlag := s.Flag("flag")
	for want, err := range map[string]error{
		`wait: "soon" is not a number of seconds; expected a whole number; see `: errWait,
		`less: "-1" is not a number; expected a whole number; see `:              errLess,
		`flag: unknown value "of course"; expected true or false; see `:          errFlag,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v; want %q first", err, want)
		}
	}
}

func TestRedactorReplacesEverySecret(t *testing.T) {
	t.Parallel()
	if got := Redactor("", "hunter2", "token")("hunter2 has a token"); got != "*** has a ***" {
		t.Errorf("got %q", got)
	}
}
