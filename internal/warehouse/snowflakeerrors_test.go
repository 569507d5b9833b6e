package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestTheErrorOfARefusedSnowflakeLoginHasTheFix(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		code    int
		message string
		want    string
	}{
		"wrong password": {
			390100, "Incorrect username or password was specified.",
			"390100 (08004): Incorrect username or password was specified.; check user and password, or use private_key",
		},
		"a secret repeated": {390100, "The password hunter2 is wrong.", "The password *** is wrong."},
		"locked": {
			390102, "Your user account has been temporarily locked due to too many failed attempts.",
			"wait a quarter of an hour",
		},
		"disabled": {
			390101, "User access disabled. Contact your local system administrator.", "set disabled = false",
		},
		"key pair": {
			390144, "JWT token is invalid. [6f4b]", "use the private key that belongs to the user's rsa_public_key",
		},
		"role not granted": {
			390186, "Role 'CI' specified in the connect string is not granted to this user.",
			"set role to one that is granted to the user",
		},
		"no such role": {
			390189, "Role 'CI' specified in the connect string does not exist or not authorized.", "set role to one",
		},
		"role and token": {
			390317, "The role requested in the connection is not listed in the Access Token.",
			"set role to one that the token is for",
		},
		"invalid token": {390303, "Invalid OAuth access token. [6f4b]", "set token to an access token"},
		"another's token": {
			390309, "The user you were trying to authenticate as differs from the user tied to the access token.",
			"set user to the one that the token was made for",
		},
		"expired token": {
			390318, "OAuth access token expired. [6f4b]",
			"390318 (08004): OAuth access token expired. [6f4b]; create a new token: this one has expired; see ",
		},
		"programmatic": {
			394400, "Programmatic access token is invalid.", "use a programmatic access token of this user",
		},
		"no policy": {390432, "Network policy is required.", "give the user a network policy"},
		"network policy": {
			390422, "Incoming request with IP/Token 192.0.2.1 is not allowed to access Snowflake.",
			"add the runner's address to the network policy",
		},
		"second factor": {
			394508, "Failed to authenticate: MFA with TOTP is required.",
			"a runner cannot confirm a second factor",
		},
		"no such method": {
			390139, "The specified authenticator is not accepted.", "use an authenticator that the account allows",
		},
		"never seen before": {390999, "Something\nnew.", "390999 (08004): Something new."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			refusal := fakesnowflake.Refusal{Code: tc.code, Message: tc.message}
			fake.RefuseLogin(refusal, refusal) // the driver itself retries a refused OAuth token
			_, err := open(t, fakeOptions(fake, nil)).Prepare(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) ||
				!strings.Contains(err.Error(), "connect to snowflake at 127.0.0.1:") {
				t.Fatalf("error %v; want %q in it", err, tc.want)
			}
			withoutSecret(t, err)
		})
	}
}

func TestTheErrorOfAFailedSnowflakeConnectionHasTheReason(t *testing.T) {
	t.Parallel()
	oauth := map[string]any{
		"authenticator": "oauth", "token": fakesnowflake.RefreshToken,
		"oauth_client_id": fakesnowflake.OAuthClient, "oauth_client_secret": "hunter-secret",
	}
	for name, tc := range map[string]struct {
		change map[string]any
		status int
		want   string
	}{
		"no server": {
			map[string]any{"port": 1},
			0,
			"connect to snowflake at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused",
		},
		"unknown host": {
			map[string]any{"host": "no-such-host.invalid"},
			0,
			"set account to what Snowflake's address has before .snowflakecomputing.com",
		},
		"wrong account":   {nil, 403, "verify account name is correct. HTTP: 403, URL: 127.0.0.1"},
		"no such address": {nil, 404, "HTTP: 404"},
		"refresh token refused": {
			oauth, 0,
			"no access token was returned for the refresh token: Invalid refresh token. (invalid_grant); use a refresh token that " +
				"has not expired, with the id and secret of its client",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			if tc.status != 0 {
				fake.Fail("/session/v1/login-request", tc.status)
			}
			_, err := open(t, fakeOptions(fake, tc.change)).Prepare(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "requestId") {
				t.Fatalf("error %v; want %q in it, and no identifier of a request", err, tc.want)
			}
			withoutSecret(t, err)
		})
	}
}

func TestASnowflakeOfAnUnknownAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	fake, _ := fakesnowflake.NewTLS(t)
	_, err := open(t, fakeOptions(fake, map[string]any{"insecure_mode": true})).Prepare(t.Context())
	if want := "add the certificate authority of the proxy in between to the system's"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want %q in it", err, want)
	}
}

func TestALoginIsRetriedAsInTheProfile(t *testing.T) {
	t.Parallel()
	refused := fakesnowflake.Refusal{Code: 390100, Message: "Incorrect username or password was specified."}
	oauth := map[string]any{
		"authenticator": "oauth", "token": fakesnowflake.RefreshToken,
		"oauth_client_id": fakesnowflake.OAuthClient, "oauth_client_secret": fakesnowflake.OAuthSecret,
	}
	for name, tc := range map[string]struct {
		change   map[string]any
		statuses map[string][]int
		refusals []fakesnowflake.Refusal
		logins   int
		works    bool
	}{
		"a gateway's error, once": {nil, map[string][]int{"/session/v1/login-request": {503}}, nil, 1, true},
		"an error of Snowflake's": {
			map[string]any{"connect_retries": 3, "connect_timeout": 60},
			nil,
			[]fakesnowflake.Refusal{refused},
			1,
			false,
		},
		"an error about a token": {
			map[string]any{"connect_retries": 3, "connect_timeout": 60, "token": "another"}, nil, nil, 0, false,
		},
		"any error, with retry_all": {
			map[string]any{"connect_retries": 2, "retry_all": true, "connect_timeout": 0},
			nil,
			[]fakesnowflake.Refusal{refused, refused},
			3, true,
		},
		"often enough": {
			map[string]any{"connect_retries": 1, "retry_on_database_errors": true, "connect_timeout": 0},
			nil,
			[]fakesnowflake.Refusal{refused, refused},
			2, false,
		},
		"after a pause": {
			map[string]any{"connect_retries": 1, "retry_all": true}, nil, []fakesnowflake.Refusal{refused}, 2, true,
		},
		"a token at a later attempt": {
			map[string]any{"connect_retries": 1, "connect_timeout": 0},
			map[string][]int{"/oauth/token-request": {502}},
			nil, 1, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			fake.Answer("information_schema", noTable)
			fake.RefuseLogin(tc.refusals...)
			for path, statuses := range tc.statuses {
				fake.Fail(path, statuses...)
			}
			change := maps.Clone(oauth)
			maps.Copy(change, tc.change)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := open(t, fakeOptions(fake, change)).Prepare(ctx)
			if works := errors.Is(err, warehouse.ErrNoTable); works != tc.works || len(fake.Logins()) != tc.logins ||
				ctx.Err() != nil {
				t.Errorf("error %v after %d logins, context %v; want %d", err, len(fake.Logins()), ctx.Err(), tc.logins)
			}
		})
	}
}

func TestTheErrorOfARefusedSnowflakeStatementHasTheFix(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		on      string // words of the statement
		refusal fakesnowflake.Refusal
		want    string
	}{
		"no warehouse": {
			"information_schema",
			fakesnowflake.Refusal{
				Code: 606, SQLState: "57P03",
				Message: "No active warehouse selected in the current session.  Select an active warehouse with the 'use " +
					"warehouse' command.",
			},
			"000606 (57P03): No active warehouse selected in the current session. Select an active warehouse with the " +
				"'use warehouse' command.; set warehouse in the profile, and grant usage on it to the role; see ",
		},
		"suspended warehouse": {
			"information_schema",
			fakesnowflake.Refusal{Code: 608, SQLState: "57014", Message: "Warehouse 'WH' cannot be resumed."},
			"run alter warehouse … resume",
		},
		"no credits": {
			"information_schema",
			fakesnowflake.Refusal{
				Code: 90073, SQLState: "22000",
				Message: "Warehouse 'WH' cannot be resumed because resource monitor 'M' has exceeded its quota.",
			},
			"raise the quota of the resource monitor",
		},
		"suspended account": {
			"information_schema",
			fakesnowflake.Refusal{Code: 666, SQLState: "57014", Message: "Your account is suspended."},
			"have the account's suspension lifted",
		},
		"statement timeout": {
			"information_schema",
			fakesnowflake.Refusal{
				Code: 630, SQLState: "57014",
				Message: "Statement reached its statement or warehouse timeout of 1 second(s) and was canceled.",
			},
			"raise statement_timeout_in_seconds",
		},
		"lock waiters": {
			"information_schema",
			fakesnowflake.Refusal{
				Code: 625, SQLState: "57014",
				Message: "Statement '01b4' has locked table 'LOG' in transaction 1715 and this lock has not yet been " +
					"released.\nYour statement '01b5' was aborted because the number of waiters for this lock exceeds the 20 " +
					"statements limit.",
			},
			"run fewer statements at once that update or delete rows of this table",
		},
		"no database": {
			"information_schema",
			fakesnowflake.Refusal{
				Code: 90105, SQLState: "22000",
				Message: "Cannot perform SELECT. This session does not have a current database.",
			},
			"set database and schema in the profile",
		},
		"an invisible database": {
			"information_schema",
			fakesnowflake.Refusal{
				Code: 2003, SQLState: "02000",
				Message: "SQL compilation error:\nDatabase 'SHOP' does not exist or not authorized.",
			},
			`SQL compilation error: Database 'SHOP' does not exist or not authorized.; grant select on table ` +
				`"SHOP"."AUDIT"."LOG" to role CI; see `,
		},
		"no right to the schema": {
			"create schema",
			fakesnowflake.Refusal{
				Code: 3001, SQLState: "42501",
				Message: "SQL access control error:\nInsufficient privileges to operate on database 'SHOP'",
			},
			`grant usage, create schema on database "SHOP" to role CI`,
		},
		"no right to the table": {
			"create table",
			fakesnowflake.Refusal{
				Code: 3001, SQLState: "42501", Message: "Insufficient privileges to operate on schema 'AUDIT'",
			},
			`grant usage, create table on schema "SHOP"."AUDIT" to role CI`,
		},
		"an unknown error": {
			"information_schema",
			fakesnowflake.Refusal{Code: 603, SQLState: "XX000", Message: "Processing aborted\nby error 300010"},
			"000603 (XX000): Processing aborted by error 300010",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakesnowflake.New(t)
			fake.Answer(tc.on, fakesnowflake.Result{Refusal: &tc.refusal})
			fake.Answer("information_schema", withSchema(noTable, tc.on != "create schema"))
			o := fakeOptions(fake, nil)
			o.Access, o.LockWait = warehouse.Write, time.Second
			_, err := open(t, o).Prepare(t.Context())
			if err == nil || !strings.HasSuffix(err.Error(), tc.want) && !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v; want %q in it", err, tc.want)
			}
			withoutSecret(t, err)
		})
	}
}

// withSchema returns the catalog's answer to two questions at once: for the columns, and for
// the schema.
func withSchema(columns fakesnowflake.Result, there bool) fakesnowflake.Result {
	both := fakesnowflake.Result{Columns: append([]string{"PART", "NTH"}, columns.Columns...)}
	for i, row := range columns.Rows {
		both.Rows = append(both.Rows, append([]any{"0", fmt.Sprint(i + 1)}, row...))
	}
	if there {
		both.Rows = append(both.Rows, []any{"1", "1", "AUDIT", nil, nil, nil})
	}
	return both
}
