package warehouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// While dbt runs the password of the login changes, as a token of IAM runs out.
func TestAMySQLPasswordThatChangesMeanwhile(t *testing.T) {
	const token = "db.rds.amazonaws.com:3306/?Action=connect&DBUser=ci&X-Amz-Expires=900&X-Amz-Signature=hunter"
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, tc := range map[string]struct {
			dropped bool // the connection, meanwhile
			now     string
			want    string // "" or what the error has
		}{
			"an open connection needs none":     {false, token, ""},
			"a new login takes the new one":     {true, "renewed", ""},
			"without it the token is explained": {true, token, "want one that is made right before"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := mysql.New(t, flavour)
				guest := db.As(t, "guest")
				user := "'" + guest.User + "'@'%'"
				db.Exec(t, "grant all on "+db.Name+".* to "+user, "alter user "+user+" identified by '"+token+"'")
				guest.Password = token
				o := mysqlOptions(guest, warehouse.Table{Schema: db.Name, Name: "log"}, warehouse.Write)
				o.Renew = func() warehouse.Target { return mysqlOptions(guest, o.Table, o.Access).Target }
				store := open(t, o)
				prepare(t, store)

				db.Exec(t, "alter user "+user+" identified by 'renewed'")
				if tc.dropped {
					connection := db.Query(t, "select id from information_schema.processlist where user = '"+guest.User+"'")
					db.Exec(t, "kill "+connection[0][0])
				}
				guest.Password = tc.now
				_, err := store.Finish(t.Context(), warehouse.Finish{Invocations: []string{"run"}})
				if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error %v; want %q", err, tc.want)
				}
				if strings.Contains(fmt.Sprint(err), "hunter") {
					t.Errorf("the token is in the error %v", err)
				}
			})
		}
	})
}
