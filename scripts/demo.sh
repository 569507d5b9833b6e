#!/usr/bin/env bash
# demo.sh: two days of a small shop on DuckDB, each a run of build/dbt-tally. On the
# second day a join loses customers, and a gate stops the run.
set -euo pipefail
cd "$(dirname "$0")/.."

shop=build/demo/shop
rm -rf build/demo
mkdir -p build/demo
cp -R examples/shop "$shop"
export SHOP_DATABASE=$PWD/build/demo/shop.duckdb

tally() { # DAY: the run's exit status
  local status=0
  build/dbt-tally --project-dir "$shop" --dbt-executable .cache/dbt-1.11/bin/dbt \
    --report-dir "build/demo/$1" build --quiet || status=$?
  printf '\nThe output of dbt is not shown; its log is %s/logs/dbt.log.\n' "$shop"
  return "$status"
}

printf '\n=== Day 1: the shop is built for the first time ===\n'
tally day-1

printf '\n=== Day 2: new customers, orders and payments arrive. A colleague adds the model\n'
printf '    daily_revenue, and limits dim_customers to recent orders, with an inner join. ===\n'
cp -R examples/shop-day-2/. "$shop"
status=0
tally day-2 || status=$?
if [[ $status != 3 ]]; then
  echo "demo: the second day ended with $status instead of 3, a breached gate" >&2
  exit 1
fi

go run ./scripts/comment build/demo/day-2/report.json >build/demo/comment.html

cat <<'END'

dbt completed without an error on both days. dbt-tally ended the second one with exit
status 3, because dim_customers lost more rows than its limit of 10% (models/marts/_marts.yml).

  build/demo/comment.html        the comment that a pull request would get
  build/demo/day-2/report.html   the report: open both in a browser
  build/demo/day-2/report.md     the job summary
  build/demo/day-2/report.json   everything in it, for programs
END
