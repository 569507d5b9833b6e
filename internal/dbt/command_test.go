package dbt

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNameOfACommand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		command Command
		want    string
	}{
		{Command{"build"}, "build"},
		{Command{"--quiet", "run", "--select", "seed"}, "run"},
		{Command{"--log-format", "json", "--no-use-colors", "test"}, "test"},
		{Command{"--log-format=json", "test"}, "test"},
		{Command{"--version"}, ""},
		{nil, ""},
	}
	for _, test := range tests {
		if got := test.command.Name(); got != test.want {
			t.Errorf("%q: got %q, want %q", test.command, got, test.want)
		}
	}
}

func TestFlagOfACommand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		command Command
		want    string
		ok      bool
	}{
		{Command{"build", "--target", "ci"}, "ci", true},
		{Command{"build", "--target=ci"}, "ci", true},
		{Command{"build", "-t", "ci"}, "ci", true},
		{Command{"build", "-tci"}, "ci", true},
		{Command{"build", "--target", "a", "-t", "b"}, "b", true},
		{Command{"build", "--target-path", "x"}, "", false},
		{Command{"build", "--target"}, "", false},
		{Command{"build"}, "", false},
	}
	for _, test := range tests {
		if got, ok := test.command.Flag("--target", "-t"); got != test.want || ok != test.ok {
			t.Errorf("%q: got %q, %v; want %q, %v", test.command, got, ok, test.want, test.ok)
		}
	}
}

func TestDefaultsYieldToTheCommand(t *testing.T) {
	t.Parallel()
	tests := []struct{ command, want Command }{
		{Command{"build"}, Command{"build", "--target", "ci"}},
		{Command{"build", "-t", "prod"}, Command{"build", "-t", "prod"}},
		{Command{"--version"}, Command{"--version"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, test.command.WithDefault("ci", "--target", "-t")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if got := (Command{"build"}).WithDefault("", "--target"); len(got) != 1 {
		t.Errorf("an empty default added %q", got)
	}
}

func TestLikeKeepsWhatDecidesTheParse(t *testing.T) {
	t.Parallel()
	got := Command{"build", "-t", "ci", "--select", "a", "--vars", "{x: 1}", "--target-path", "t"}.Like("deps")
	if diff := cmp.Diff(Command{"deps", "--target", "ci", "--vars", "{x: 1}"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestACommandReadsAsItIsTyped(t *testing.T) {
	t.Parallel()
	got := Command{"build", "--vars", `{a: "it's"}`, "--select", "state:modified+", ""}.String()
	if want := `dbt build --vars '{a: "it'\''s"}' --select state:modified+ ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
