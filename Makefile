# GNU make 3.81 (macOS) and newer.
.DEFAULT_GOAL := help
.PHONY: help build test test-faults verify lint fmt generate bench microbench demo clean

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

SQLC := $(GO) tool -modfile=tools/go.mod sqlc
# Run, not a tool line: the linter's authors advise against building it with other versions of its imports.
GOLANGCI := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## a static binary, bin/syncer
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/syncer ./cmd/syncer

test: ## all tests but the slow ones, on a Postgres of their own
	@scripts/postgres
	@scripts/pgbouncer
	$(GO) test -race -shuffle=on -timeout 15m ./...
	cd bench && $(GO) test -race -shuffle=on -timeout 15m ./...

# All tests in files of the tag, and no others: kills, restarts, lost networks and locks take their time.
test-faults: ## the slow ones: kill -9, a restarted Postgres, a silent network, a lock held by hand, two writers at once
	@scripts/postgres
	@scripts/pgbouncer
	files=$$(grep -rl --include='*_test.go' '^//go:build faults' .) && \
	$(GO) test -race -timeout 15m -tags faults -run "^($$(sed -n 's/^func \(Test[A-Za-z0-9]*\)(.*/\1/p' $$files | paste -sd '|' -))$$" \
		$$(dirname $$files | sort -u)

# Cheap ones first: sqlc and the linter take minutes to build the first time.
verify: ## what CI proves beside the tests
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) && if [ -n "$$unformatted" ]; then \
		echo "not gofmt-ed (make fmt mends them):" >&2; echo "$$unformatted" >&2; exit 1; fi
	$(GO) mod tidy -diff
	CGO_ENABLED=0 $(GO) build ./...
	$(GO) vet -tags faults ./...
	$(GO) fix -diff ./...
	cd bench && $(GO) mod tidy -diff && CGO_ENABLED=0 $(GO) build ./... && $(GO) vet ./... && $(GO) fix -diff ./...
	$(SQLC) diff
	@$(MAKE) --no-print-directory lint

lint: ## golangci-lint
	$(GOLANGCI) run ./...
	cd bench && $(GOLANGCI) run --config ../.golangci.yml ./...

fmt: ## format the code, and mend what go fix and the linter can mend
	$(GO) fix ./...
	$(GOLANGCI) fmt ./...
	$(GOLANGCI) run --fix ./...
	cd bench && $(GO) fix ./... && $(GOLANGCI) fmt --config ../.golangci.yml ./... && $(GOLANGCI) run --config ../.golangci.yml --fix ./...

generate: ## internal/db/query from queries/ and migrations/; the data dictionary and dbt's sources from a migrated database
	$(SQLC) generate
	@scripts/postgres
	$(GO) test ./internal/dictionary -run '^TestTheFilesSayWhatTheCatalogueSays$$' -count 1 -update

# BENCH=-quick is a smoke test of a minute; see docs/performance.md.
bench: ## syncer beside a straightforward program, about 10 minutes
	@scripts/postgres
	cd bench && $(GO) run . $(BENCH)

microbench: ## Go's benchmarks
	@scripts/postgres
	$(GO) test -run '^$$' -bench . -benchmem ./...
	cd bench && $(GO) test -run '^$$' -bench . -benchmem ./...

demo: build ## the daemon against a fake Polar, nothing to set up
	bin/syncer demo

clean: ## remove what make built
	rm -rf bin coverage coverage.out
