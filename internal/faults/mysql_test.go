//go:build unix

package faults

import (
	"time"
)

var faultsOfMySQL = []fault{
	{
		where: "MySQL", what: "the server cannot be reached", comments: 1,
		said: "connection refused",
		lost: "the counts of this run",
		idle: true,
		dbt:  "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("exit 0")
			w.env["MYSQL_PORT"] = "1"
		},
	},
	{
		where: "MySQL", what: "the server accepts connections and never answers", comments: 1, within: 2 * time.Minute,
		said: "connect to mysql at",
		lost: "the counts of this run",
		idle: true,
		dbt:  "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("exit 0")
			w.env["MYSQL_PORT"] = w.silent()
		},
	},
	{
		where: "MySQL", what: "the password is wrong", comments: 1,
		said: "Access denied",
		lost: "the counts of this run",
		idle: true,
		dbt:  "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("exit 0")
			w.env["MYSQL_PASSWORD"] = "not the password"
		},
	},
	{
		where: "MySQL", what: "the audit table is locked for a moment before dbt", comments: 1,
		dbt: "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("")
			w.run()
			w.lockMySQL(7)
		},
	},
	{
		where: "MySQL", what: "the audit table is locked after dbt", comments: 1, within: 4 * time.Minute,
		said: "could not be read",
		lost: "the counts of this run",
		dbt:  "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("")
			w.then(func() { w.lockMySQL(300) })
		},
	},
	{
		where: "MySQL", what: "the audit table is dropped while dbt runs", comments: 1,
		said: "could not be read",
		lost: "the counts of this run",
		dbt:  "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("")
			w.then(func() { w.mysql.Exec(w.t, "drop table dbt_audit_log") })
		},
	},
	{
		where: "MySQL", what: "the connections are ended while dbt runs", comments: 1,
		dbt: "1.7-mysql",
		inject: func(w *world) {
			w.onMySQL("")
			w.then(w.killMySQL)
		},
	},
}
