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

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Snowflake's own codes. It publishes no list of them: they are what its drivers,
// its documentation and other people's issues know.
const (
	lockWaiters  = 625
	objectExists = 2002 // somebody else has just made it
)

var (
	// denied is what Snowflake says of what is not there and of what a role may not
	// know of.
	denied = []int{
		2003, // object does not exist or not authorized
		2043, // the same, of other kinds of objects
		3001, // insufficient privileges
	}

	// passing needs no more than another session, or the end of another's
	// statement: dbt may run for longer than a session lasts.
	passing = []int{
		lockWaiters,
		390111,                 // the session is gone
		390112,                 // the session's token has expired
		390113, 390114, 390115, // the token that renews it is missing, expired, invalid
	}
)

// advices says what is to be done, by code or, where one meaning has many
// codes or none that is known, by words of the message.
var advices = []struct {
	codes  []int
	words  string
	advice string
}{
	{
		[]int{390100}, "",
		"user and password as Snowflake has them, or private_key: a user with MFA has no login by password alone",
	},
	{
		nil, "temporarily locked",
		"to wait a quarter of an hour, or an administrator's alter user … set mins_to_unlock = 0",
	},
	{nil, "access disabled", "an administrator's alter user … set disabled = false"},
	{
		[]int{390144, 394300, 394301, 394302, 394303, 394304, 394305, 394306}, "",
		"the private key whose public half is the user's rsa_public_key, the user's login name, and a clock that is right",
	},
	{[]int{390186, 390189}, "", "a role in the profile that is granted to the user"},
	{[]int{390317}, "", "a role in the profile that the token is good for"},
	{
		[]int{390303}, "",
		"an access token as token, or with oauth_client_id and oauth_client_secret a refresh token",
	},
	{[]int{390309}, "", "the user that the token was made for"},
	{[]int{390318}, "", "a new token: this one has run out"},
	{[]int{394400}, "", "a programmatic access token that is the user's own and has not run out"},
	{
		[]int{390432}, "network policy is required",
		"a network policy for the user, without which Snowflake takes no programmatic access token",
	},
	{
		nil, "is not allowed to access snowflake",
		"the runner's address in the network policy, or a runner with an address that is in it",
	},
	{
		[]int{394507, 394508, 394633}, "",
		"private_key, programmatic_access_token, oauth or workload_identity: nobody confirms a second factor on a runner",
	},
	{[]int{390139}, "", "an authenticator that the account allows"},
	{
		[]int{driver.ErrFailedToAuth, driver.ErrCodeFailedToConnect}, "",
		"account as the address of Snowflake has it before .snowflakecomputing.com",
	},
	{[]int{606}, "", "warehouse in the profile, and usage on it granted to the role"},
	{nil, "has exceeded its quota", "a resource monitor with credits left, or another warehouse in the profile"},
	{nil, "cannot be resumed", "alter warehouse … resume, or auto_resume = true for it"},
	{[]int{666}, "", "an account that is not suspended"},
	{[]int{630}, "", "statement_timeout_in_seconds above what a count takes, for the user or the warehouse"},
	{
		[]int{lockWaiters}, "",
		"fewer statements at once that update or delete rows of this table: dbt-tally only inserts",
	},
	{[]int{90105, 90106}, "", "database and schema in the profile, and usage on them granted to the role"},
}

// hint is "; want …" with what is to be done, or nothing.
func hint(refused *driver.SnowflakeError) string {
	message := strings.ToLower(refused.Message)
	for _, known := range advices {
		if slices.Contains(known.codes, refused.Number) || known.words != "" && strings.Contains(message, known.words) {
			return "; want " + known.advice + "; see docs/warehouses.md"
		}
	}
	return ""
}

// explainLogin says where a login failed and why, in a line, and wraps nothing:
// what the driver carries along may hold a secret.
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
		return "; want a refresh token that has not run out, and the id and secret of its client; see docs/warehouses.md"
	case errors.As(err, &unknownHost):
		return "; want account as the address of Snowflake has it before .snowflakecomputing.com; see docs/warehouses.md"
	case errors.As(err, &unknownAuthority):
		return "; want the authority of a proxy in between among the system's certificates; see docs/warehouses.md"
	case errors.Is(err, context.DeadlineExceeded):
		return "; want a network that lets this machine reach Snowflake, or proxy_host; see docs/warehouses.md"
	default:
		return ""
	}
}

// failure says what an error of the driver means.
func failure(err error) connect.Failure {
	err = plainly(err)
	f := connect.Failure{Err: err}
	var refused *driver.SnowflakeError
	if !errors.As(err, &refused) {
		return f
	}
	f.Raced = refused.Number == objectExists
	f.Passes = slices.Contains(passing, refused.Number)
	if slices.Contains(denied, refused.Number) {
		f.Denied = connect.Object
	} else if fix := hint(refused); fix != "" {
		f.Err = fmt.Errorf("%w%s", err, fix)
	}
	return f
}

// plainly drops the identifiers of requests from an error, and its line breaks.
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
