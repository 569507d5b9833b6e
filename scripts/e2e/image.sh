#!/usr/bin/env bash
# image.sh TAG: build the image of the files that git tracks, with local changes. The
# build context is packed as act packs a checkout, through a container, so that the
# workflow's builds of uses: ./ reuse these layers.
set -euo pipefail
cd "$(dirname "$0")/../.."

container=$(docker create debian:bookworm-slim)
trap 'docker rm "$container" >/dev/null' EXIT
git ls-files -z | tar --null --files-from - --ignore-failed-read --owner 0 --group 0 -c | docker cp - "$container:/srv"
docker cp "$container:/srv/." - | DOCKER_BUILDKIT=0 docker build --quiet --tag "$1" -
