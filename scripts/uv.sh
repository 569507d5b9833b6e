#!/usr/bin/env bash
# uv.sh: print the path of uv. If there is none on the PATH, install one below .cache/uv
# with venv or pip, whichever this Python has.
set -euo pipefail
cd "$(dirname "$0")/.."

pin=uv==0.13.9
dir=$PWD/.cache/uv

if command -v uv; then
  exit
fi

mkdir -p .cache
exec 9>.cache/uv.lock
if command -v flock >/dev/null; then flock 9; fi # macOS has none; concurrent runs are rare there

if [[ ! -x $dir/bin/uv ]]; then
  rm -rf "$dir"
  echo "tools: ${pin/==/ }" >&2
  if ! { python3 -m venv "$dir" && "$dir/bin/python" -m pip install --quiet "$pin"; } >/dev/null 2>&1; then
    # Debian's python3 has no ensurepip, and therefore no working venv.
    rm -rf "$dir"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --target "$dir" "$pin" >&2 || {
      rm -rf "$dir"
      echo "uv cannot be installed; put uv on the PATH, or use a Python 3.10+ with venv or pip (Debian: apt-get install python3-venv)" >&2
      exit 1
    }
  fi
fi
echo "$dir/bin/uv"
