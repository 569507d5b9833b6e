#!/usr/bin/env bash
# fuzz.sh [TIME]: run each fuzz test for some time, 20 s by default. An input that fails is
# written to the package's testdata; commit it with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

git grep -hoE '^func Fuzz\w+' -- '*_test.go' >/dev/null || { echo "fuzz: there are no fuzz tests" >&2; exit 1; }
git grep -oE '^func Fuzz\w+' -- '*_test.go' | while IFS=: read -r file function; do
  name=${function#func }
  echo "fuzz: $name in $(dirname "$file")"
  go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "${1:-20s}"
done
