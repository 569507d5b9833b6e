#!/usr/bin/env bash
# bases.sh: pull the base images of our image and of the tests. If no container registry
# can be reached, build a stand-in with the same name from Debian's packages and this
# machine's Go and Python. Its label is stand-in=true.
set -euo pipefail
cd "$(dirname "$0")/../.."

suite=bookworm
go=golang:1.26-$suite
python=python:3.12-slim-$suite
debian=debian:$suite-slim
work=$PWD/.cache/e2e/bases

there() {
  docker image inspect "$1" >/dev/null 2>&1 || timeout 300 docker pull --quiet "$1" >/dev/null 2>&1
}

# The authorities that this machine trusts in addition to Debian's, usually that of a proxy.
own_authorities() { # DIR
  local bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} known file
  mkdir -p "$work/split" "$1"
  rm -f "$work"/split/*
  awk -v dir="$work/split" '/BEGIN CERT/ {n++} n {print > (dir "/" n ".crt")}' "$bundle"
  known=$(for file in /usr/share/ca-certificates/*/*.crt; do openssl x509 -noout -fingerprint -sha256 -in "$file"; done)
  for file in "$work"/split/*; do
    if ! grep -qF "$(openssl x509 -noout -fingerprint -sha256 -in "$file")" <<<"$known"; then
      cp "$file" "$1"
    fi
  done
}

stand_in_debian() {
  local root=$work/debian
  if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends debootstrap >/dev/null
  fi
  rm -rf "$root"
  mkdir -p "$work"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    return 1
  }
  if [[ -f /etc/apt/sources.list.d/debian.sources ]]; then # with security and updates
    rm -f "$root/etc/apt/sources.list"
    cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
  fi
  # The public image has the security updates, too. Otherwise the packages that replace old
  # ones would count twice in the size of our image.
  cp /etc/resolv.conf "$root/etc/"
  chroot "$root" sh -c 'apt-get update -qq && apt-get dist-upgrade -qq --no-install-recommends' >"$work/upgrade.log" 2>&1
  own_authorities "$root/usr/local/share/ca-certificates"
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  # As in the public image: apt keeps neither packages nor their lists' index, and dpkg
  # leaves out documentation.
  printf 'path-exclude /usr/share/%s/*\n' doc man locale info lintian >"$root/etc/dpkg/dpkg.cfg.d/docker"
  cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'X'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
X
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* \
    "$root"/usr/share/{man,locale,info,lintian,doc}/* "$root/etc/resolv.conf"
  # uv, pip and npm use their own lists unless they are configured to use the system's.
  tar -C "$root" --numeric-owner -c . | docker import --change 'LABEL stand-in=true' --change 'CMD ["bash"]' \
    --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    - "$debian" >/dev/null
  rm -rf "$root"
}

stand_in_go() {
  local dir=$work/go
  rm -rf "$dir"
  mkdir -p "$dir/go"
  tar -C "$(go env GOROOT)" --exclude=./test --exclude=./api --exclude=./doc -c . | tar -C "$dir/go" -x
  build "$go" "$dir" <<X
FROM $debian
RUN apt-get update -qq && apt-get install -qq --no-install-recommends git >/dev/null && rm -rf /var/lib/apt/lists/*
COPY go /usr/local/go
ENV GOTOOLCHAIN=local GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LABEL stand-in=true
X
}

# This machine's Python 3.12 if pyenv has one, otherwise Debian's.
stand_in_python() {
  local dir=$work/python source
  rm -rf "$dir"
  mkdir -p "$dir/local"
  source=$(compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.12.*" | sort -V | tail -n 1) || {
    build "$python" "$dir" <<X
FROM $debian
RUN apt-get update -qq && apt-get install -qq --no-install-recommends python3-pip python3-venv >/dev/null && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED
LABEL stand-in=true
X
    return
  }
  tar -C "$source" --exclude='*/test' --exclude='*/tests' --exclude='*/idlelib' --exclude='*.a' --exclude=__pycache__ \
    --exclude='*/site-packages/[!p]*' --exclude='*/_tkinter*.so' -c bin include lib | tar -C "$dir/local" -x
  find "$dir/local/bin" -mindepth 1 ! -name 'python*' ! -name 'pip*' -delete
  find "$dir/local" -name '*.so*' -type f -exec strip --strip-unneeded {} +
  grep -lI '^#!.*/python' "$dir"/local/bin/* | xargs -r sed -i '1s|^#!.*|#!/usr/local/bin/python3.12|'
  build "$python" "$dir" <<X
FROM $debian
RUN apt-get update -qq && apt-get install -qq --no-install-recommends netbase tzdata libbz2-1.0 libcrypt1 libexpat1 libffi8 \
      liblzma5 libncursesw6 libnsl2 libreadline8 libsqlite3-0 libssl3 libtirpc3 libuuid1 zlib1g >/dev/null && rm -rf /var/lib/apt/lists/*
COPY local /usr/local
RUN ldconfig && python3.12 -B -c 'import bz2, ctypes, lzma, readline, sqlite3, ssl, zlib' && python3 -B -m pip --version
LABEL stand-in=true
CMD ["python3"]
X
}

build() { # TAG FOLDER <DOCKERFILE
  cat >"$2/Dockerfile"
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$1" "$2" >/dev/null
  rm -rf "$2"
}

for base in debian go python; do
  if ! there "${!base}"; then
    echo "e2e: no ${!base} to pull; making a stand-in" >&2
    "stand_in_$base"
  fi
done
