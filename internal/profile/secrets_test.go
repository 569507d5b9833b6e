package profile

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecretsAreFoundByKeyTextAndEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "profiles.yml"), `
shop:
  outputs:
    default:
      type: snowflake
      user: alice
      password: pw-1
      pass: pw-two
      PWD: pw-three
      token: 123456
      short_token: ab
      empty_password: ""
      null_password:
      flag_password: true
      private_key_path: /keys/private.p8
      private_key_passphrase: phrase
      oauth_client_id: client
      oauth_client_secret: client-secret
      proxy_password: proxy-word
      token_uri: https://example.com/token
      private_key: |
        -----BEGIN PRIVATE KEY-----
        TUlJRXZRSUJB
        REFOQmdrcWg=
        -----END PRIVATE KEY-----
      path: "md:shop?motherduck_token=md.token&x=1"
      dsn: "user:{{ env_var('DBT_ENV_SECRET_DSN') }}@host"
      host: "{{ env_var('HOST') }}"
      secrets:
        - {type: s3, region: eu-west-1, key_id: AKIA, secret: s3-secret}
      keyfile_json: {project_id: shop, private_key: nested-key}
    prod:
      type: postgres
      password: not-chosen
`)
	c, err := Resolve(Options{
		WorkDir: dir,
		LookupEnv: mapEnv(map[string]string{
			"DBT_ENV_SECRET_DSN": "dsn-secret", "HOST": "db.example.com", "DBT_ENV_SECRET_UNUSED": "unused",
		}),
	}, Project{ProfileName: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJB\nREFOQmdrcWg=\n-----END PRIVATE KEY-----",
		"client-secret", "REFOQmdrcWg=", "TUlJRXZRSUJB", "dsn-secret", "nested-key", "proxy-word", "s3-secret",
		"md.token", "pw-three", "123456", "phrase", "pw-two", "pw-1",
	}
	if diff := cmp.Diff(want, c.Secrets); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
