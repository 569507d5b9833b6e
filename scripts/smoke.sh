#!/usr/bin/env bash
# smoke.sh IMAGE VERSION: test a pushed image: its version, its dbt environments, and two
# days of the example shop on DuckDB without a network.
set -euo pipefail
cd "$(dirname "$0")/.."

image=$1 version=$2

fail() {
  echo "smoke: $1" >&2
  exit 1
}

contains() { # WORD COMMAND...: run it and look for the word in its output
  local word=$1 output
  shift
  output=$("$@" 2>&1) || fail "$* ended with an error: $output"
  [[ $output == *"$word"* ]] || fail "$* printed \"$output\"; expected $word in it"
}

in_image() {
  docker run --rm --network none "$@"
}

contains "dbt-tally $version" in_image "$image" --version
contains duckdb in_image --entrypoint dbt "$image" --version
contains mysql in_image --entrypoint dbt-mysql "$image" --version

shop=$(mktemp -d)
trap 'rm -rf "$shop"' EXIT
cp -R examples/shop/. "$shop"
build() {
  in_image --volume "$shop:/shop" --workdir /shop --env SHOP_DATABASE=/shop/shop.duckdb "$image" build --quiet
}
build || fail "the first day of the example shop ended with $?"
cp -R examples/shop-day-2/. "$shop"
status=0
build || status=$?
[[ $status == 3 ]] || fail "the second day of the example shop ended with $status; expected 3, a breached gate"
echo "smoke: $image runs as $version"
