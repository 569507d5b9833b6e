package snowflake

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	driver "github.com/snowflakedb/gosnowflake"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Snowflake's codes. There is no public list: these come from its drivers, its
// documentation and public issues.
const (
	lockWaiters  = 625
	objectExists = 2002 // another session has just created it
)

var (
	// denied are the codes for objects that do not exist or that the role may not see.
	denied = []int{
		2003, // object does not exist or not authorized
		2043, // the same, of other kinds of objects
		3001, // insufficient privileges
	}

	// passing are the codes that need only a new session, or the end of another session's
	// statement. dbt may run for longer than a session lasts.
	passing = []int{
		lockWaiters,
		390111,                 // the session is gone
		390112,                 // the session's token has expired
		390113, 390114, 390115, // the token that renews it is missing, expired, invalid
	}
)

// advices are the fixes by code or, for a meaning that has many codes or no known one, by
// words in the message.
var advices = []struct {
	codes  []int
	words  string
	advice string
}{
	{
		[]int{390100},
		"",
		"check user and password, or use private_key: a user with MFA cannot log in by password alone",
	},
	{
		nil, "temporarily locked",
		"wait a quarter of an hour, or have an administrator run alter user … set mins_to_unlock = 0",
	},
	{nil, "access disabled", "have an administrator run alter user … set disabled = false"},
	{
		[]int{390144, 394300, 394301, 394302, 394303, 394304, 394305, 394306},
		"",
		"use the private key that belongs to the user's rsa_public_key, the user's login name, and a correct clock",
	},
	{[]int{390186, 390189}, "", "set role to one that is granted to the user"},
	{[]int{390317}, "", "set role to one that the token is for"},
	{
		[]int{390303},
		"",
		"set token to an access token or, with oauth_client_id and oauth_client_secret, to a refresh token",
	},
	{[]int{390309}, "", "set user to the one that the token was made for"},
	{[]int{390318}, "", "create a new token: this one has expired"},
	{[]int{394400}, "", "use a programmatic access token of this user that has not expired"},
	{
		[]int{390432},
		"network policy is required",
		"give the user a network policy: without one Snowflake accepts no programmatic access token",
	},
	{
		nil, "is not allowed to access snowflake",
		"add the runner's address to the network policy, or use a runner whose address is in it",
	},
	{
		[]int{394507, 394508, 394633},
		"",
		"use private_key, programmatic_access_token, oauth or workload_identity: a runner cannot confirm a second factor",
	},
	{[]int{390139}, "", "use an authenticator that the account allows"},
	{
		[]int{driver.ErrFailedToAuth, driver.ErrCodeFailedToConnect},
		"",
		"set account to what Snowflake's address has before .snowflakecomputing.com",
	},
	{[]int{606}, "", "set warehouse in the profile, and grant usage on it to the role"},
	{nil, "has exceeded its quota", "raise the quota of the resource monitor, or set another warehouse in the profile"},
	{nil, "cannot be resumed", "run alter warehouse … resume, or set auto_resume = true for it"},
	{[]int{666}, "", "have the account's suspension lifted"},
	{[]int{630}, "", "raise statement_timeout_in_seconds of the user or the warehouse above what a count takes"},
	{
		[]int{lockWaiters},
		"",
		"run fewer statements at once that update or delete rows of this table: dbt-tally only inserts",
	},
	{[]int{90105, 90106}, "", "set database and schema in the profile, and grant usage on them to the role"},
}

// hint returns "; " and the fix, or "".
func hint(refused *driver.SnowflakeError) string {
	message := strings.ToLower(refused.Message)
	for _, known := range advices {
		if slices.Contains(known.codes, refused.Number) || known.words != "" && strings.Contains(message, known.words) {
			return "; " + known.advice + "; see " + docs.Warehouses
		}
	}
	return ""
}

// explainLogin states in one line where a login failed and why. It wraps nothing, because
// the driver's error may contain a secret.
func explainLogin(config driver.Config, redact func(string) string, err error) error {
	where := config.Host
	if config.Port != 443 {
		where = net.JoinHostPort(where, fmt.Sprint(config.Port))
	}
	err = plainly(err)
	return fmt.Errorf("connect to snowflake at %s: %s%s", where, redact(oneLine(err.Error())), loginHint(err))
}

func loginHint(err error) string {
	var refused *driver.SnowflakeError
	var unknownHost *net.DNSError
	var unknownAuthority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &refused):
		return hint(refused)
	case errors.Is(err, errRefresh):
		return "; use a refresh token that has not expired, with the id and secret of its client; see " + docs.Warehouses
	case errors.As(err, &unknownHost):
		return "; set account to what Snowflake's address has before .snowflakecomputing.com; see " + docs.Warehouses
	case errors.As(err, &unknownAuthority):
		return "; add the certificate authority of the proxy in between to the system's; see " + docs.Warehouses
	case errors.Is(err, context.DeadlineExceeded):
		return "; use a network from which Snowflake can be reached, or set proxy_host; see " + docs.Warehouses
	default:
		return ""
	}
}

// failure classifies an error of the driver.
func failure(err error) connect.Failure {
	err = plainly(err)
	f := connect.Failure{Err: err}
	var refused *driver.SnowflakeError
	if !errors.As(err, &refused) {
		return f
	}
	f.Raced = refused.Number == objectExists
	f.Passes, f.Locked = slices.Contains(passing, refused.Number), refused.Number == lockWaiters
	if slices.Contains(denied, refused.Number) {
		f.Denied = connect.Object
	} else if fix := hint(refused); fix != "" {
		f.Err = fmt.Errorf("%w%s", err, fix)
	} else {
		f.Unexplained = !f.Passes
	}
	return f
}

// plainly removes request identifiers and line breaks from an error.
func plainly(err error) error {
	var refused *driver.SnowflakeError
	var request *url.Error
	switch {
	case errors.As(err, &refused):
		plain := *refused
		plain.MessageArgs = slices.Clone(refused.MessageArgs)
		for i, arg := range plain.MessageArgs {
			if address, ok := arg.(*url.URL); ok {
				plain.MessageArgs[i] = address.Host + address.Path
			}
		}
		plain.Message = oneLine(plain.Message)
		return &plain
	case errors.As(err, &request):
		return request.Err
	}
	return err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
