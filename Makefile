# One command each. `make` lists them.

BIN := .venv/bin

help: ## show these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## a virtual environment with everything for development
	python3 -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'

test: ## all tests
	$(BIN)/pytest -n auto

lint: ## style, common mistakes, and dependencies that are not stated or not used
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry src

types: ## strict type checking
	$(BIN)/mypy

docs: ## the documentation site, into build/site
	$(BIN)/sphinx-build --fail-on-warning --quiet docs build/site

bench: ## speed against a peer, as ratios of one run
	$(BIN)/python -m benchmarks

cover: ## tests with branch coverage
	$(BIN)/pytest -n auto --cov --cov-fail-under=95

mutants: ## whether the tests notice mistakes in the money code (40 minutes); see docs/quality.md
	COSTCALC_EXAMPLES=few PYTEST_ADDOPTS='-p no:unraisableexception -p no:threadexception' $(BIN)/mutmut run --max-children 2
	$(BIN)/python -m tests.mutants

.PHONY: help setup test lint types docs bench cover mutants
