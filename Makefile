# Everything happens in .venv; each target does the set-up it needs.
PYTHON ?= python3
BIN := .venv/bin
BASE ?= tiny
SEED ?= 0
OUT ?= runs/rehearsal

.PHONY: rehearse test check install clean

rehearse: .venv/installed ## a whole competition on this machine; BASE=smollm2 for a real model
	$(BIN)/python scripts/rehearse.py --base $(BASE) --seed $(SEED) --out $(OUT)

test: .venv/installed ## the whole test suite, offline
	$(BIN)/python -m pytest

check: .venv/installed ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: .venv/installed ## the set-up alone

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; name one with make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean: ## remove what the other targets made
	rm -rf .venv runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
