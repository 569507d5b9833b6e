#!/usr/bin/env bash
# demo.sh: two days of a small shop on DuckDB, each a run of build/dbt-tally.
set -euo pipefail
cd "$(dirname "$0")/.."

shop=build/demo/shop
rm -rf build/demo
mkdir -p build/demo
cp -R examples/shop "$shop"
export SHOP_DATABASE=$PWD/build/demo/shop.duckdb

tally() { # DAY
  printf '\n\n=== %s ===\n\n' "$1"
  build/dbt-tally --project-dir "$shop" --profiles-dir "$shop" \
    --dbt-executable .cache/dbt-1.11/bin/dbt --report-dir "build/demo/$1" build
}

tally day-1
cp -R examples/shop-day-2/. "$shop"
tally day-2

printf '\nThe reports of both days:\n'
ls build/demo/day-*/report.json build/demo/day-*/report.md
