# Sealstream. `make run` needs Python 3.11 or newer and Node 20 or newer, and nothing else installed by hand.
SHELL := /bin/sh
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
CLIENT := client-web
# What a finished step leaves behind; gone with what it stands for, so that nothing is believed too long.
RUNTIME := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.installed-dev
PACKAGES := $(CLIENT)/node_modules/.package-lock.json
SHELL_PACKAGES := capacitor/node_modules/.package-lock.json
# What the engine's tests compare with: a large package that nobody needs who only runs the messenger.
OFFICIAL := $(CLIENT)/tests/official-library
OFFICIAL_PACKAGES := $(OFFICIAL)/node_modules/.package-lock.json
BUILT := $(CLIENT)/dist/index.html
CLIENT_SOURCES := $(shell find $(CLIENT)/src $(CLIENT)/public -type f 2>/dev/null) \
	$(wildcard $(CLIENT)/*.ts $(CLIENT)/index.html $(CLIENT)/package.json)

.PHONY: help run test soak chaos lint format native bench bench-audit bench-archive lock client client-check clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME) $(BUILT)  ## build everything and run it (data in ./.sealstream)
	@SEALSTREAM_DATA="$${SEALSTREAM_DATA:-.sealstream}" exec $(VENV)/bin/sealstream up

test: $(DEVELOPMENT) $(PACKAGES) $(SHELL_PACKAGES) $(OFFICIAL_PACKAGES)  ## every check and every test; ONLY=lint, python, client or browser runs one part
	@exec $(PYTHON) -m ops.testing $(ONLY)

soak: $(DEVELOPMENT) $(PACKAGES) $(SHELL_PACKAGES) $(OFFICIAL_PACKAGES)  ## repeat one test on a busy machine: make soak N=20 TEST=tests/FILE.py::NAME
	@exec $(PYTHON) -m ops.testing.soak "$(TEST)" "$(or $(N),20)"

chaos: $(DEVELOPMENT)  ## a million messages while everything fails at random, then the check; SEED=S N=20000 repeats a round
	@exec $(PYTHON) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(N),--messages $(N))

lint: $(DEVELOPMENT)  ## linters and type checks only
	@exec $(PYTHON) -m ops.testing lint

format: $(DEVELOPMENT) $(PACKAGES)  ## format all code
	$(VENV)/bin/ruff check --fix-only --quiet .
	$(VENV)/bin/ruff format .
	cd $(CLIENT) && npm run --silent format

bench: $(DEVELOPMENT)  ## messages a second, latencies, CPU and memory of relays of its own; JSON=FILE keeps the run for ops.load.compare
	@exec $(PYTHON) -m ops.load --start $(if $(JSON),--json > $(JSON))

bench-audit: $(RUNTIME)  ## entries a second that the audit folds, and what bounds it
	@exec $(PYTHON) -m ops.replay.bench

bench-archive: $(DEVELOPMENT)  ## three million messages through a log of 256 MiB, then everything read back and audited (half an hour)
	@exec $(PYTHON) -m ops.load.archive --messages 3000000 --memory 256

lock: $(DEVELOPMENT)  ## write the requirement files anew from pyproject.toml
	@exec $(PYTHON) -m ops.lock

client: $(BUILT)  ## build the web client

native: $(PACKAGES) $(SHELL_PACKAGES)  ## build the client for phones into the Android and iOS projects
	@cd $(CLIENT) && npm run --silent build:native
	@cd capacitor && PATH="$$PWD/../$(CLIENT)/node_modules/.bin:$$PATH" npm run --silent sync
	@echo "Open capacitor/android in Android Studio, or capacitor/ios/App/App.xcodeproj in Xcode."

client-check: $(PACKAGES) $(SHELL_PACKAGES) $(OFFICIAL_PACKAGES)
	@cd $(CLIENT) && npm run --silent check

clean:  ## remove everything built (data directories stay)
	rm -rf $(VENV) $(CLIENT)/node_modules $(OFFICIAL)/node_modules $(CLIENT)/dist capacitor/node_modules capacitor/dist $(CLIENT)/.artifacts *.egg-info build \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .test-results .chaos
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt pyproject.toml ops/venv.sh
	@sh ops/venv.sh $(VENV) requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@sh ops/venv.sh $(VENV) requirements-dev.txt
	@touch $@

$(PACKAGES): $(CLIENT)/package-lock.json $(CLIENT)/package.json ops/node.sh
	@sh ops/node.sh
	@echo "Installing the client's packages …"
	@cd $(CLIENT) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(SHELL_PACKAGES): capacitor/package-lock.json capacitor/package.json $(PACKAGES)
	@echo "Installing the phone shells' packages …"
	@cd capacitor && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(OFFICIAL_PACKAGES): $(OFFICIAL)/package-lock.json $(OFFICIAL)/package.json $(PACKAGES)
	@echo "Installing Signal's own library for the tests …"
	@cd $(OFFICIAL) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUILT): $(PACKAGES) $(CLIENT_SOURCES)
	@echo "Building the client …"
	@cd $(CLIENT) && npm run --silent build
	@touch $@
