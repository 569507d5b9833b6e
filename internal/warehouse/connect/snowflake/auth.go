package snowflake

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	driver "github.com/snowflakedb/gosnowflake"
	"github.com/youmark/pkcs8"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// okta stands for an Okta address, which a profile has instead of an authenticator's
// name.
const okta = "https://…"

// authenticators are those that both dbt-snowflake and the driver support, by their names
// in a profile, with their required settings.
var authenticators = map[string]struct {
	kind  driver.AuthType
	needs []string
}{
	"snowflake":                 {driver.AuthTypeSnowflake, []string{"user", "password"}},
	"snowflake_jwt":             {driver.AuthTypeJwt, []string{"user", "private_key"}},
	"username_password_mfa":     {driver.AuthTypeUsernamePasswordMFA, []string{"user", "password"}},
	"oauth":                     {driver.AuthTypeOAuth, []string{"token"}},
	"jwt":                       {driver.AuthTypeOAuth, []string{"token"}},
	"programmatic_access_token": {driver.AuthTypePat, []string{"token"}},
	"workload_identity":         {driver.AuthTypeWorkloadIdentityFederation, []string{"workload_identity_provider"}},
	"externalbrowser":           {driver.AuthTypeExternalBrowser, []string{"user"}},
	okta:                        {driver.AuthTypeOkta, []string{"user", "password"}},
}

// authenticate chooses the login method as dbt does: a private key takes precedence over
// the authenticator, and an authenticator that is an address is Okta's.
func authenticate(config *driver.Config, o connect.Options) error {
	s := o.Settings
	given := s.Text("authenticator")
	name := strings.ToLower(given)
	switch {
	case cmp.Or(s.Text("private_key"), s.Text("private_key_path")) != "":
		name = "snowflake_jwt"
	case name == "":
		name = "snowflake"
	case strings.HasPrefix(name, "https://"):
		name = okta
	}
	method, ok := authenticators[name]
	switch {
	case !ok:
		return fmt.Errorf("authenticator: unknown value %q; expected one of %s; see "+docs.Warehouses,
			given, strings.Join(slices.Sorted(maps.Keys(authenticators)), ", "))
	case name == "externalbrowser" && o.Unattended:
		return errors.New("authenticator: externalbrowser needs a person at a browser, and a runner has none; " +
			"use private_key, programmatic_access_token, oauth or workload_identity; see " + docs.Warehouses)
	}
	for _, setting := range method.needs {
		if cmp.Or(s.Text(setting), s.Text(setting+"_path")) == "" {
			return fmt.Errorf("%s: none in the profile; authenticator %s needs it; see "+docs.Warehouses, setting, name)
		}
	}
	config.Authenticator = method.kind
	switch name {
	case "snowflake_jwt":
		return keyPair(config, s)
	case okta:
		return oktaAt(config, given)
	case "workload_identity":
		return workload(config, s)
	}
	return nil
}

func oktaAt(config *driver.Config, address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return errors.New("authenticator: the address of Okta cannot be read; " +
			"expected one such as https://example.okta.com; see " + docs.Warehouses)
	}
	config.OktaURL, config.DisableSamlURLCheck = parsed, driver.ConfigBoolFalse
	return nil
}

func workload(config *driver.Config, s connect.Settings) error {
	providers := []string{"AWS", "AZURE", "GCP", "OIDC"}
	provider := strings.ToUpper(s.Text("workload_identity_provider"))
	resource := s.Text("workload_identity_entra_resource")
	switch {
	case !slices.Contains(providers, provider):
		return fmt.Errorf("workload_identity_provider: unknown value %q; expected one of %s; see "+docs.Warehouses,
			provider, strings.Join(providers, ", "))
	case provider == "OIDC" && config.Token == "":
		return errors.New("token: none in the profile; " +
			"set it to the identity's token for workload_identity_provider OIDC; see " + docs.Warehouses)
	case provider != "AZURE" && resource != "":
		return errors.New("workload_identity_entra_resource: " +
			"only for workload_identity_provider AZURE; remove it; see " + docs.Warehouses)
	}
	config.WorkloadIdentityProvider, config.WorkloadIdentityEntraResource = provider, resource
	return nil
}

// keyPair reads the private key: PEM, from a file or the profile, or DER in base64. Its
// errors contain no part of the key.
func keyPair(config *driver.Config, s connect.Settings) error {
	setting, content := "private_key", s.Text("private_key")
	switch file := s.Path("private_key_path"); {
	case file != "" && content != "":
		return errors.New("private_key and private_key_path: both in the profile; " +
			"set one of them; see " + docs.Warehouses)
	case file != "":
		read, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("private_key_path: %w", err)
		}
		setting, content = "private_key_path", string(read)
	}
	key, err := parseKey(content, s.Text("private_key_passphrase"))
	if err != nil {
		return fmt.Errorf("%s: %w; see "+docs.Warehouses, setting, err)
	}
	config.PrivateKey = key
	return nil
}

func parseKey(content, passphrase string) (*rsa.PrivateKey, error) {
	der, kind, err := decodeKey(content)
	if err != nil {
		return nil, err
	}
	if kind == "ENCRYPTED PRIVATE KEY" && passphrase == "" {
		return nil, errors.New("the key is encrypted; set private_key_passphrase")
	}
	parsed, err := parseDER(der, passphrase)
	if err != nil {
		return nil, errors.New("the key cannot be read, or private_key_passphrase is not its own; " +
			"use PKCS#8 as openssl pkcs8 -topk8 -v2 aes256 writes it")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not an RSA key; Snowflake supports no other kind")
	}
	return key, nil
}

// decodeKey returns the DER and its type in PEM, or "" if it was not in PEM.
func decodeKey(content string) (der []byte, kind string, err error) {
	if block, _ := pem.Decode([]byte(content)); block != nil {
		return block.Bytes, block.Type, nil
	}
	der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(content), ""))
	if err != nil {
		return nil, "", errors.New("it is neither PEM nor base64; use the complete key, with the line breaks of PEM")
	}
	return der, "", nil
}

// parseDER uses the passphrase only if the key is encrypted.
func parseDER(der []byte, passphrase string) (any, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return pkcs8.ParsePKCS8PrivateKey(der, []byte(passphrase))
}
