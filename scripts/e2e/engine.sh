#!/usr/bin/env bash
# engine.sh: start a Docker engine if none answers, and install one if necessary (on Debian,
# as root). It keeps running until engine.sh stop.
set -euo pipefail
cd "$(dirname "$0")/../.."

state=$PWD/.cache/e2e/engine
mkdir -p "$state"

if [[ ${1:-} == stop ]]; then
  if [[ -f $state/pid ]]; then kill "$(<"$state/pid")" && rm "$state/pid"; fi
  exit
fi
if docker info >/dev/null 2>&1; then
  exit
fi
if [[ $(id -u) != 0 ]]; then
  echo "e2e: no Docker engine answers; start one, or run this as root" >&2
  exit 1
fi
if ! command -v dockerd >/dev/null; then
  echo "e2e: installing a Docker engine" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends docker.io iptables >/dev/null
fi
# The engine keeps its images in its own directory, so that a second run finds them.
nohup dockerd >"$state/log" 2>&1 </dev/null &
echo $! >"$state/pid"
for _ in $(seq 60); do
  if docker info >/dev/null 2>&1; then
    exit
  fi
  sleep 0.5
done
tail -n 20 "$state/log" >&2
echo "e2e: the Docker engine did not start" >&2
exit 1
