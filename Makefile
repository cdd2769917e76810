# make demo: everything from nothing. make test: the checks. Another PyTorch: make demo TORCH="torch==2.11.0"
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv
BIN = $(VENV)/bin
DONE = $(VENV)/installed

.PHONY: install demo test test-full lint docs wheel-test format clean

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

test-full: lint docs
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "slow or not slow"

# The pages under build/site; a dead link or anchor is an error. Nothing is fetched.
docs: $(DONE)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# What a person gets who has no checkout: the wheel and its dependencies in an empty environment,
# and the whole demo, outside the repository.
wheel-test:
	rm -rf build/wheel && mkdir -p build/wheel
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet "$(TORCH)"
	build/wheel/venv/bin/python -m pip wheel --quiet --no-deps -w build/wheel .
	build/wheel/venv/bin/python -m pip install --quiet build/wheel/laban-*.whl
	cd "$$(mktemp -d)" && "$(CURDIR)/build/wheel/venv/bin/laban" --version \
		&& "$(CURDIR)/build/wheel/venv/bin/laban" demo --out demo

format: $(DONE)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
