package warehouse_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/youmark/pkcs8"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// noTable is the catalog's answer for a table that does not exist.
var noTable = fakesnowflake.Result{Columns: []string{"TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE"}}

// fakeOptions returns the options of a profile with a password. A nil value removes a
// setting.
func fakeOptions(fake *fakesnowflake.Server, change map[string]any) warehouse.Options {
	settings := fake.Settings()
	maps.Copy(settings, map[string]any{
		"user": "ci", "password": "hunter2", "role": "CI", "warehouse": "WH",
		"database": "SHOP", "schema": "DBT_CI", "connect_retries": 0,
	})
	maps.Copy(settings, change)
	return warehouse.Options{
		Target:      warehouse.Target{Type: "snowflake", Settings: settings},
		Table:       warehouse.Table{Schema: "AUDIT", Name: "LOG"},
		Access:      warehouse.Read,
		Application: "dbt-tally/1.2.3",
		Unattended:  true,
	}
}

// plainLogin returns the login that fakeOptions produce, for these credentials.
func plainLogin(who fakesnowflake.Login) fakesnowflake.Login {
	who.Database, who.Schema, who.Warehouse, who.Role = "SHOP", "DBT_CI", "WH", "CI"
	who.Account, who.Application = "acme-shop", "dbt-tally-1.2.3"
	who.Session = map[string]any{
		"CLIENT_VALIDATE_DEFAULT_PARAMETERS": false, "QUERY_TAG": "dbt-tally", "LOCK_TIMEOUT": "5",
	}
	return who
}

func TestASnowflakeLoginUsesTheProfile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change map[string]any
		want   fakesnowflake.Login
	}{
		"password": {nil, fakesnowflake.Login{User: "ci", Password: "hunter2"}},
		"password, by name": {
			map[string]any{"authenticator": "Snowflake"}, fakesnowflake.Login{User: "ci", Password: "hunter2"},
		},
		"an unused key": {
			map[string]any{"private_key": "", "authenticator": ""},
			fakesnowflake.Login{User: "ci", Password: "hunter2"},
		},
		"a tag of the profile": {
			map[string]any{"query_tag": "nightly"}, fakesnowflake.Login{User: "ci", Password: "hunter2"},
		},
		"unused settings": {
			map[string]any{"client_session_keep_alive": true, "reuse_connections": false, "insecure_mode": "true"},
			fakesnowflake.Login{User: "ci", Password: "hunter2"},
		},
		"a second factor": {
			map[string]any{"authenticator": "username_password_mfa"},
			fakesnowflake.Login{User: "ci", Password: "hunter2"},
		},
		"OAuth": {
			map[string]any{"authenticator": "oauth", "token": "hunter-token", "password": nil},
			fakesnowflake.Login{User: "ci", Authenticator: "OAUTH", Token: "hunter-token"},
		},
		"OAuth without a user": {
			map[string]any{"authenticator": "oauth", "token": "hunter-token", "user": nil},
			fakesnowflake.Login{Authenticator: "OAUTH", Token: "hunter-token"},
		},
		"OAuth, a client ID without a secret": {
			map[string]any{"authenticator": "oauth", "token": "hunter-token", "oauth_client_id": "client-id"},
			fakesnowflake.Login{User: "ci", Authenticator: "OAUTH", Token: "hunter-token"},
		},
		"jwt": {
			map[string]any{
				"authenticator": "jwt", "token": "hunter-token", "oauth_client_id": "a", "oauth_client_secret": "b",
			},
			fakesnowflake.Login{User: "ci", Authenticator: "OAUTH", Token: "hunter-token"},
		},
		"programmatic token": {
			map[string]any{"authenticator": "programmatic_access_token", "token": "hunter-token"},
			fakesnowflake.Login{User: "ci", Authenticator: "PROGRAMMATIC_ACCESS_TOKEN", Token: "hunter-token"},
		},
		"workload, with OIDC": {
			map[string]any{
				"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "oidc",
				"token": fakesnowflake.Identity("repo"),
			},
			fakesnowflake.Login{Authenticator: "WORKLOAD_IDENTITY", Provider: "OIDC", Token: fakesnowflake.Identity("repo")},
		},
		"OAuth, refresh token": {map[string]any{
			"authenticator": "oauth", "token": fakesnowflake.RefreshToken,
			"oauth_client_id": fakesnowflake.OAuthClient, "oauth_client_secret": fakesnowflake.OAuthSecret,
		}, fakesnowflake.Login{User: "ci", Authenticator: "OAUTH", Token: fakesnowflake.AccessToken}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			fake.Answer("information_schema", noTable)
			store := open(t, fakeOptions(fake, tc.change))
			if _, err := store.Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
				t.Fatalf("error %v; want ErrNoTable", err)
			}
			if diff := gocmp.Diff([]fakesnowflake.Login{plainLogin(tc.want)}, fake.Logins()); diff != "" {
				t.Errorf("logins (-want +got):\n%s", diff)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
			if begun, ended := fake.Sessions(); begun != 1 || ended != 1 {
				t.Errorf("%d sessions begun, %d ended; want one", begun, ended)
			}
		})
	}
}

// The driver reads what AWS and Azure provide about a machine from the environment.
func TestAWorkloadLogsInByItsCloud(t *testing.T) {
	fake := fakesnowflake.New(t)
	fake.Answer("information_schema", noTable)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hunter-key",
		"AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true",
		"IDENTITY_ENDPOINT": fake.IdentityEndpoint(), "IDENTITY_HEADER": "header",
	} {
		t.Setenv(name, value)
	}
	for _, change := range []map[string]any{
		{"workload_identity_provider": "aws"},
		{"workload_identity_provider": "AZURE", "workload_identity_entra_resource": "api://ours"},
	} {
		change["authenticator"], change["user"], change["password"] = "workload_identity", nil, nil
		if _, err := open(t, fakeOptions(fake, change)).Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
			t.Fatalf("%v: error %v; want ErrNoTable", change, err)
		}
	}
	logins := fake.Logins()
	if logins[0].Provider != "AWS" || logins[1].Provider != "AZURE" ||
		logins[1].Token != fakesnowflake.Identity("api://ours") {
		t.Errorf("logins %+v", logins)
	}
	attestation, err := base64.StdEncoding.DecodeString(logins[0].Token)
	if want := "https://sts.eu-central-1.amazonaws.com?Action=GetCallerIdentity"; err != nil ||
		!strings.Contains(string(attestation), want) {
		t.Errorf("what AWS signed: %s, error %v; want %s", attestation, err, want)
	}
}

// The proxy receives the address, so no name is resolved and nothing leaves this machine.
func TestAnAccountIsReachedAtItsOwnAddress(t *testing.T) {
	t.Parallel()
	for account, want := range map[string]struct{ name, host string }{
		"acme-shop":                     {"acme-shop", "acme-shop.snowflakecomputing.com"},
		"acme_shop":                     {"acme-shop", "acme-shop.snowflakecomputing.com"},
		"xy12345.eu-central-1":          {"xy12345", "xy12345.eu-central-1.snowflakecomputing.com"},
		"xy12345.us-west-2":             {"xy12345", "xy12345.snowflakecomputing.com"},
		"xy12345.cn-north-1":            {"xy12345", "xy12345.cn-north-1.snowflakecomputing.cn"},
		"xy12345.eu-west-1.privatelink": {"xy12345", "xy12345.eu-west-1.privatelink.snowflakecomputing.com"},
		"my-acme-abc123.global":         {"my-acme", "my-acme-abc123.global.snowflakecomputing.com"},
	} {
		t.Run(account, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			fake.Answer("information_schema", noTable)
			o := fakeOptions(fake, map[string]any{
				"account": account, "host": nil, "port": nil,
				"proxy_host": fake.Settings()["host"], "proxy_port": fake.Settings()["port"],
				"proxy_user": "ci", "proxy_password": "hunter3",
				"authenticator": "oauth", "token": fakesnowflake.RefreshToken,
				"oauth_client_id": fakesnowflake.OAuthClient, "oauth_client_secret": fakesnowflake.OAuthSecret,
			})
			if _, err := open(t, o).Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
				t.Fatalf("error %v; want ErrNoTable", err)
			}
			login := plainLogin(fakesnowflake.Login{User: "ci", Authenticator: "OAUTH", Token: fakesnowflake.AccessToken})
			login.Account, login.Host = want.name, want.host+":443"
			login.Proxy = "Basic " + base64.StdEncoding.EncodeToString([]byte("ci:hunter3"))
			if diff := gocmp.Diff([]fakesnowflake.Login{login}, fake.Logins()); diff != "" {
				t.Errorf("logins (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSnowflakeSettingsAreCheckedBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	key, errKey := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, errDER := x509.MarshalPKCS8PrivateKey(key)
	locked, errLocked := pkcs8.MarshalPrivateKey(key, []byte("secret"), nil)
	if err := errors.Join(errKey, errDER, errLocked); err != nil {
		t.Fatal(err)
	}
	lockedText := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: locked}))
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"no account": {map[string]any{"account": nil}, "account: none in the profile"},
		"no user": {
			map[string]any{"user": nil}, "user: none in the profile; authenticator snowflake needs it",
		},
		"no password": {
			map[string]any{"password": nil}, "password: none in the profile; authenticator snowflake needs it",
		},
		"no token": {
			map[string]any{"authenticator": "oauth"}, "token: none in the profile; authenticator oauth needs it",
		},
		"no key": {
			map[string]any{"authenticator": "snowflake_jwt"},
			"private_key: none in the profile; authenticator snowflake_jwt needs it",
		},
		"a browser on a runner": {
			map[string]any{"authenticator": "externalbrowser"},
			"externalbrowser needs a person at a browser, and a runner has none; use private_key, " +
				"programmatic_access_token, oauth or workload_identity",
		},
		"unknown authenticator": {
			map[string]any{"authenticator": "kerberos"},
			`authenticator: unknown value "kerberos"; expected one of externalbrowser, https://…, jwt, oauth, ` +
				`programmatic_access_token, snowflake, snowflake_jwt, username_password_mfa, workload_identity; see`,
		},
		"okta by name": {map[string]any{"authenticator": "okta"}, `authenticator: unknown value "okta"`},
		"two keys": {
			map[string]any{"private_key": "a", "private_key_path": "b"},
			"private_key and private_key_path: both in the profile",
		},
		"a missing key file": {
			map[string]any{"private_key_path": "/no/key.p8"}, "private_key_path: open /no/key.p8: no such file",
		},
		"an invalid key": {map[string]any{"private_key": "hunter%"}, "private_key: it is neither PEM nor base64"},
		"a key that is cut off": {
			map[string]any{"private_key": base64.StdEncoding.EncodeToString(der[:20])},
			"private_key: the key cannot be read",
		},
		"a key of another kind": {
			map[string]any{"private_key": base64.StdEncoding.EncodeToString(der)},
			"private_key: the key is not an RSA key",
		},
		"no passphrase": {
			map[string]any{"private_key": lockedText},
			"private_key: the key is encrypted; set private_key_passphrase",
		},
		"another passphrase": {
			map[string]any{"private_key": lockedText, "private_key_passphrase": "hunter3"},
			"private_key_passphrase is not its own",
		},
		"unknown cloud": {
			map[string]any{"authenticator": "workload_identity", "workload_identity_provider": "ovh"},
			`workload_identity_provider: unknown value "OVH"; expected one of AWS, AZURE, GCP, OIDC`,
		},
		"no cloud": {
			map[string]any{"authenticator": "workload_identity"}, "workload_identity_provider: none in the profile",
		},
		"OIDC without a token": {
			map[string]any{"authenticator": "workload_identity", "workload_identity_provider": "OIDC"},
			"token: none in the profile",
		},
		"Azure's setting for AWS": {
			map[string]any{
				"authenticator": "workload_identity", "workload_identity_provider": "AWS",
				"workload_identity_entra_resource": "x",
			},
			"workload_identity_entra_resource: only for workload_identity_provider AZURE",
		},
		"bad port":            {map[string]any{"port": "many"}, `port: "many" is not a number`},
		"bad port of a proxy": {map[string]any{"proxy_port": -1}, `proxy_port: "-1" is not a number`},
		"bad number of tries": {map[string]any{"connect_retries": "few"}, `connect_retries: "few" is not a number`},
		"bad pause": {
			map[string]any{"connect_timeout": "soon"}, `connect_timeout: "soon" is not a number of seconds`,
		},
		"bad flag":             {map[string]any{"insecure_mode": "sure"}, `insecure_mode: unknown value "sure"`},
		"bad flag of retrying": {map[string]any{"retry_all": "sure"}, `retry_all: unknown value "sure"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := warehouse.Open(t.Context(), fakeOptions(fakesnowflake.New(t), tc.change))
			if err == nil || !strings.Contains(err.Error(), tc.want) ||
				!strings.Contains(err.Error(), "snowflake connection: ") {
				t.Fatalf("error %v; want %q in it", err, tc.want)
			}
			withoutSecret(t, err)
		})
	}
}

// withoutSecret checks that an error contains none of these tests' secrets, however it is
// printed.
func withoutSecret(t *testing.T, err error) {
	t.Helper()
	for _, secret := range append(secrets, fakesnowflake.RefreshToken, fakesnowflake.OAuthSecret) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)), secret) {
			t.Errorf("%q in the error %v", secret, err)
		}
	}
}
