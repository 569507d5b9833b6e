package profile

import (
	"errors"
	"strings"
	"testing"
)

// FuzzRendering looks for templates that cause a panic, or an error that contains the
// value.
func FuzzRendering(f *testing.F) {
	for _, seed := range []string{
		"{{ '%d' % x }}", "{{ 1 % 0 }}", "{{ 'a' * -1 }}", "{{ env_var('A') | int }}", "{% if x %}",
		"{{ [1][5] }}", "{{ (1, }}",
		"{% set a = 1 %}{{ a.b.c }}", "{{ fromjson('[') }}", "{{ 5 | as_bool }}", "{{ var(5) }}",
		"{{ env_var() }}", "{{ '' | first }}",
		"{{ {'a': 1}['b'] }}", "{{ ''.join([1]) }}", "{{ '[' | as_native }}", "{%- raw -%}{{",
		"{# {{", "{{ 1 if }}", "{{ -'a' }}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, template string) {
		// Only the memory limits a repetition, as in dbt.
		if strings.Contains(template, "*") && !strings.Contains(template, "* -1") {
			t.Skip("may repeat a text until memory runs out")
		}
		r := newRenderer(Options{LookupEnv: mapEnv(map[string]string{"A": "5"})})
		_, err := r.value(template, "key", false)
		if err == nil {
			return
		}
		var bad *TemplateError
		var missing *EnvVarError
		if !errors.As(err, &bad) && !errors.As(err, &missing) {
			t.Errorf("%q: error %v has no type", template, err)
		}
	})
}

// FuzzYAML looks for files that cause a panic.
func FuzzYAML(f *testing.F) {
	for _, c := range testCases {
		f.Add(c.File)
	}
	for _, seed := range []string{
		"a: &a [*a]", "<<: *a", "<<: [1]", "? [a]\n: b", "--- \n...\n--- x", "!!int x", "1:99:", "0b", "0x", "-.inf",
		"!!float .nan", "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, content string) {
		_, _ = parseYAML([]byte(content))
	})
}

// FuzzLiteral looks for literals that cause a panic.
func FuzzLiteral(f *testing.F) {
	for _, seed := range []string{
		"[1, 'a']", "{'a': (1,)}", "{1, 2}", "'a' 'b'", "-", "+", "0_1", "1e", ".", "'\\", "[[[[", "{", "''", "1_", "e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parseLiteral(text)
	})
}
