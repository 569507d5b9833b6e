#!/usr/bin/env bash
# lock.sh: resolve scripts/requirements/*.in anew into the pinned *.txt.
set -euo pipefail
cd "$(dirname "$0")/requirements"

uv=$(../uv.sh)
for wanted in *.in; do
  "$uv" pip compile --quiet --upgrade --universal --python-version 3.10 --override overrides.txt \
    --no-header --no-annotate --output-file "${wanted%.in}.txt" "$wanted"
done
