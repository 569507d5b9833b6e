#!/usr/bin/env bash
# uv.sh: print the path of a uv: the one on PATH, else one below .cache/uv,
# installed there by whichever of venv and pip this Python has.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.13.9
dir=$PWD/.cache/uv

if command -v uv; then
  exit
fi

mkdir -p .cache
exec 9>.cache/uv.lock
if command -v flock >/dev/null; then flock 9; fi # macOS has none; two at once are rare there

if [[ ! -x $dir/bin/uv ]]; then
  rm -rf "$dir"
  echo "tools: uv $version" >&2
  if ! { python3 -m venv "$dir" && "$dir/bin/python" -m pip install --quiet "uv==$version"; } >/dev/null 2>&1; then
    # Debian's python3 comes without ensurepip, and so without a working venv.
    rm -rf "$dir"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --target "$dir" "uv==$version" >&2 || {
      rm -rf "$dir"
      echo "uv cannot be installed: want uv on PATH, or a Python 3.10+ with venv or pip (Debian: apt-get install python3-venv)" >&2
      exit 1
    }
  fi
fi
echo "$dir/bin/uv"
