#!/usr/bin/env bash
# services.sh: pull the images of the workflow's database services or, if bases.sh built a
# stand-in of Debian, build them from Debian's packages. A stand-in supports only the
# variables of the public image that are used here.
set -euo pipefail

debian=debian:bookworm-slim

there() {
  docker image inspect "$1" >/dev/null 2>&1 || timeout 300 docker pull --quiet "$1" >/dev/null 2>&1
}

stand_in_postgres() { # FOLDER
  cat >"$1/docker-entrypoint.sh" <<'X'
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
  cat >"$1/Dockerfile" <<X
FROM $debian
RUN apt-get update -qq \\
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \\
 && apt-get install -qq --no-install-recommends postgresql >/dev/null && rm -rf /var/lib/apt/lists/* \\
 && install -d -o postgres -g postgres /var/lib/postgresql/data
ENV PATH=/usr/lib/postgresql/15/bin:\$PATH PGDATA=/var/lib/postgresql/data/pgdata
COPY docker-entrypoint.sh /usr/local/bin/
LABEL stand-in=true
ENTRYPOINT ["docker-entrypoint.sh"]
X
}

stand_in_mariadb() { # FOLDER
  cat >"$1/docker-entrypoint.sh" <<'X'
#!/bin/sh
set -eu
mariadb-install-db --no-defaults --user=mysql --datadir=/data --skip-test-db >/dev/null
cat >/start.sql <<S
create database $MYSQL_DATABASE;
alter user root@localhost identified by '$MYSQL_ROOT_PASSWORD';
create user root@'%' identified by '$MYSQL_ROOT_PASSWORD';
grant all on *.* to root@'%';
S
exec mariadbd --no-defaults --user=mysql --datadir=/data --bind-address=0.0.0.0 --init-file=/start.sql --skip-name-resolve
X
  cat >"$1/Dockerfile" <<X
FROM $debian
RUN apt-get update -qq \\
 && apt-get install -qq --no-install-recommends mariadb-server mariadb-client >/dev/null && rm -rf /var/lib/apt/lists/* \\
 && install -d -o mysql -g mysql /data /run/mysqld
COPY docker-entrypoint.sh /usr/local/bin/
LABEL stand-in=true
ENTRYPOINT ["docker-entrypoint.sh"]
X
}

for image in postgres:15 mariadb:10.11; do
  if ! there "$image"; then
    echo "e2e: no $image to pull; making a stand-in" >&2
    dir=$(mktemp -d)
    "stand_in_${image%:*}" "$dir"
    chmod 755 "$dir/docker-entrypoint.sh"
    DOCKER_BUILDKIT=0 docker build --quiet --tag "$image" "$dir" >/dev/null
    rm -r "$dir"
  fi
done
