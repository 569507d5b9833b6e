package stories

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
)

// refusing starts a Snowflake that refuses every login, at SNOWFLAKE_HOST and
// SNOWFLAKE_PORT, and sets SNOWFLAKE_KEY to a private key.
func (s stories) refusing(ts *testscript.TestScript, _ bool, _ []string) {
	fake := fakesnowflake.New(s.story(ts))
	refusal := fakesnowflake.Refusal{Code: 390100, Message: "Incorrect username or password was specified."}
	fake.RefuseLogin(slices.Repeat([]fakesnowflake.Refusal{refusal}, 10)...)
	for name, value := range fake.Settings() {
		ts.Setenv("SNOWFLAKE_"+strings.ToUpper(name), fmt.Sprint(value))
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Setenv("SNOWFLAKE_KEY", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}
