#!/usr/bin/env bash
# release.sh check VERSION: refuse unless the checkout is origin/main's newest commit and
# VERSION is newer than every release.
#
# release.sh tag VERSION IMAGE DIGEST: create the tag vVERSION on one commit on top of
# main whose action.yml refers to the image by digest, move the major version's tag there,
# and push both at once.
#
# release.sh guard REF IMAGE DIGEST: refuse unless the action.yml of a commit runs only
# this image, by this digest.
#
# Every problem is reported, one per line.
set -euo pipefail

problems=()

problem() {
  problems+=("$1")
}

refuse_if_any() {
  local each
  for each in ${problems[@]+"${problems[@]}"}; do
    echo "release: $each; see RELEASING.md" >&2
  done
  [[ ${#problems[@]} == 0 ]] || exit 1
}

refuse() {
  problem "$1"
  refuse_if_any
}

# newest_release prints the newest released version, or nothing before the first release.
newest_release() {
  git tag --list 'v*' | sed -nE 's/^v([0-9]+\.[0-9]+\.[0-9]+)$/\1/p' | sort --version-sort | tail -n 1
}

check_version() {
  local version=$1 newest
  if [[ ! $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$ ]]; then
    problem "invalid version \"$version\"; use one such as 1.2.3"
    return
  fi
  grep -qF "## [$version]" CHANGELOG.md || problem "CHANGELOG.md has no section \"## [$version]\"; add one"
  newest=$(newest_release)
  if [[ $newest == "$version" ]]; then
    problem "v$version is already released; use a new version"
  elif [[ -n $newest && $(printf '%s\n' "$newest" "$version" | sort --version-sort | tail -n 1) != "$version" ]]; then
    # A release is the newest main, so it needs the highest number.
    problem "v$newest is already released; use a version after it"
  fi
}

check_commit() {
  [[ -z $(git status --porcelain) ]] || problem "the checkout has changes; release a clean one"
  grep -q '^  image: Dockerfile$' action.yml ||
    problem "action.yml does not build the Dockerfile: this commit is already a release; use one of main"
}

fetch() {
  git fetch --quiet origin '+refs/heads/main:refs/remotes/origin/main' '+refs/tags/*:refs/tags/*'
}

check() {
  fetch
  check_version "$1"
  check_commit
  [[ $(git rev-parse HEAD) == $(git rev-parse origin/main) ]] || problem "HEAD is not the newest commit of origin/main; release that one"
  refuse_if_any
}

guard() {
  local named want="  image: docker://$2@$3"
  named=$(git show "$1:action.yml" | grep '^ *image:') || refuse "action.yml at $1 names no image"
  [[ $named == "$want" ]] || refuse "action.yml at $1 has \"$named\"; expected \"$want\""
}

tag() {
  local version=$1 image=$2 digest=$3 major=v${1%%.*}
  fetch
  check_version "$version"
  check_commit
  # The newest commit is not required, because others may have pushed to main while the image
  # was built.
  git merge-base --is-ancestor HEAD origin/main || problem "HEAD is not a commit of origin/main; release main"
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || problem "invalid digest \"$digest\"; expected sha256: and 64 hexadecimal digits"
  refuse_if_any
  git checkout --quiet --detach
  sed -i.main "s|^  image: Dockerfile$|  image: docker://$image@$digest|" action.yml
  rm action.yml.main
  git -c user.name=github-actions[bot] -c user.email=41898282+github-actions[bot]@users.noreply.github.com \
    commit --quiet --message "release v$version" -- action.yml
  guard HEAD "$image" "$digest"
  git push --quiet --atomic origin "HEAD:refs/tags/v$version" "+HEAD:refs/tags/$major"
}

usage() {
  refuse "wrong arguments: ${*:-none}; expected check VERSION, tag VERSION IMAGE DIGEST, or guard REF IMAGE DIGEST"
}

cd "$(dirname "$0")/.."
case "${1:-} $#" in
  "check 2") check "$2" ;;
  "tag 4") tag "$2" "$3" "$4" ;;
  "guard 4") guard "$2" "$3" "$4" ;;
  *) usage "$@" ;;
esac
