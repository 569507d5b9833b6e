package profile

import "strings"

// testCase is a profile that this package and dbt both resolve.
type testCase struct {
	Name   string            `json:"name"`
	File   string            `json:"file"`
	Env    map[string]string `json:"env"`
	Vars   map[string]any    `json:"vars"`
	Target string            `json:"target"`
}

// output returns a profiles.yml whose only target has these lines.
func output(lines ...string) string {
	return "shop:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      " +
		strings.Join(lines, "\n      ") + "\n"
}

var testEnv = map[string]string{
	"HOST": "db.example.com", "PORT": "5433", "EMPTY": "", "YES": "y", "FLAG": "True", "LOWER": "true",
	"LIST": "['a', 'b', 3]", "DICT": "{'a': 1, 'b': [None, 2.5]}", "JSON": `{"k": [1, 2.5, null, true]}`,
	"PADDED": "  x  ", "ZERO": "0123",
	"DBT_ENV_SECRET_PW": "p@ss{{word}}", "DBT_ENV_SECRET_TWO": "second", "DBT_ENV_SECRET_EMPTY": "",
	"UNI": "Zürich ☃", "QUOTES": `a'b"c`, "BIG": "12345678901234567890", "TARGET": "ci", "FLOAT": "1e3",
	"PEM": "-----BEGIN\nabc\n-----END\n",
}

var testCases = []testCase{
	{Name: "plain", File: output("host: localhost", "port: 5432", "password: abc")},
	{Name: "env_var", File: output(`host: "{{ env_var('HOST') }}"`, `port: "{{ env_var('PORT') }}"`)},
	{Name: "env_var inside text", File: output(`host: "x-{{ env_var('HOST') }}:{{ env_var('PORT') }}/"`)},
	{Name: "env_var with default", File: output(
		`host: "{{ env_var('NOPE', 'fallback') }}"`, `a: "{{ env_var('HOST', 'fallback') }}"`,
	)},
	{Name: "env_var empty wins over default", File: output(`host: "{{ env_var('EMPTY', 'fallback') }}"`)},
	{Name: "env_var with number as default", File: output(`port: "{{ env_var('NOPE', 5432) }}"`)},
	{Name: "env_var by keyword", File: output(`port: "{{ env_var(var='NOPE', default='k') }}"`)},
	{Name: "env_var missing", File: output(`host: "{{ env_var('NOPE') }}"`)},
	{Name: "env_var missing under default filter", File: output(`host: "{{ env_var('NOPE') | default('x') }}"`)},
	{Name: "env_var missing in a list", File: output(`host: "{{ [env_var('NOPE')] }}"`)},
	{Name: "env_var default none", File: output(`host: "{{ env_var('NOPE', none) }}"`)},
	{Name: "env_var missing in password", File: output(`password: "{{ env_var('NOPE') }}"`)},
	{Name: "secret", File: output(`password: "{{ env_var('DBT_ENV_SECRET_PW') }}"`)},
	{Name: "secret inside text", File: output(`dsn: "user:{{ env_var('DBT_ENV_SECRET_PW') }}@host"`)},
	{Name: "secret upper keeps the value", File: output(`dsn: "{{ env_var('DBT_ENV_SECRET_PW') | upper }}"`)},
	{Name: "secret lower loses it", File: output(`dsn: "{{ env_var('DBT_ENV_SECRET_PW') | lower }}"`)},
	{Name: "secret empty", File: output(`dsn: "a{{ env_var('DBT_ENV_SECRET_EMPTY') }}b"`)},
	{Name: "secret as number", File: output(`port: "{{ env_var('DBT_ENV_SECRET_TWO') | as_number }}"`)},
	{Name: "secret as text", File: output(`pass: "{{ env_var('DBT_ENV_SECRET_TWO') | as_text }}"`)},
	{Name: "two secrets in one line", File: output(
		`dsn: "{{ env_var('DBT_ENV_SECRET_PW') }}:{{ env_var('DBT_ENV_SECRET_TWO') }}"`,
	)},
	{Name: "two secrets in a password", File: output(
		`password: "{{ env_var('DBT_ENV_SECRET_PW') }}:{{ env_var('DBT_ENV_SECRET_TWO') }}"`,
	)},
	{Name: "one secret twice in two lines", File: output(
		`dsn: "{{ env_var('DBT_ENV_SECRET_TWO') }}\n{{ env_var('DBT_ENV_SECRET_TWO') }}"`,
	)},
	{Name: "secret inside a list", File: output(`dsn: "{{ [env_var('DBT_ENV_SECRET_TWO')] }}"`)},
	{Name: "secret missing in password", File: output(`password: "{{ env_var('DBT_ENV_SECRET_NOPE') }}"`)},
	{Name: "secret with default", File: output(`pass: "{{ env_var('DBT_ENV_SECRET_NOPE', 'x') }}"`)},
	{Name: "name of a secret as text", File: output(`note: see DBT_ENV_SECRET_PW`)},
	{Name: "as_number", File: output(
		`port: "{{ env_var('PORT') | as_number }}"`, `f: "{{ env_var('FLOAT') | as_number }}"`,
	)},
	{Name: "as_number of a word", File: output(`port: "{{ env_var('HOST') | as_number }}"`)},
	{Name: "as_number of a boolean", File: output(`port: "{{ env_var('FLAG') | as_number }}"`)},
	{Name: "as_number of a leading zero", File: output(`port: "{{ env_var('ZERO') | as_number }}"`)},
	{Name: "as_number of a constant", File: output(
		`port: "{{ 5432 | as_number }}"`, `a: "{{ '0x10' | as_number }}"`, `b: "{{ ' -1_000 ' | as_number }}"`,
		`c: "{{ '.5' | as_number }}"`,
	)},
	{Name: "as_number inside text", File: output(`port: "{{ env_var('PORT') | as_number }}0"`)},
	{Name: "as_bool", File: output(`ssl: "{{ env_var('FLAG') | as_bool }}"`)},
	{Name: "as_bool of lower case", File: output(`ssl: "{{ env_var('LOWER') | as_bool }}"`)},
	{Name: "as_native list", File: output(`search: "{{ env_var('LIST') | as_native }}"`)},
	{Name: "as_native dict", File: output(`search: "{{ env_var('DICT') | as_native }}"`)},
	{Name: "as_native of a word", File: output(
		`search: "{{ env_var('HOST') | as_native }}"`, `n: "{{ 'None' | as_native }}"`,
		`q: "{{ env_var('QUOTES') | as_native }}"`,
	)},
	{Name: "as_native strings", File: output(
		`a: "{{ \"'x\\\\ty' 'z'\" | as_native }}"`, `b: "{{ '(1,)' | as_native }}"`, `c: "{{ '(1)' | as_native }}"`,
		`d: "{{ '[]' | as_native }}"`, `e: "{{ '{}' | as_native }}"`, `f: "{{ '[1,]' | as_native }}"`,
		`g: "{{ '[,]' | as_native }}"`, `h: "{{ '[1 2]' | as_native }}"`,
	)},
	{Name: "as_text", File: output(`port: "{{ env_var('PORT') | as_text }}"`)},
	{Name: "int", File: output(
		`port: "{{ env_var('PORT') | int }}"`, `bad: "{{ env_var('HOST') | int }}"`,
		`d: "{{ env_var('HOST') | int(7) }}"`, `c: "{{ '5' | int }}"`,
	)},
	{Name: "int as number", File: output(`port: "{{ env_var('PORT') | int | as_number }}"`)},
	{Name: "float", File: output(`f: "{{ env_var('PORT') | float }}"`)},
	{Name: "constants become text", File: output(
		`a: "{{ 5 }}"`, `b: "{{ true }}"`, `c: "{{ none }}"`, `d: "{{ [1, 'a'] }}"`, `e: "{{ 2.0 }}"`,
		`f: "{{ -3 }}"`, `g: "{{ 1 + 2 }}"`,
	)},
	{Name: "expressions keep their type", File: output(
		`a: "{{ env_var('HOST') == 'x' }}"`, `b: "{{ [env_var('HOST'), 1] }}"`, `c: "{{ not env_var('EMPTY') }}"`,
		`d: "{{ {'k': env_var('HOST')} }}"`,
	)},
	{Name: "conditional", File: output(
		`a: "{{ 'a' if env_var('YES', '') == 'y' else 'b' }}"`, `b: "{{ 5 if env_var('YES', '') == 'n' else 6 }}"`,
		`c: "x{{ 'a' if env_var('EMPTY') }}y"`,
	)},
	{Name: "conditional without else", File: output(`c: "{{ 'a' if env_var('EMPTY') }}"`)},
	{Name: "if block", File: output(
		`a: "{% if env_var('YES') == 'y' %}one{% elif 1 %}two{% else %}three{% endif %}"`,
		`b: "x{% if not env_var('YES') %}one{% endif %}"`,
	)},
	{Name: "set", File: output(
		`a: "{% set h = env_var('HOST') %}{{ h }}"`, `b: "{% set p = env_var('PORT') | int %}{{ p + 1 }}"`,
	)},
	{Name: "concatenation", File: output(
		`a: "{{ env_var('HOST') ~ ':' ~ env_var('PORT') }}"`, `b: "{{ env_var('HOST') + '!' }}"`,
		`c: "{{ 'a' ~ 5 }}"`,
	)},
	{Name: "filters", File: output(
		`a: "{{ env_var('HOST') | upper }}"`, `b: "{{ 'ABC' | lower }}"`, `c: "{{ env_var('PADDED') | trim }}"`,
		`d: "{{ env_var('HOST') | replace('.', '_') }}"`, `e: "{{ env_var('EMPTY') | default('x', true) }}"`,
		`f: "{{ env_var('HOST') | length }}"`, `g: "{{ env_var('HOST') | title }}"`,
		`h: "{{ env_var('HOST') | first }}"`,
	)},
	{Name: "methods", File: output(
		`a: "{{ env_var('HOST').upper() }}"`, `b: "{{ env_var('HOST').split('.')[0] }}"`,
		`c: "{{ env_var('HOST')[:2] }}"`, `d: "{{ env_var('HOST').startswith('db') }}"`,
	)},
	{Name: "join and in", File: output(
		`a: "{{ ['a', env_var('HOST')] | join('-') }}"`, `b: "{{ 'db' in env_var('HOST') }}"`,
		`c: "{{ env_var('YES') or 'x' }}"`,
	)},
	{Name: "defined", File: output(
		`a: "{{ env_var is defined }}"`, `b: "{{ 'y' if target is defined else 'n' }}"`,
		`c: "{{ nope | default('d') }}"`,
	)},
	{Name: "fromjson", File: output(
		`a: "{{ fromjson(env_var('JSON')) }}"`, `b: "{{ fromjson(env_var('HOST'), 'd') }}"`,
		`c: "{{ fromjson(env_var('JSON'))['k'][0] }}"`,
	)},
	{Name: "comment", File: output(`a: "x{# no #}y"`, `b: "{# all #}"`, `c: "{# c #}{{ env_var('PORT') | int }}"`)},
	{Name: "whitespace control", File: output(
		`a: "x {{- env_var('HOST') -}} y"`, `b: "  {%- if true %} z {% endif -%}  "`,
	)},
	{Name: "raw", File: output(`a: "{% raw %}{{ x }}{% endraw %}"`)},
	{Name: "var", File: output(
		`a: "{{ var('s') }}"`, `b: "{{ var('n') }}"`, `c: "{{ var('nope', 'd') }}"`, `d: "{{ var('nested') }}"`,
	), Vars: map[string]any{"s": "str", "n": 7, "nested": "{{ env_var('HOST') }}"}},
	{Name: "var missing", File: output(`a: "{{ var('nope') }}"`)},
	{Name: "password with braces", File: output(`password: "ab{{c"`)},
	{Name: "password with percent", File: output(`password: "ab{%c%}"`)},
	{Name: "password with undefined filter", File: output(`password: "{{ env_var('HOST') | nope }}"`)},
	{Name: "password with comment", File: output(`password: "ab{#c"`)},
	{Name: "password with closing braces", File: output(`password: "ab}}c%}"`)},
	{Name: "password with quotes", File: output(`password: 'it''s "5%" \\n'`)},
	{Name: "password below another key", File: output(`auth: {password: ["{{ nope("]}`)},
	{Name: "pass with braces", File: output(`pass: "ab{{c"`)},
	{
		Name: "password as a profile's name is none",
		File: "shop:\n  target: password\n  outputs:\n    password:\n      type: postgres\n      host: '{{ x('\n",
	},
	{Name: "syntax error", File: output(`host: "{{ env_var('HOST' }}"`)},
	{Name: "unknown statement", File: output(`host: "{% frobnicate %}"`)},
	{Name: "unknown filter", File: output(`host: "{{ env_var('HOST') | frobnicate }}"`)},
	{Name: "attribute of undefined", File: output(`host: "{{ target.name }}"`)},
	{Name: "division by zero", File: output(`host: "{{ env_var('PORT') | int % 0 }}"`)},
	{Name: "include", File: output(`host: "{% include 'x' %}"`)},
	{Name: "numbers", File: output(
		"a: 5432", "b: 010", "c: 1_000", "d: 0x1F", "e: 1.5", "f: 1e3", "g: 12:30", "h: 0b11", "i: +7", "j: -3",
		"k: 1.5e+3", "l: 09", "m: 0o17", "n: '5'", "o: .5", "p: 1_0.5", "q: 1.",
	)},
	{Name: "booleans", File: output("a: yes", "b: No", "c: on", "d: OFF", "e: true", "f: 'yes'", "g: y", "h: yEs")},
	{Name: "nulls", File: output("a:", "b: ~", "c: null", "d: Null", "e: 'null'", "f: ''", "g: nil")},
	{Name: "dates", File: output("a: 2024-01-31", "b: 2024-1-1x", "c: '2024-01-31'")},
	{Name: "tags", File: output("a: !!str 5", "b: !!int '5'", "c: ! 5", "d: !!float 5.5")},
	{Name: "unknown tag", File: output("a: !vault x")},
	{Name: "lists and maps", File: output(
		"search_path: a, b", "extensions: [httpfs, parquet]",
		"settings: {s3_region: \"{{ env_var('HOST') }}\", n: 1}", "attach:", "  - path: x.db",
		"    alias: \"{{ env_var('YES') }}\"", "  - {path: y}",
	)},
	{
		Name: "anchors",
		File: "base: &base\n  type: postgres\n  host: a\n  port: 1\nother: &other {host: o, extra: e}\nshop:\n" +
			"  target: dev\n  outputs:\n    dev:\n      port: 2\n      <<: *base\n      host: b\n    ci:\n" +
			"      <<: [*other, *base]\n      again: *other\n",
	},
	{
		Name: "merged list",
		File: "base: &base\n  type: postgres\n  host: a\nother: &other {host: o, extra: e}\nshop:\n  outputs:\n" +
			"    ci:\n      <<: [*other, *base]\n      again: *other\n",
		Target: "ci",
	},
	{Name: "unknown anchor", File: output("a: *nope")},
	{Name: "duplicate keys", File: output("a: 1", "a: 2")},
	{Name: "block scalars", File: output(
		"key: |", "  -----BEGIN-----", "  abc", "  -----END-----", "folded: >", "  a", "  b", "kept: |+", "  x", "",
		"strip: |-", "  y",
	)},
	{Name: "multi-line environment", File: output(`key: "{{ env_var('PEM') }}"`)},
	{Name: "carriage returns", File: output(`a: "x\r\ny\rz\r\n"`, `b: "{{ 'q' }}\r\nz\n\n"`)},
	{Name: "config on top", File: "config:\n  send_anonymous_usage_stats: false\n" + output("host: h")},
	{Name: "unicode", File: output(`host: "{{ env_var('UNI') }}"`, "schéma: größe ☃", `b: "{{ 'ö' | upper }}"`)},
	{Name: "keys are not rendered", File: output(`"{{ env_var('HOST') }}": x`)},
	{Name: "keys that are not strings", File: output("1: a", "off: b", "~: c")},
	{
		Name: "other targets are not rendered",
		File: output("host: h") + "    prod:\n      host: \"{{ env_var('NOPE') }}\"\n",
	},
	{
		Name: "target from the environment",
		File: "shop:\n  target: \"{{ env_var('TARGET') }}\"\n  outputs:\n    ci: {type: duckdb, path: x}\n",
	},
	{Name: "target by default", File: "shop:\n  outputs:\n    default: {type: duckdb}\n    dev: {type: postgres}\n"},
	{
		Name:   "target given",
		File:   "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb}\n    prod: {type: postgres}\n",
		Target: "prod",
	},
	{Name: "target missing", File: output("host: h"), Target: "prod"},
	{Name: "target is not a mapping", File: "shop:\n  target: dev\n  outputs:\n    dev: text\n"},
	{Name: "target null", File: "shop:\n  target:\n  outputs:\n    dev: {type: duckdb}\n"},
	{Name: "target is a number", File: "shop:\n  target: 1\n  outputs:\n    1: {type: duckdb}\n"},
	{Name: "no outputs", File: "shop:\n  target: dev\n"},
	{Name: "empty profile", File: "shop:\n"},
	{Name: "empty file", File: "# nothing\n"},
	{Name: "no type", File: "shop:\n  target: dev\n  outputs:\n    dev: {host: h}\n"},
	{
		Name: "type from the environment",
		File: "shop:\n  target: dev\n  outputs:\n    dev: {type: \"{{ env_var('NOPE', 'duckdb') }}\"}\n",
	},
	{Name: "broken YAML", File: "shop:\n  target: dev\n   outputs: [\n"},
	{Name: "two documents", File: output("a: 1") + "---\nshop: {}\n"},
	{Name: "number too large", File: output(`a: "{{ env_var('BIG') }}"`)},
}
