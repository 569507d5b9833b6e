//go:build unix

package faults

import (
	"encoding/json"
	"time"
)

var faultsOfRealDBT = []fault{
	{
		where: "dbt", what: "a model fails, and the password is in its SQL", exit: 1, comments: 1,
		said: "leak",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.write("project/models/leak.sql", "select cast('{{ env_var('PGPASSWORD') | replace(\"'\", \"''\") }}' as int) as id")
		},
	},
	{
		where: "dbt", what: "the password is in `--vars`", comments: 1,
		dbt: "1.11",
		inject: func(w *world) {
			w.real("1.11")
			vars, _ := json.Marshal(map[string]string{"password": w.db.Password})
			w.args = []string{"build", "--vars", string(vars)}
		},
	},
	{
		where: "dbt", what: "`macro-paths: []`", comments: 1,
		said: "macro-paths",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.write("project/dbt_project.yml", w.read("project/dbt_project.yml")+"macro-paths: []\n")
		},
	},
	{
		where: "dbt", what: "the project defines a macro with the name of ours", comments: 1,
		said: "dbt_tally_audit",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.write("project/macros/own.sql", "{% macro dbt_tally_audit(phase) %}{% endmacro %}")
		},
	},
	{
		where: "dbt", what: "the project overrides `run_hooks`", comments: 1,
		said: "the project defines run_hooks itself",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.write("project/macros/own.sql", "{% macro run_hooks(hooks, inside_transaction=True) %}{{ dbt.run_hooks(hooks, inside_transaction) }}{% endmacro %}")
		},
	},
	{
		where: "dbt", what: "the tag of our block is in the name of a schema", comments: 1,
		dbt: "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.env["SHOP_SCHEMA"] = "dev$dbt_tally$"
		},
	},
	{
		where: "dbt", what: "the project does not compile", exit: 2, comments: 1,
		said: "dbt could not compile the project",
		idle: true,
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.write("project/models/broken.sql", "{{ nothing( }}")
		},
	},
	{
		where: "dbt", what: "the audit table is locked while dbt builds", comments: 1,
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.real("1.11")
			w.args = []string{"build", "--select", "raw_orders", "--threads", "1"}
			w.before(func() {
				w.lock("dbt_audit.dbt_audit_log")
				w.later(8*time.Second, w.unlock)
			})
		},
	},
}
