# Everything runs from .venv, which need not be activated. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
ASSIGNMENT ?= logistic_regression
SUBMISSIONS ?= 40
OPTIONS ?=

STAMP := .venv/.installed
# nbgrader starts `alembic` by its bare name, so the programs of .venv must be on PATH.
IN_VENV := PATH="$(CURDIR)/.venv/bin:$$PATH"

# Imports of nbgrader and JAX are several times slower where bytecode is not kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help api demo bench bench-kernels bench-scale figures pictures soak test test-quick coverage lint format typecheck release clean docs install

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 23

install: $(STAMP) ## set up .venv, as every other target does when it needs it

demo: $(STAMP) ## release the lesson, grade a small class, show the scores
	@$(IN_VENV) python -m tools.demo

bench: $(STAMP) ## time stock nbgrader and the kit on the same class (SUBMISSIONS=40, OPTIONS=--long)
	@$(IN_VENV) python -m benchmarks --submissions "$(SUBMISSIONS)" $(OPTIONS)

test: $(STAMP) ## run every test, in a browser and on a database too (a quarter of an hour)
	@echo "Running every test (a quarter of an hour on two cores; make test-quick takes two or three minutes) ..."
	@$(IN_VENV) python -m pytest -n 3

test-quick: $(STAMP) ## run what needs no kernel, program, browser or database (two or three minutes)
	@echo "Running the quick tests (two or three minutes; make test runs all) ..."
	@$(IN_VENV) python -m pytest -n 3 -m "not slow"

coverage: $(STAMP) ## run every test and measure coverage; below 90 % fails
	@echo "Running every test and measuring coverage (a fifth longer than make test) ..."
	@$(IN_VENV) python -m pytest -n 3 --cov

lint: $(STAMP) ## check style and formatting
	@$(IN_VENV) ruff check .
	@$(IN_VENV) ruff format --check .

format: $(STAMP) ## fix what the linter can fix, and format
	@$(IN_VENV) ruff check --fix .
	@$(IN_VENV) ruff format .

typecheck: $(STAMP) ## check the types of autograder/
	@$(IN_VENV) mypy

docs: $(STAMP) ## build the documentation into site/; a broken link fails
	@$(IN_VENV) sphinx-build -q --fail-on-warning --keep-going docs site
	@echo "Open site/index.html"

api: $(STAMP) ## write docs/api.md anew from the docstrings
	@$(IN_VENV) python -m tools.api

release: $(STAMP) ## strip source/ into release/ (ASSIGNMENT=logistic_regression)
	@$(IN_VENV) nbgrader generate_assignment "$(ASSIGNMENT)" --force

bench-kernels: $(STAMP) ## measure a sandboxed kernel beside an ordinary one
	@$(IN_VENV) python -m benchmarks.kernels

figures: $(STAMP) ## draw the diagrams of the lessons again, and attach them to their cells (needs chromium)
	@$(IN_VENV) python -m tools.figures

pictures: $(STAMP) ## take the documentation's pictures again (needs chromium)
	@$(IN_VENV) python -m tools.pictures

bench-scale: $(STAMP) ## a thousand small submissions: time and memory as they go
	@$(IN_VENV) python -m benchmarks.scale

soak: $(STAMP) ## a thousand submissions, of which nothing may be left
	@$(IN_VENV) python -m tools.soak

clean: ## delete caches, build and demo output (never .venv, submissions or marks)
	@rm -rf .demo .bench build dist site htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache
	@find autograder source tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# A .venv that works is kept, whoever made it; a broken one is made anew.
$(STAMP): pyproject.toml constraints.txt
	@if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Python 3.11 or later is needed; '$(PYTHON)' is not: $$($(PYTHON) --version 2>&1)." >&2; \
	    echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }; \
	  echo "Creating .venv with $$($(PYTHON) --version) ..."; \
	  $(PYTHON) -m venv --clear .venv || { \
	    echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	fi
	@echo "Installing the pinned packages into .venv (about a minute the first time) ..."
	@PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --no-warn-script-location -c constraints.txt -e '.[dev]'
	@touch $@
