# Two commands a newcomer needs: `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
HOST   ?= 127.0.0.1
PORT   ?= 8000
# How many tests run side by side, one more than there are processors, for some wait for a browser;
# and more words for pytest: make test ARGS="tests/loans -k export"
JOBS   ?= $(shell echo $$(($$(nproc 2> /dev/null || echo 2) + 1)))
ARGS   ?=
# The browser of the journeys; empty: the one without windows, else the whole one.
CHROMIUM ?=
BROWSERS := $(or $(CHROMIUM),chromium-headless-shell chromium)

# What Python has compiled once serves every process: the tests start dozens.
export PYTHONDONTWRITEBYTECODE :=

# The browser comes while the libraries do, and the checks of `lint` run side by side.
MAKEFLAGS += --jobs=$(JOBS)

.PHONY: install dev run test soak mutants bench fingerprint lint style types layers collect lock browser clean

install: $(VENV)/.installed

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

dev: $(VENV)/.dev

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

run: install
	$(BIN)/wibawa demo --if-empty
	$(BIN)/wibawa serve --host $(HOST) --port $(PORT)

# Style, types, and who may import whom: side by side, for each of them uses one processor.
lint: style types layers

# What pytest makes of the files of the tests, each of its workers would make for itself; it is made
# while the types keep but one processor busy. What is wrong with one, the tests themselves will say.
collect: dev
	$(BIN)/python -m pytest -qq --collect-only $(ARGS) > /dev/null || true

style: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

layers: dev
	$(BIN)/lint-imports

# The journeys need Debian's chromium, best the one without windows. As root it is fetched, else
# one line says what to do.
browser:
	@for each in $(BROWSERS); do command -v $$each > /dev/null && exit 0; done; false \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	     && apt-get update -qq \
	     && apt-get install -qq -y --no-install-recommends chromium-headless-shell fonts-liberation > /dev/null; } \
	|| { echo "The browser tests need chromium: sudo apt-get install chromium-headless-shell fonts-liberation" >&2; exit 1; }

test: dev browser lint collect
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope $(ARGS)

# Everything, with the long tests and many more examples for every law of the money rules.
soak: dev browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope -m "soak or not soak" --hypothesis-profile=soak $(ARGS)

# Whether the tests of the rules would notice: every branch is run, and of some 3.500 changed lines
# only those may pass that tests/mutants.txt lists with a reason (a quarter of an hour, from scratch:
# what mutmut remembers of a change does not know of new tests).
mutants: dev
	$(BIN)/pip install --quiet --require-hashes -r requirements-mutants.lock
	$(BIN)/coverage run --branch --source=wibawa/rules -m pytest tests/rules
	$(BIN)/coverage report --show-missing --skip-covered --fail-under=100
	rm -rf mutants
	$(BIN)/mutmut run --max-children $(JOBS)
	$(BIN)/python -m tests.mutants

# Ratios against bare code, timed in turns; they mean something only when nothing else runs.
bench: dev
	$(BIN)/python -m tests.bench $(ARGS)

# After a new migration: what the schema of both databases must look like from now on.
fingerprint: dev
	$(BIN)/python -m tests.database.fingerprint

lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra build --extra dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra build --extra dev --extra mutants pyproject.toml -o requirements-mutants.lock

# What can be made again. The database in instance/ stays.
clean:
	rm -rf $(VENV) build mutants .coverage *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache tests/artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
