package profile

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dotEnv = `# comment
PLAIN=value
export EXPORTED=yes
SPACES = around 
COMMENT=a # b
HASH=#kept
EMPTY=
ONLY_COMMENT= # nothing
NAME_ONLY
SINGLE='it\'s # $x \n'
DOUBLE="a\n\"b\" \\ # c" # comment
LINES="one
two"
REFERENCE=${PLAIN}/${NOPE:-default}/${NOPE}
OUTER_WINS=${HOST}
HOST=file
'quoted key'=k
UNCLOSED="abc
AFTER=ok
INDENTED=1
`

func TestDotEnvIsReadAsPythonDotEnvDoes(t *testing.T) {
	t.Parallel()
	answer, _ := askDBT(t, "1.12", "testdata/env_file.py", []byte(dotEnv))
	var want map[string]string
	if err := json.Unmarshal(answer, &want); err != nil {
		t.Fatal(err)
	}
	got := parseDotEnv(dotEnv, mapEnv(nil))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-python-dotenv +here):\n%s", diff)
	}
}

func TestTheEnvironmentTakesPrecedenceOverDotEnv(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, ".env"), "HOST=file\nPORT=${HOST}-1\nDBT_TARGET=ci\nDBT_ENV_SECRET_X=s3cret\n")
	writeFile(t, filepath.Join(dir, "sub", "profiles.yml"), `
shop:
  outputs:
    ci:
      type: postgres
      host: "{{ env_var('HOST') }}"
      port: "{{ env_var('PORT') }}"
      dsn: "{{ env_var('DBT_ENV_SECRET_X') }}"
`)
	o := Options{
		WorkDir: filepath.Join(dir, "sub"), DotEnv: true,
		LookupEnv: mapEnv(map[string]string{"HOST": "outer"}),
	}
	c, err := Resolve(o, Project{ProfileName: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	want := Connection{
		ProfileName: "shop", Target: "ci", Type: "postgres",
		Settings: map[string]any{"type": "postgres", "host": "outer", "port": "outer-1", "dsn": "s3cret"},
		Secrets:  []string{"s3cret"},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o.DotEnv = false
	if _, err := Resolve(o, Project{ProfileName: "shop"}); !errors.Is(err, ErrNoTarget) {
		t.Errorf("without .env: error %v, want %v", err, ErrNoTarget)
	}
}
