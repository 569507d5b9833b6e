#!/usr/bin/env bash
# release.sh check VERSION: refuse a version that is not a release of this commit.
#
# release.sh tag VERSION IMAGE DIGEST: create the tag vVERSION on one commit on top of
# main whose action.yml refers to the image by digest, move the major version's tag there,
# and push both.
#
# release.sh guard REF IMAGE DIGEST: refuse unless the action.yml of a commit runs only
# this image, by this digest.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "release: $1; see RELEASING.md" >&2
  exit 1
}

check() {
  local version=$1
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "invalid version \"$version\"; use one such as 1.2.3"
  grep -qF "## [$version]" CHANGELOG.md || refuse "CHANGELOG.md has no section \"## [$version]\"; add one"
  grep -q '^  image: Dockerfile$' action.yml || refuse "action.yml does not build the Dockerfile: this commit is already a release; use one of main"
  ! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null || refuse "v$version is already released; use a new version"
}

guard() {
  local named want="  image: docker://$2@$3"
  named=$(git show "$1:action.yml" | grep '^ *image:') || refuse "action.yml at $1 names no image"
  [[ $named == "$want" ]] || refuse "action.yml at $1 has \"$named\"; expected \"$want\""
}

tag() {
  local version=$1 image=$2 digest=$3 major=v${1%%.*}
  check "$version"
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || refuse "invalid digest \"$digest\"; expected sha256: and 64 hexadecimal digits"
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
  *) refuse "unknown command \"${1:-}\"; expected check, tag or guard" ;;
esac
