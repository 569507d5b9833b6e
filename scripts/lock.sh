#!/usr/bin/env bash
# lock.sh: resolve scripts/requirements/*.in again into the pinned *.txt; those of the
# image with hashes and for its Python.
set -euo pipefail
cd "$(dirname "$0")/requirements"

uv=$(../uv.sh)
for wanted in *.in; do
  case $wanted in
    image*) options=(--python-version 3.12 --generate-hashes) ;;
    fakesnow.in) options=(--python-version 3.11) ;;
    *) options=(--python-version 3.10) ;;
  esac
  "$uv" pip compile --quiet --upgrade --universal "${options[@]}" --override ../../internal/dbt/overrides.txt \
    --no-header --no-annotate --output-file "${wanted%.in}.txt" "$wanted"
done
