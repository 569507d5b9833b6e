#!/usr/bin/env bash
# image.sh TAG: build the image of what git tracks here, as it lies. It is packed as
# act packs a checkout, by way of a container, so that the workflow's builds of
# uses: ./ find these layers and make none of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

container=$(docker create debian:bookworm-slim)
trap 'docker rm "$container" >/dev/null' EXIT
git ls-files -z | tar --null --files-from - --ignore-failed-read --owner 0 --group 0 -c | docker cp - "$container:/srv"
docker cp "$container:/srv/." - | DOCKER_BUILDKIT=0 docker build --quiet --tag "$1" -
