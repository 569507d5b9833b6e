#!/usr/bin/env bash
# release.sh check VERSION: refuse what is no release of this commit.
# release.sh tag VERSION IMAGE DIGEST: tag vVERSION, one commit beside main whose
# action.yml names the image by digest, move the major version's tag there, and
# push both.
# release.sh guard REF IMAGE DIGEST: refuse unless the action.yml of a commit runs
# this image, by this digest, and no other.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "release: $1; see RELEASING.md" >&2
  exit 1
}

check() {
  local version=$1
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "version \"$version\" is none; want one such as 1.2.3"
  grep -qF "## [$version]" CHANGELOG.md || refuse "CHANGELOG.md has no section \"## [$version]\""
  grep -q '^  image: Dockerfile$' action.yml || refuse "action.yml does not build the Dockerfile: this is a release already"
  ! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null || refuse "v$version was released"
}

guard() {
  local named want="  image: docker://$2@$3"
  named=$(git show "$1:action.yml" | grep '^ *image:') || refuse "action.yml at $1 names no image"
  [[ $named == "$want" ]] || refuse "action.yml at $1 says \"$named\"; want \"$want\""
}

tag() {
  local version=$1 image=$2 digest=$3 major=v${1%%.*}
  check "$version"
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "digest \"$digest\" is none"
  git checkout --quiet --detach
  sed -i.main "s|^  image: Dockerfile$|  image: docker://$image@$digest|" action.yml
  rm action.yml.main
  git -c user.name=github-actions[bot] -c user.email=41898282+github-actions[bot]@users.noreply.github.com \
    commit --quiet --message "release v$version" -- action.yml
  guard HEAD "$image" "$digest"
  git tag "v$version"
  git tag --force "$major"
  git push --quiet origin "refs/tags/v$version"
  git push --quiet --force origin "refs/tags/$major"
}

case ${1:-} in
  check) check "$2" ;;
  tag) tag "$2" "$3" "$4" ;;
  guard) guard "$2" "$3" "$4" ;;
  *) refuse "\"${1:-}\" is no command; want check, tag or guard" ;;
esac
