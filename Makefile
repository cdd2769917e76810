# make demo: everything from nothing. make test: the checks. Another PyTorch: make demo TORCH="torch==2.11.0"
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv
BIN = $(VENV)/bin
DONE = $(VENV)/installed

.PHONY: install demo test test-full lint format clean

install: $(DONE)

# PyTorch first and alone, so that no other package chooses a build of it.
$(DONE): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt
	$(BIN)/python -m pip freeze | grep '^torch==' >> $(VENV)/constraints.txt
	$(BIN)/python -m pip install --quiet -c $(VENV)/constraints.txt -e ".[dev]"
	touch $(DONE)

demo: $(DONE)
	$(BIN)/laban demo --out demo

lint: $(DONE)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

test-full: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "slow or not slow"

format: $(DONE)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
