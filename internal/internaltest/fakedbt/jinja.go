package fakedbt

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The Jinja that the fake supports.
var (
	configCall  = regexp.MustCompile(`\{\{ config\((.*?)\) \}\}\n?`)
	setting     = regexp.MustCompile(`^(\w+)='([^']*)'$`)
	refCall     = regexp.MustCompile(`\{\{ ref\('(\w+)'\) \}\}`)
	incremental = regexp.MustCompile(`\{% if is_incremental\(\) %\}(.*?)\{% endif %\}`)
	this        = "{{ this }}"
	jinja       = regexp.MustCompile(`\{[{%#].*`)
)

// inspect returns the settings and the refs of a model, and refuses other Jinja.
func inspect(text string) (config map[string]string, refs []string, err error) {
	config = map[string]string{}
	for _, call := range configCall.FindAllStringSubmatch(text, -1) {
		for pair := range strings.SplitSeq(call[1], ", ") {
			m := setting.FindStringSubmatch(pair)
			if m == nil || !slices.Contains([]string{"materialized", "unique_key"}, m[1]) {
				return nil, nil, fmt.Errorf("unknown setting %q", pair)
			}
			config[m[1]] = m[2]
		}
	}
	for _, call := range refCall.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(refs, call[1]) {
			refs = append(refs, call[1])
		}
	}
	rest := render(text, "", true, func(string) string { return "" })
	if unknown := jinja.FindString(rest); unknown != "" {
		return nil, nil, fmt.Errorf("unknown Jinja %q; teach it, or use real dbt", unknown)
	}
	return config, refs, nil
}

// render compiles a model.
func render(text, relation string, later bool, ref func(name string) string) string {
	text = configCall.ReplaceAllString(text, "")
	text = incremental.ReplaceAllStringFunc(text, func(block string) string {
		if !later {
			return ""
		}
		return incremental.FindStringSubmatch(block)[1]
	})
	text = refCall.ReplaceAllStringFunc(text, func(call string) string {
		return ref(refCall.FindStringSubmatch(call)[1])
	})
	return strings.ReplaceAll(text, this, relation)
}
