# Every target installs its own tools below .cache; a second run reuses them.

GOTEST ?= scripts/go_test.py
# Tests that wait for a lock or a failover leave the processors to other packages.
PACKAGES ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

# One static program: with cgo, the Snowflake driver would load a shared library.
export CGO_ENABLED ?= 0
export GOFLAGS := $(shell go env GOFLAGS) -tags=minicore_disabled

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## Run dbt-tally twice on a small shop, with a day's changes in between
	@scripts/tools.sh dbt-1.11
	@scripts/demo.sh

.PHONY: build
build: ## Build build/dbt-tally
	go build -trimpath -o build/dbt-tally .

.PHONY: test
test: tools ## Run every test, on real dbt, DuckDB, PostgreSQL, PgBouncer, MariaDB, MySQL and an emulated Snowflake
	go vet ./...
	$(GOTEST) -p $(PACKAGES) -vet=off -timeout 40m ./...

.PHONY: lint
lint: ## Check format, sources, scripts and Dockerfile
	@scripts/tools.sh uv golangci-lint
	@scripts/lint.sh

.PHONY: golden
golden: ## Rewrite the golden files with the tests' results; read the diff
	go test $$(grep -rl --include='*_test.go' internaltest/golden . | xargs -n 1 dirname | sort -u) -update

.PHONY: pictures
pictures: ## Draw docs/pictures from the golden files, as GitHub shows them
	@scripts/tools.sh pictures
	@node scripts/pictures/render.mjs .cache/pictures
	@scripts/tools.sh browser
	@mkdir -p build/pictures
	go test ./internal/report/html -run TestInChromium -count 1 -pictures $(CURDIR)/build/pictures
	@cp build/pictures/panel-1280-light.png docs/pictures/report-light.png
	@cp build/pictures/panel-1280-dark.png docs/pictures/report-dark.png

.PHONY: fuzz
fuzz: ## Run each fuzz test for 20 s
	@scripts/fuzz.sh

.PHONY: bench
bench: tools ## Compare the cost of dbt-tally with its limits
	go test ./bench -run '^$$' -bench . -benchtime 1x -timeout 2h

.PHONY: e2e
e2e: ## Test the image on a Docker engine, under a runner, with an emulated GitHub
	@scripts/tools.sh act dbt-1.11 emulate fakesnow image
	@scripts/e2e/engine.sh
	@scripts/e2e/bases.sh
	@scripts/e2e/services.sh
	@scripts/e2e/image.sh dbt-tally:e2e
	go test -tags e2e -count 1 -timeout 30m -skip TestReleaseDay -v ./scripts/e2e
	go test -tags e2e -count 1 -run OnAnotherGitHub ./internal/stories

.PHONY: rehearsal
rehearsal: ## Rehearse a release with a local registry and a local Git remote
	@scripts/tools.sh act emulate docker-registry
	@scripts/e2e/engine.sh
	@scripts/e2e/bases.sh
	go test -tags e2e -count 1 -timeout 60m -run TestReleaseDay -v ./scripts/e2e

.PHONY: tools
tools: ## Install the programs that the tests need
	@scripts/tools.sh dbt-1.7-mysql dbt-1.8 dbt-1.11 dbt-1.12 fakesnow openapi webhooks pgbouncer mariadb mysql browser

.PHONY: lock
lock: ## Set every pin that Dependabot cannot watch to its newest version
	@scripts/pins.py
	@scripts/lock.sh

.PHONY: clean
clean: ## Remove build output; rm -r .cache removes the tools too
	rm -rf build
