# Everyday commands; `make` alone lists them.

python := .venv/bin/python
workers := 2  # pytest processes of `make test`, one thread each

.SILENT:
.PHONY: help setup demo test test-slow tables lock wheel clean

help:  ## list these commands
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup:  ## make .venv with the locked versions of everything (6 GB)
	sh scripts/setup.sh

demo: setup  ## train, compare and use a few systems, in a minute or two
	OMP_WAIT_POLICY=PASSIVE $(python) -m shinso.demo

test: setup  ## style, types, imports, then all tests but the slow ones
	echo "test: style (ruff)"
	$(python) -m ruff check --quiet
	$(python) -m ruff format --check --quiet
	echo "test: types (mypy)"
	$(python) -m mypy
	echo "test: imports (import-linter)"
	report=$$(.venv/bin/lint-imports --no-logo) || { echo "$$report"; exit 1; }
	echo "test: tests (pytest)"
	OMP_NUM_THREADS=1 $(python) -m pytest -q -m "not slow" -n $(workers) --dist worksteal

test-slow: setup  ## the slow tests: kills and resumes, shipped weights measured again
	$(python) -m pytest -m slow

tables: setup  ## write the tables of README and docs anew from results/
	$(python) scripts/tables.py

lock: setup  ## make requirements.lock anew from pyproject.toml, at the newest versions
	sh scripts/lock.sh

wheel: setup  ## build dist/*.whl and dist/*.tar.gz
	$(python) -m hatchling build

clean:  ## remove caches and built packages; .venv and runs/ stay
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -prune -exec rm -rf {} +
