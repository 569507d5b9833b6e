#!/usr/bin/env bash
# services.sh: see that the database that the workflow names as a service is there,
# pulled or, after bases.sh made a stand-in of Debian, from Debian's packages.
set -euo pipefail

image=postgres:15
docker image inspect "$image" >/dev/null 2>&1 && exit
timeout 300 docker pull --quiet "$image" >/dev/null 2>&1 && exit
echo "e2e: no $image to pull; making a stand-in" >&2

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# What the public image does with the variables that are used here.
cat >"$dir/docker-entrypoint.sh" <<'X'
#!/bin/sh
set -eu
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
password=$(mktemp)
printf %s "$POSTGRES_PASSWORD" >"$password"
chown postgres: "$password"
as_postgres initdb -D "$PGDATA" -U "${POSTGRES_USER:-postgres}" --pwfile="$password" --encoding UTF8 -A scram-sha-256 --auth-local=trust >/dev/null
rm "$password"
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
if [ -n "${POSTGRES_DB:-}" ]; then
  as_postgres pg_ctl -D "$PGDATA" -s -w -o "-c listen_addresses=''" start
  as_postgres createdb -U "${POSTGRES_USER:-postgres}" "$POSTGRES_DB"
  as_postgres pg_ctl -D "$PGDATA" -s -w -m fast stop
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres -D "$PGDATA" -c listen_addresses='*'
X
chmod 755 "$dir/docker-entrypoint.sh"
cat >"$dir/Dockerfile" <<'X'
FROM debian:bookworm-slim
RUN apt-get update -qq \
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
 && apt-get install -qq --no-install-recommends postgresql >/dev/null && rm -rf /var/lib/apt/lists/* \
 && install -d -o postgres -g postgres /var/lib/postgresql/data
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data/pgdata
COPY docker-entrypoint.sh /usr/local/bin/
LABEL stand-in=true
ENTRYPOINT ["docker-entrypoint.sh"]
X
DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" "$dir" >/dev/null
