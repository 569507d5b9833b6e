package warehouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// token has the form of the output of "aws rds generate-db-auth-token".
const token = "db.c1x2.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=ci&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
	"&X-Amz-Credential=ASIA%2F20261123%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261123T100000Z&X-Amz-Expires=900" +
	"&X-Amz-SignedHeaders=host&X-Amz-Security-Token=hunter&X-Amz-Signature=hunter"

// The password of the login changes while dbt runs, as it does when a token expires.
func TestAPasswordThatChangesWhileDBTRuns(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		dropped bool // the connection was lost while dbt ran
		now     string
		want    string // "", or part of the error
	}{
		"an open connection is used":        {false, token, ""},
		"a new login uses the new password": {true, "renewed", ""},
		"the error explains the token":      {true, token, "generate one immediately before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := postgres.New(t)
			guest := db.As(t, "guest")
			role := postgres.Quote(guest.User)
			db.Exec(t, "grant create on database "+db.Name+" to "+role, "alter role "+role+" password '"+token+"'")
			guest.Password = token
			o := options(guest, auditLog, warehouse.Write)
			o.Renew = func() warehouse.Target { return options(guest, auditLog, warehouse.Write).Target }
			store := open(t, o)
			prepare(t, store)

			db.Exec(t, "alter role "+role+" password 'renewed'")
			if tc.dropped {
				db.Exec(t, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '"+guest.User+"'")
			}
			guest.Password = tc.now
			_, err := store.Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"run"}})
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v; want %q", err, tc.want)
			}
			if strings.Contains(fmt.Sprint(err), "hunter") {
				t.Errorf("the token is in the error %v", err)
			}
		})
	}
}
