package warehouse

import "strings"

// For the engines to which a question mark is the place of a value.

// among is a list for "in", and its arguments.
func among(texts []string) (list string, args []any) {
	for _, text := range texts {
		args = append(args, text)
	}
	return "(?" + strings.Repeat(", ?", len(texts)-1) + ")", args
}

// conditions are the filter, for "where"; time is the place of a time.
func (f runFilter) conditions(time string) (where string, args []any) {
	where = "true"
	restrict := func(condition string, values ...any) {
		where, args = where+" and "+condition, append(args, values...)
	}
	if f.id != "" {
		restrict("run_id = ?", f.id)
	}
	if f.branch != "" {
		restrict("branch = ?", f.branch)
	}
	if f.target != "" {
		restrict("target = ?", f.target)
	}
	if f.successful {
		restrict("status = 'success' and dbt_exit_code = 0")
	}
	if !f.before.IsZero() {
		restrict("completed_at >= "+time+" and completed_at < "+time, sqlTime(f.since), sqlTime(f.before))
	}
	if len(f.exclude) > 0 {
		list, runs := among(f.exclude)
		restrict("run_id not in "+list, runs...)
	}
	return where, args
}
