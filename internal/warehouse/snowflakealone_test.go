package warehouse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// aloneEnv contains the settings with which this program prepares a table in Snowflake
// and does nothing else, because the driver's effects on its process are visible only
// from outside. browserEnv contains an address that this program opens as a person with a
// browser would.
const (
	aloneEnv   = "WAREHOUSE_TEST_SNOWFLAKE"
	browserEnv = "WAREHOUSE_TEST_BROWSER"
)

// alone prepares the table and returns the result as text.
func alone(settings string) string {
	o := warehouse.Options{
		Target: warehouse.Target{Type: "snowflake"}, Table: warehouse.Table{Schema: "AUDIT", Name: "LOG"},
		Access: warehouse.Read,
	}
	if err := json.Unmarshal([]byte(settings), &o.Target.Settings); err != nil {
		return err.Error()
	}
	if err := warehouse.Quiet("snowflake", os.Setenv, os.TempDir()); err != nil {
		return err.Error()
	}
	store, err := warehouse.Open(context.Background(), o)
	if err != nil {
		return err.Error()
	}
	defer store.Close()
	_, err = store.Prepare(context.Background())
	return fmt.Sprint(err)
}

// prepareAlone runs alone in a separate process, and checks that it writes only that one
// line and no file.
func prepareAlone(t *testing.T, fake *fakesnowflake.Server, authority string, settings map[string]any) (said string) {
	t.Helper()
	encoded, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	home, programs := t.TempDir(), t.TempDir()
	browser := fmt.Sprintf("#!/bin/sh\n%s=$1 '%s' &\n", browserEnv, os.Args[0])
	for _, name := range []string{"xdg-open", "open"} { // on Linux and macOS
		if err := os.WriteFile(filepath.Join(programs, name), []byte(browser), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var output bytes.Buffer
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = []string{
		aloneEnv + "=" + string(encoded), "HOME=" + home, "PATH=" + programs,
		"TMPDIR=" + t.TempDir(), "SSL_CERT_FILE=" + authority,
		"SF_OCSP_RESPONSE_CACHE_SERVER_URL=" + fake.URL() + "/ocsp_response_cache.json",
	}
	program.Stdout, program.Stderr = &output, &output
	if err := program.Run(); err != nil {
		t.Errorf("%v: %s", err, &output)
	}
	if strings.Count(output.String(), "\n") != 1 {
		t.Errorf("written %q; want one line", &output)
	}
	if files := filesBelow(t, home); len(files) > 0 {
		t.Errorf("files in the user's home: %q", files)
	}
	return output.String()
}

// The fake refuses telemetry, and logins whose driver looked for its platform.
func TestTheSnowflakeDriverHasNoSideEffects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change   map[string]any
		refusals []fakesnowflake.Refusal
		want     string
	}{
		"over TLS":           {nil, nil, "there is no such table"},
		"without revocation": {map[string]any{"insecure_mode": true}, nil, "there is no such table"},
		"a second factor":    {map[string]any{"authenticator": "username_password_mfa"}, nil, "there is no such table"},
		"refused": {
			nil,
			[]fakesnowflake.Refusal{{Code: 390100, Message: "Incorrect username or password was specified."}},
			"connect to snowflake at localhost:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, authority := fakesnowflake.NewTLS(t)
			fake.Answer("information_schema", noTable)
			fake.RefuseLogin(tc.refusals...)
			if said := prepareAlone(t, fake, authority, fakeOptions(fake,
				tc.change).Target.Settings); !strings.Contains(said, tc.want) {
				t.Errorf("%q; want %q in it", said, tc.want)
			}
		})
	}
}

func TestOktaLogsInOnlyToTheSnowflakeOfTheProfile(t *testing.T) {
	t.Parallel()
	fake, authority := fakesnowflake.NewTLS(t)
	fake.Answer("information_schema", noTable)
	settings := fakeOptions(fake, map[string]any{"authenticator": fake.URL()}).Target.Settings
	if said := prepareAlone(t, fake, authority, settings); !strings.Contains(said, "there is no such table") {
		t.Errorf("%q; want no such table", said)
	}
	fake.SendSAMLTo("https://snowflake.example.com")
	if said := prepareAlone(t, fake, authority, settings); !strings.Contains(said, "SSO URL didn't match") {
		t.Errorf("%q; want a refusal", said)
	}
	want := plainLogin(
		fakesnowflake.Login{SAML: fmt.Sprintf(`<form action="%s/fed/login"><input value="ci/hunter2"></form>`, fake.URL())},
	)
	want.Application = "Go"
	if diff := gocmp.Diff([]fakesnowflake.Login{want}, fake.Logins()); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
}

func TestLoginByBrowser(t *testing.T) {
	t.Parallel()
	fake, authority := fakesnowflake.NewTLS(t)
	fake.Answer("information_schema", noTable)
	settings := fakeOptions(fake, map[string]any{"authenticator": "externalbrowser", "password": nil}).Target.Settings
	if said := prepareAlone(t, fake, authority, settings); !strings.Contains(said, "there is no such table") {
		t.Errorf("%q; want no such table", said)
	}
	want := plainLogin(
		fakesnowflake.Login{
			User: "ci", Authenticator: "EXTERNALBROWSER", Token: fakesnowflake.BrowserToken,
			Proof: fakesnowflake.BrowserProof,
		},
	)
	want.Application = "Go"
	if diff := gocmp.Diff([]fakesnowflake.Login{want}, fake.Logins()); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
