# The two main commands are `make run` and `make test`; most other targets are parts of them.
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

.PHONY: help picture run setup test test-server test-sfu test-web test-e2e lint lint-server lint-sfu lint-web fix deps lock page-api screens migration clean test-kill test-fuzz fuzz test-impairment test-firefox test-go-sdk test-contract bench-api bench-page settings-docs embed-docs
help: ## Show this list.
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: setup ## Install, build and start the server; prints working host and guest links.
	@exec $(BIN)/moothall serve --demo

setup: $(STAMP)/tools $(STAMP)/sfu $(STAMP)/web $(STAMP)/bytecode ## Build everything into .venv.

# ---- build -----------------------------------------------------------------------------------------------------------
# First and once: what is missing is told all together, before minutes of building.
$(STAMP)/tools: deploy/check-build-tools
	@deploy/check-build-tools $(PYTHON)
	@mkdir -p $(STAMP) && touch $@

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

# Compiled in advance, because Python recompiles at every start where it may not write bytecode.
$(STAMP)/bytecode: $(STAMP)/server $(shell find server/src -name '*.py' 2>/dev/null)
	@$(BIN)/python -m compileall -q server/src
	@touch $@

SFU_SOURCES := $(shell find sfu -path sfu/target -prune -o -type f \( -name '*.rs' -o -name '*.toml' -o -name Cargo.lock -o -name '*.py' -o -name '*.pyi' \) -print 2>/dev/null)
$(STAMP)/sfu: $(STAMP)/runtime $(SFU_SOURCES)
	$(call say,"building the SFU in Rust: about three minutes the first time")
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

$(STAMP)/web: $(STAMP)/node $(WEB_SOURCES) deploy/compress-page.mjs
	$(call say,"building the meeting page")
	@cd web && npm run --silent build
	@rm -rf $(STATIC) && cp -r web/dist $(STATIC)
	@node deploy/compress-page.mjs $(STATIC)
	@touch $@

# ---- development -----------------------------------------------------------------------------------------------------
$(STAMP)/dev: $(STAMP)/runtime server/requirements-dev.lock
	$(call say,"installing test dependencies")
	@$(UV) install --quiet --compile-bytecode --require-hashes -r server/requirements-dev.lock
	@touch $@

$(STAMP)/compat: compat/package.json compat/package-lock.json compat/java/pom.xml $(wildcard compat/java/src/main/java/*.java) | $(STAMP)/system
	$(call say,"installing the stock Node and Java SDKs")
	@mkdir -p $(STAMP)
	@cd compat && npm ci --no-audit --no-fund --loglevel=error
	@cd compat/java && mvn --quiet --batch-mode --strict-checksums process-classes
	@touch $@

# Missing browsers and PostgreSQL are installed from Debian.
$(STAMP)/system: deploy/install-test-tools
	$(call say,"looking for a browser and PostgreSQL")
	@./deploy/install-test-tools
	@mkdir -p $(STAMP) && touch $@

EXAMPLES := $(shell find examples web/src/embed web/embed \( -path examples/node_modules -o -path examples/dist -o -path web/embed/dist \) -prune -o -type f -print 2>/dev/null)
$(STAMP)/examples: $(STAMP)/node $(EXAMPLES)
	$(call say,"building the examples")
	@cd web && npm run --silent build:embed -- --logLevel error
	@cd examples && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build -- --logLevel error
	@touch $@

deps: $(STAMP)/dev ## Install the locked Python libraries, including those for tests.

lock: $(STAMP)/venv ## Update the lock files from server/requirements*.in.
	@cd server && for f in requirements requirements-build requirements-dev; do ../$(UV) compile $(LOCK_FLAGS) $$f.in -o $$f.lock; done

screens: $(STAMP)/node $(STAMP)/system ## Take pictures of the main screens into docs/screens (all of them: npm run screenshots).
	@rm -rf docs/screens && mkdir -p docs/screens
	@cd web && SCREENS=sheets SCREENS_OUT=../docs/screens npm run --silent screenshots

page-api: $(STAMP)/dev $(STAMP)/node ## Write the page's API document and its typed client from the server's models.
	@$(BIN)/python -m moothall.page.reference > web/src/api/page.openapi.json
	@cd web && npm run --silent page-api

migration: $(STAMP)/dev ## Generate a migration from the tables in the code: make migration m="message" (initial=1 rewrites 0001).
	@$(BIN)/python -m moothall.db.revise $(if $(initial),--initial,"$(m)")

embed-docs: $(STAMP)/node ## Write the tables of docs/embed.md from the schema in web/src/embed.
	@cd web && UPDATE_EMBED_DOCS=1 npx vitest run src/embed/docs.test.ts

settings-docs: $(STAMP)/dev ## Generate docs/settings.md from the settings in the code.
	@$(BIN)/python -m moothall.settings.reference > docs/settings.md

# ---- tests and gates -------------------------------------------------------------------------------------------------
test: setup $(STAMP)/dev $(STAMP)/compat $(STAMP)/system ## Install the test dependencies and run all checks and tests.
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-sfu
	@$(MAKE) --no-print-directory test-fuzz
	@$(MAKE) --no-print-directory test-web
	@$(MAKE) --no-print-directory test-server
	@$(MAKE) --no-print-directory test-e2e
	$(call say,"all green")

# Without LTO: with it, each of the ten test binaries would recompile most of the libraries.
test-sfu:
	$(call say,"SFU: cargo test")
	@cd sfu && CARGO_PROFILE_RELEASE_LTO=off cargo test --release --locked --quiet --workspace --exclude moothall-sfu-py

test-web: $(STAMP)/node
	$(call say,"web: vitest")
	@cd web && npm test --silent

# Real clients depend on what else the machine does: a failed test runs once more, and the summary
# names it as RERUN. A name there is a fault of the test or of the server, to be looked into.
REAL_CLIENTS := --reruns 1 -rfER

# One order of the tests, so that a failure points to a change. Another order: make test-server SEED=2
SEED ?= 1
test-server: $(STAMP)/dev
	$(call say,"server: pytest")
	@cd server && ../$(BIN)/pytest -n 2 --dist loadfile --randomly-seed=$(SEED) tests ../sfu/py/tests --ignore tests/compat
	@cd bench && ../$(BIN)/pytest --randomly-seed=$(SEED) tests
	$(call say,"server: unmodified LiveKit clients")
	@cd server && ../$(BIN)/pytest --randomly-seed=$(SEED) $(REAL_CLIENTS) tests/compat

test-e2e: $(STAMP)/dev $(STAMP)/examples
	$(call say,"meetings in real browsers")
	@cd e2e && ../$(BIN)/pytest $(REAL_CLIENTS)

test-firefox: setup $(STAMP)/dev $(STAMP)/system ## Test Debian's Firefox and Chromium in one meeting (needs network namespaces).
	@deploy/install-test-tools firefox
	@cd e2e && ./in_namespace ../$(BIN)/pytest test_firefox.py

test-impairment: setup $(STAMP)/dev $(STAMP)/system ## Test Chromium on bad networks for a minute each (loss, delay, address change, no UDP); prints measurements.
	@cd server && IMPAIRMENT_SECONDS=60 ../$(BIN)/pytest tests/compat/test_impairment.py tests/compat/test_narrow_networks.py -s --timeout 1800

test-go-sdk: $(STAMP)/sfu $(STAMP)/dev ## Run the integration tests of LiveKit's Go SDK against the engine (needs Go and port 7880).
	@command -v go >/dev/null || { echo "No Go toolchain: install Go $$(sed -n 's/^go //p' compat/go/go.mod) or newer"; exit 1; }
	@cd server && GO_SDK=1 ../$(BIN)/pytest tests/compat/test_go_sdk.py -s

test-fuzz: $(STAMP)/dev ## Fuzz all parsers of untrusted bytes for one minute with a fixed seed (coverage-guided).
	$(call say,"SFU: 30 seconds of fuzzing")
	@FUZZ_SEED=1 sfu/fuzz/run 4
	$(call say,"signalling: 30 seconds of fuzzing")
	@FUZZ_SEED=1 PYTHONHASHSEED=0 server/tests/fuzz/run 6

fuzz: $(STAMP)/dev ## Fuzz for ten minutes per target with random seeds; failing inputs are saved in `found` beside the corpus.
	@sfu/fuzz/run 600
	@server/tests/fuzz/run 600

test-kill: setup $(STAMP)/dev ## Kill the server 200 times during 10,000 writes and check that nothing acknowledged is lost.
	@cd e2e && KILLS=200 ../$(BIN)/pytest test_kill_loop.py -s --timeout 7200

test-contract: setup $(STAMP)/dev $(STAMP)/system ## Send 20,000 valid and invalid requests generated from the API reference; compare the two databases.
	@cd server && CONTRACT_REQUESTS=20000 ../$(BIN)/pytest tests/contract -s

bench-page: setup $(STAMP)/dev $(STAMP)/system ## Measure the meeting page in Chromium: the first picture, and the CPU of 25; writes docs/benchmarks-page.md.
	@$(BIN)/python bench/page/run

bench-api: setup $(STAMP)/dev $(STAMP)/system ## Measure the CPU time of API requests on SQLite and PostgreSQL; writes docs/benchmarks-api.md.
	@$(BIN)/python bench/api/run

bench-sfu: setup ## Compare our SFU with Janus and livekit-server under the same load; writes docs/benchmarks.md (needs root).
	@bench/run

lint: lint-server lint-sfu lint-web ## Run all linters and static checks.

# Relative to server/; scripts without the .py extension are listed by name.
PYTHON_SOURCES := src tests ../e2e ../sfu/py ../bench ../bench/run ../bench/api/run ../bench/page/run

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

fix: $(STAMP)/dev ## Format the code and apply automatic fixes of the linters.
	@cd server && ../$(BIN)/ruff check --fix --quiet $(PYTHON_SOURCES); ../$(BIN)/ruff format --quiet $(PYTHON_SOURCES)
	@cd sfu && cargo fmt --all
	@cd web && npx biome check --write .

clean: ## Remove all build outputs; data is kept.
	@rm -rf $(VENV) $(STAMP) $(STATIC) sfu/target web/node_modules web/dist compat/node_modules compat/java/target examples/node_modules examples/dist web/embed/dist

picture: setup $(STAMP)/dev $(STAMP)/system ## Take the screenshot of a real meeting for the README.
	@cd e2e && ../$(BIN)/python picture.py
