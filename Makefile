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

.PHONY: help run setup test lint fix deps lock clean
help: ## Show this list.
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

say = @printf '\033[1m› %s\033[0m\n' $(1)

# ---- build -----------------------------------------------------------------------------------------------------------
$(STAMP)/venv:
	$(call say,"creating $(VENV)")
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Moothall needs Python 3.11 or newer ($(PYTHON) is older)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/runtime: $(STAMP)/venv server/requirements.lock server/requirements-build.lock
	$(call say,"installing the server's libraries")
	@$(UV) install --quiet --require-hashes -r server/requirements.lock -r server/requirements-build.lock
	@touch $@

$(STAMP)/dev: $(STAMP)/runtime server/requirements-dev.lock
	$(call say,"installing what the tests need")
	@$(UV) install --quiet --require-hashes -r server/requirements-dev.lock
	@touch $@

deps: $(STAMP)/dev ## Install the locked Python libraries, those of the tests included.

lock: $(STAMP)/venv ## Resolve requirements*.in into the lock files.
	@cd server && for f in requirements requirements-build requirements-dev; do ../$(UV) compile $(LOCK_FLAGS) $$f.in -o $$f.lock; done

migration: $(STAMP)/dev ## Write a migration from the tables in the code: make migration m="what changes" (initial=1 rewrites 0001).
	@PYTHONPATH=server/src $(BIN)/python -m moothall.db.revise $(if $(initial),--initial,"$(m)")
