package warehouse

import (
	"fmt"
	"strings"
	"time"
)

// placeholders writes placeholders into a query and collects their values in the same
// order.
type placeholders struct {
	numbered bool   // $1, $2 and so on, not ?
	time     string // the expression for a time without a zone; "%s" is the placeholder of a text
	zone     string // appended to the text of a time
	args     []any
}

// value returns the placeholder of a value.
func (p *placeholders) value(v any) string {
	p.args = append(p.args, v)
	if p.numbered {
		return fmt.Sprintf("$%d", len(p.args))
	}
	return "?"
}

// at returns the placeholder of a time.
func (p *placeholders) at(t time.Time) string {
	return fmt.Sprintf(p.time, p.value(sqlTime(t)+p.zone))
}

// list returns the placeholders of texts, for "in".
func (p *placeholders) list(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = p.value(text)
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// where returns the conditions of the filter.
func (p *placeholders) where(f runFilter) string {
	all := []string{"true"}
	for _, equal := range []struct{ column, value string }{
		{"run_id", f.id}, {"branch", f.branch}, {"target", f.target},
	} {
		if equal.value != "" {
			all = append(all, equal.column+" = "+p.value(equal.value))
		}
	}
	if f.successful {
		all = append(all, "status = 'success'", "dbt_exit_code = 0")
	}
	if !f.before.IsZero() {
		all = append(all, "completed_at >= "+p.at(f.since), "completed_at < "+p.at(f.before))
	}
	if len(f.excludeEvents) > 0 {
		all = append(all, "(event is null or event not in "+p.list(f.excludeEvents)+")")
	}
	if len(f.exclude) > 0 {
		all = append(all, "run_id not in "+p.list(f.exclude))
	}
	return strings.Join(all, " and ")
}

// quote returns a name in the quotes of most engines.
func quote(name string) string {
	return `"` + strings.NewReplacer(`"`, `""`, "\x00", "").Replace(name) + `"`
}
