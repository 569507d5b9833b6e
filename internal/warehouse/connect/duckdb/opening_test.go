package duckdb

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// The expected statements are those of dbt-duckdb 1.11.1 for the same settings, except
// for the order of options.
func TestStatementsAreThoseOfDBTDuckDB(t *testing.T) {
	t.Parallel()
	type values = map[string]any
	for name, tc := range map[string]struct {
		settings values
		want     []string
	}{
		"nothing": {values{}, []string{}},
		"settings, as text": {
			values{"settings": values{"memory_limit": "4GB", "threads": 2, "search_path": "it's"}},
			[]string{"SET memory_limit = '4GB'", "SET search_path = 'it''s'", "SET threads = '2'"},
		},
		"extensions": {
			values{"extensions": []any{"httpfs", values{"name": "h3", "repo": "community"}}},
			[]string{"INSTALL 'httpfs'", "LOAD 'httpfs'", "INSTALL h3 FROM community", "LOAD 'h3'"},
		},
		"secrets": {
			values{"secrets": []any{
				values{"type": "s3", "key_id": "k", "secret": "it's", "scope": []any{"s3://a", "s3://b"}, "region": nil},
				values{
					"type": "http", "name": "own", "persistent": true, "scope": "https://h",
					"extra_http_headers": values{"A": "b"}, "provider": "config", "urls": []any{"x", 1},
				},
			}},
			[]string{
				"CREATE OR REPLACE SECRET _dbt_secret_1 (key_id 'k', scope 's3://a', scope 's3://b', secret 'it''s', type s3)",
				"CREATE OR REPLACE PERSISTENT SECRET own (extra_http_headers map {'A': 'b'}, provider config, " +
					"scope 'https://h', type http, urls array ['x', '1'])",
			},
		},
		"the provider of AWS": {
			values{"use_credential_provider": "aws"},
			[]string{"CREATE OR REPLACE SECRET _dbt_secret_1 (provider credential_chain, type s3)"},
		},
		"attached databases": {
			values{"attach": []any{
				values{"path": "it's.duckdb"},
				values{"path": "x.db", "alias": "x", "type": "sqlite", "secret": "s", "read_only": true},
				values{"path": "y.db", "alias": "y", "options": values{
					"type": "duckdb", "read_only": false, "encryption_key": "it's", "quoted": " 'q' ", "block_size": 16384,
					"flag": true, "off": false, "none": nil,
				}},
			}},
			[]string{
				"ATTACH IF NOT EXISTS 'it''s.duckdb'",
				"ATTACH IF NOT EXISTS 'x.db' AS x (TYPE sqlite, SECRET s, READ_ONLY)",
				"ATTACH IF NOT EXISTS 'y.db' AS y (TYPE duckdb, BLOCK_SIZE 16384, ENCRYPTION_KEY 'it''s', FLAG, QUOTED  'q' )",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newOpening(connect.Settings{Values: tc.settings})
			if diff := cmp.Diff(tc.want, got.Statements); diff != "" || err != nil {
				t.Errorf("error %v, statements (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhichPathsAreFiles(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		":memory:": true, "shop.duckdb": true, "/a/b:c.duckdb": true, `C:\shop.duckdb`: true, "./a:b": true,
		"md:shop": false, "motherduck:": false, "ducklake:meta.db": false, "s3://bucket/shop.duckdb": false,
	} {
		if got := isFile(path); got != want {
			t.Errorf("%s: %t; want %t", path, got, want)
		}
	}
}
