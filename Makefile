# Two commands: `make run` and `make test`. Everything else is a part of them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := .make
UV := $(BIN)/uv pip
LOCK_FLAGS := --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --python-version 3.11
STATIC := server/src/moothall/static

say = @printf '\033[1m› %s\033[0m\n' $(1)

.PHONY: help picture run setup test test-server test-sfu test-web test-e2e lint lint-server lint-sfu lint-web fix deps lock migration clean test-kill test-fuzz fuzz test-impairment test-contract bench-api
help: ## Show this list.
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: setup ## Install, build, start; prints a host link and a guest link that work.
	@exec $(BIN)/moothall serve --demo

setup: $(STAMP)/sfu $(STAMP)/web $(STAMP)/bytecode ## Build everything into .venv.

# ---- build -----------------------------------------------------------------------------------------------------------
$(STAMP)/venv:
	$(call say,"creating $(VENV)")
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Moothall needs Python 3.11 or newer; $(PYTHON) is older (set PYTHON=…)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "No venv module: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/runtime: $(STAMP)/venv server/requirements.lock server/requirements-build.lock
	$(call say,"installing the server's libraries")
	@$(UV) install --quiet --compile-bytecode --require-hashes -r server/requirements.lock -r server/requirements-build.lock
	@touch $@

$(STAMP)/server: $(STAMP)/runtime server/pyproject.toml
	@$(UV) install --quiet --no-deps --no-build-isolation -e server
	@touch $@

# A start compiles what is not compiled, every time where Python may not write beside the sources.
$(STAMP)/bytecode: $(STAMP)/server $(shell find server/src -name '*.py' 2>/dev/null)
	@$(BIN)/python -m compileall -q server/src
	@touch $@

SFU_SOURCES := $(shell find sfu -path sfu/target -prune -o -type f \( -name '*.rs' -o -name '*.toml' -o -name Cargo.lock -o -name '*.py' -o -name '*.pyi' \) -print 2>/dev/null)
$(STAMP)/sfu: $(STAMP)/runtime $(SFU_SOURCES)
	$(call say,"building the SFU in Rust: three minutes or so the first time")
	@command -v cargo >/dev/null || { echo "No Rust toolchain: install one with rustup"; exit 1; }
	@cd sfu && ../$(BIN)/maturin build --release --locked --quiet --out ../$(STAMP)/wheels --interpreter ../$(BIN)/python
	@$(UV) install --quiet --no-deps --reinstall "$$(ls -t $(STAMP)/wheels/moothall_sfu-*.whl | head -1)"
	@touch $@

WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)
$(STAMP)/node: web/package.json web/package-lock.json
	$(call say,"installing the web client's libraries")
	@command -v npm >/dev/null || { echo "No npm: install Node 20 or newer"; exit 1; }
	@mkdir -p $(STAMP)
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMP)/web: $(STAMP)/node $(WEB_SOURCES)
	$(call say,"building the meeting page")
	@cd web && npm run --silent build
	@rm -rf $(STATIC) && cp -r web/dist $(STATIC)
	@touch $@

# ---- development -----------------------------------------------------------------------------------------------------
$(STAMP)/dev: $(STAMP)/runtime server/requirements-dev.lock
	$(call say,"installing what the tests need")
	@$(UV) install --quiet --compile-bytecode --require-hashes -r server/requirements-dev.lock
	@touch $@

$(STAMP)/compat: compat/package.json compat/package-lock.json
	@mkdir -p $(STAMP)
	@cd compat && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Browsers and PostgreSQL come from Debian where the machine has none.
$(STAMP)/system:
	$(call say,"looking for a browser and PostgreSQL")
	@./deploy/install-test-tools
	@mkdir -p $(STAMP) && touch $@

deps: $(STAMP)/dev ## Install the locked Python libraries, those of the tests included.

lock: $(STAMP)/venv ## Resolve server/requirements*.in into the lock files.
	@cd server && for f in requirements requirements-build requirements-dev; do ../$(UV) compile $(LOCK_FLAGS) $$f.in -o $$f.lock; done

migration: $(STAMP)/dev ## Write a migration from the tables in the code: make migration m="what changes" (initial=1 rewrites 0001).
	@$(BIN)/python -m moothall.db.revise $(if $(initial),--initial,"$(m)")

# ---- tests and gates -------------------------------------------------------------------------------------------------
test: setup $(STAMP)/dev $(STAMP)/compat $(STAMP)/system ## Install what the tests need and pass them all.
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-sfu
	@$(MAKE) --no-print-directory test-fuzz
	@$(MAKE) --no-print-directory test-web
	@$(MAKE) --no-print-directory test-server
	@$(MAKE) --no-print-directory test-e2e
	$(call say,"all green")

# Optimised, but not across crates: linked that way, each of the ten test binaries compiles most of the libraries once more.
test-sfu:
	$(call say,"SFU: cargo test")
	@cd sfu && CARGO_PROFILE_RELEASE_LTO=off cargo test --release --locked --quiet --workspace --exclude moothall-sfu-py

test-web: $(STAMP)/node
	$(call say,"web: vitest")
	@cd web && npm test --silent

test-server: $(STAMP)/dev
	$(call say,"server: pytest")
	@cd server && ../$(BIN)/pytest -n 2 --dist loadfile tests ../sfu/py/tests --ignore tests/compat
	$(call say,"server: unmodified LiveKit clients")
	@cd server && ../$(BIN)/pytest tests/compat

test-e2e: $(STAMP)/dev
	$(call say,"meetings in real browsers")
	@cd e2e && ../$(BIN)/pytest

test-impairment: setup $(STAMP)/dev $(STAMP)/system ## Chromium on bad networks, a minute each: loss, delay, another address, no UDP; prints what it measured.
	@cd server && IMPAIRMENT_SECONDS=60 ../$(BIN)/pytest tests/compat/test_impairment.py tests/compat/test_narrow_networks.py -s --timeout 1800

test-fuzz: $(STAMP)/dev ## Fuzz everything that reads bytes of strangers, guided by coverage, for a minute in all, the same way each time.
	$(call say,"SFU: half a minute of fuzzing")
	@FUZZ_SEED=1 sfu/fuzz/run 4
	$(call say,"signalling: half a minute of fuzzing")
	@FUZZ_SEED=1 PYTHONHASHSEED=0 server/tests/fuzz/run 6

fuzz: $(STAMP)/dev ## The same for ten minutes each; what fails is kept in a folder found beside the corpus.
	@sfu/fuzz/run 600
	@server/tests/fuzz/run 600

test-kill: setup $(STAMP)/dev ## Kill the server 200 times under 10,000 writes: nothing acknowledged is lost.
	@cd e2e && KILLS=200 ../$(BIN)/pytest test_kill_loop.py -s --timeout 7200

test-contract: setup $(STAMP)/dev $(STAMP)/system ## 20,000 requests of what the reference allows and forbids; two databases in step for longer.
	@cd server && CONTRACT_REQUESTS=20000 ../$(BIN)/pytest tests/contract -s

bench-api: setup $(STAMP)/dev $(STAMP)/system ## CPU of an API request on SQLite and PostgreSQL; writes docs/benchmarks-api.md.
	@$(BIN)/python bench/api/run

bench-sfu: setup ## Our SFU, Janus and livekit-server under the same load in turn; writes docs/benchmarks.md (root).
	@bench/run

lint: lint-server lint-sfu lint-web ## Every static gate.

# Seen from server/; what has no ending is named.
PYTHON_SOURCES := src tests ../e2e ../sfu/py ../bench ../bench/run ../bench/api/run

lint-server: $(STAMP)/dev
	$(call say,"server: ruff · mypy · import-linter")
	@cd server && ../$(BIN)/ruff check $(PYTHON_SOURCES) && ../$(BIN)/ruff format --check --quiet $(PYTHON_SOURCES)
	@cd server && ../$(BIN)/mypy
	@cd server && ../$(BIN)/lint-imports

lint-sfu:
	$(call say,"SFU: rustfmt · clippy")
	@cd sfu && cargo fmt --all --check && cargo clippy --release --locked --quiet --workspace --all-targets -- -D warnings

lint-web: $(STAMP)/node
	$(call say,"web: biome · tsc · dependency-cruiser")
	@cd web && npm run --silent lint

fix: $(STAMP)/dev ## Format, and mend what the linters can mend.
	@cd server && ../$(BIN)/ruff check --fix --quiet $(PYTHON_SOURCES); ../$(BIN)/ruff format --quiet $(PYTHON_SOURCES)
	@cd sfu && cargo fmt --all
	@cd web && npx biome check --write .

clean: ## Remove everything built; data stays.
	@rm -rf $(VENV) $(STAMP) $(STATIC) sfu/target web/node_modules web/dist compat/node_modules

picture: setup $(STAMP)/dev $(STAMP)/system ## Take the README's picture of a real meeting.
	@cd e2e && ../$(BIN)/python picture.py
