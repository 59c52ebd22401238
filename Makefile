# Everything here works on a fresh clone with Python (3.11 or newer), pip and make, and sets itself up in .venv.
#
#   make quickstart   watch a small model learn to point, with proof that it forgot nothing
#   make test         run the tests
#   make check        lint, format check, types
#   make format       let ruff rewrite what it can
#   make docs         the documentation as a site: site/index.html
#   make clean        remove .venv, caches and builds
#
# PYTHON=python3.12 chooses the interpreter, PIP_ARGS adds options to every pip install (for instance
# PIP_ARGS="--extra-index-url URL" for a torch build of your choice), PYTEST_ARGS are options of pytest (-n auto: a process per core).

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?=
PIP_ARGS ?=
PYTEST_ARGS ?= -n auto
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet $(PIP_ARGS)

.DEFAULT_GOAL := help
.PHONY: help install quickstart test check format docs clean

help:
	@sed -n '3,8s/^#   //p' Makefile

install: $(STAMP)

# The first of the candidates that is new enough. Where Python comes without ensurepip (Debian splits it off),
# the environment borrows the pip of the interpreter that makes it.
$(STAMP): pyproject.toml constraints.txt
	@set -e; \
	if [ ! -x $(BIN)/python ]; then \
	  found=; \
	  for candidate in $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Twist & Scout needs Python 3.11 or newer, and none of $(if $(PYTHON),$(PYTHON),python3, python3.13, python3.12, python3.11, python) is: install one, or name it with 'make PYTHON=/path/to/python3'." >&2; \
	    exit 1; \
	  fi; \
	  echo "Setting up $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv $(VENV) >/dev/null 2>&1 \
	    || { "$$found" -m venv --clear --without-pip $(VENV) && "$$found" -m pip --python $(BIN)/python install --quiet pip; }; \
	fi; \
	echo "Installing torch (the largest part; a few minutes)"; \
	$(PIP) -c constraints.txt torch; \
	echo "Installing twist-scout"; \
	$(PIP) -c constraints.txt -e '.[dev]'; \
	touch $(STAMP)

quickstart: $(STAMP)
	$(BIN)/twist-scout quickstart

test: $(STAMP)
	$(BIN)/python -m pytest -q --durations=10 $(PYTEST_ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

clean:
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -type d \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +
