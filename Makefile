# Two commands on a fresh machine: `make run` and `make test`.
SWIFT ?= swift
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BUILD = $(SWIFT) build -c release --jobs $(JOBS)
BINARY = .build/release/bincard

.PHONY: run test test-build simulate crash crash-quick abuse abuse-quick fuzz
.PHONY: build dependencies test-dependencies format openapi bench clean

run: dependencies
	$(BUILD) --product bincard
	$(BINARY) serve

build: dependencies
	$(BUILD) --product bincard

# Tests run in release mode: what is tested is what is shipped, and one build serves both.
# One after another: many of them measure time, run servers or hold both cores.
test: test-build
	$(BINARY) openapi --check
	scripts/check-openapi
	scripts/fuzz-apis
	$(MAKE) abuse-quick
	$(MAKE) crash-quick
	$(SWIFT) test -c release --skip-build --disable-xctest --no-parallel --skip SimulationTests
	SWIFT_DETERMINISTIC_HASHING=1 $(SWIFT) test -c release --skip-build --disable-xctest --no-parallel \
		--filter SimulationTests

test-build: test-dependencies
	$(BUILD) --build-tests

# More seeds of the simulator than `make test` has, on all cores: make simulate SEEDS=10000 FIRST=1
simulate: test-build
	scripts/simulate $(SEEDS) $(FIRST)

# Kills, cuts off, starves and confuses a server under load in every way that we know, and proves after each time that it
# kept its promises. `crash-quick` is the part of it that `make test` has time for; it takes the binary that is there.
crash: build test-dependencies
	python3 Tests/Crash

crash-quick:
	python3 Tests/Crash --quick

# Everything that clients can do wrong, at length: half an hour. What `make test` has of it takes about a minute.
abuse: test-dependencies build
	.venv/bin/python Tests/Abuse

abuse-quick:
	.venv/bin/python Tests/Abuse --quick

# libFuzzer on what reads bytes from outside, ten minutes for each target.
fuzz:
	Fuzzing/run 600

dependencies:
	scripts/install-dependencies build

test-dependencies:
	scripts/install-dependencies test
	scripts/install-python-tools

# Writes openapi/*.json anew from the declarations in the code.
openapi: build
	$(BINARY) openapi --write

bench: build
	$(BINARY) bench

format:
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Benchmarks Fuzzing/Sources Fuzzing/Package.swift Package.swift

clean:
	rm -rf .build .venv
