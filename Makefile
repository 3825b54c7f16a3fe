# Everything runs in .venv, made from the first Python >= 3.11 found. `make demo` and `make test` need nothing else.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# One thread a process: spinning threads on a busy two-core machine cost a hundredfold.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint types contracts check docs bench clean

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "seedbed needs Python 3.11 or newer on PATH (or: make PYTHON=/path/to/python)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.local: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[local]"
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[local,embed,documents,parquet,lancedb,mcp,tui,dev]"
	@touch $@ $(VENV)/.local

demo: $(VENV)/.local  ## generate a small dataset from docs/ with the embedded local model
	$(BIN)/seedbed demo --output demo --text

test: $(VENV)/.dev  ## run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.dev  ## write docs/reference from the code
	$(BIN)/python scripts/reference.py

check: lint types contracts test  ## what CI runs

bench: $(VENV)/.dev
	for b in benchmarks/*.py; do $(BIN)/python $$b; done

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
