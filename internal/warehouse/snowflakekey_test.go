package warehouse_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/youmark/pkcs8"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestAKeyPairLogsInHoweverTheKeyIsWritten(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, errDER := x509.MarshalPKCS8PrivateKey(key)
	locked, errLocked := pkcs8.MarshalPrivateKey(key, []byte("hunter 2"), nil)
	if err := errors.Join(errDER, errLocked); err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"key.p8": text("PRIVATE KEY",
		der), "locked.p8": text("ENCRYPTED PRIVATE KEY", locked)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string]map[string]any{
		"PEM":           {"private_key": text("PRIVATE KEY", der)},
		"PEM of PKCS#1": {"private_key": text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))},
		"PEM with a passphrase": {
			"private_key": text("ENCRYPTED PRIVATE KEY", locked), "private_key_passphrase": "hunter 2",
		},
		"base64": {"private_key": base64.StdEncoding.EncodeToString(der)},
		"base64 with line breaks": {
			"private_key": strings.ReplaceAll(base64.StdEncoding.EncodeToString(der), "A", "A\n"), "password": nil,
		},
		"base64 with a passphrase": {
			"private_key": base64.StdEncoding.EncodeToString(locked), "private_key_passphrase": "hunter 2",
		},
		"a file":                     {"private_key_path": filepath.Join(dir, "key.p8")},
		"a relative path":            {"private_key_path": "key.p8"},
		"a file with a passphrase":   {"private_key_path": "locked.p8", "private_key_passphrase": "hunter 2"},
		"an unused passphrase":       {"private_key_path": "key.p8", "private_key_passphrase": "hunter 2"},
		"a file and an empty key":    {"private_key_path": "key.p8", "private_key": ""},
		"a key and an authenticator": {"private_key_path": "key.p8", "authenticator": "externalbrowser"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			fake.Answer("information_schema", noTable)
			o := fakeOptions(fake, change)
			o.Target.Dir = dir
			if _, err := open(t, o).Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
				t.Fatalf("error %v; want ErrNoTable", err)
			}
			logins := fake.Logins()
			if len(logins) != 1 {
				t.Fatalf("%d logins; want one", len(logins))
			}
			checkJWT(t, &key.PublicKey, logins[0].Token)
			if diff := gocmp.Diff(plainLogin(fakesnowflake.Login{
				Authenticator: "SNOWFLAKE_JWT",
				Token:         logins[0].Token,
			}), logins[0]); diff != "" {
				t.Errorf("login (-want +got):\n%s", diff)
			}
		})
	}
}

// checkJWT checks a token against Snowflake's rules:
// https://docs.snowflake.com/en/developer-guide/sql-api/authenticating
func checkJWT(t *testing.T, key *rsa.PublicKey, token string) {
	t.Helper()
	signed, signature, _ := cutLast(token, ".")
	digest, bytes := sha256.Sum256([]byte(signed)), decodePart(t, signature)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], bytes); err != nil {
		t.Errorf("signature of %q: %v", token, err)
	}
	_, claims, _ := cutLast(signed, ".")
	var said struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(decodePart(t, claims), &said); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	print := sha256.Sum256(der)
	if want := "ACME-SHOP.CI.SHA256:" + base64.StdEncoding.EncodeToString(print[:]); said.Issuer != want ||
		said.Subject != "ACME-SHOP.CI" {
		t.Errorf("claims %+v; want the issuer %s", said, want)
	}
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

func decodePart(t *testing.T, part string) []byte {
	t.Helper()
	content, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
