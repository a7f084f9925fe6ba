# Everything a person or a machine does with this repository: make help.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PINS := pyproject.toml constraints.txt
# The stamp's name holds the content of the pins and the folder's place (a virtual environment cannot be moved),
# so a checkout that only touches dates reuses what is there and a changed pin builds it anew.
STAMP := $(VENV)/ready-$(shell { cat $(PINS); pwd; } | cksum | tr ' ' '-')
TORCH := $(shell grep '^torch==' constraints.txt)

# Nothing runs the benchmarks in CI: a changed signature must show here. The peers that they call have no types.
TYPED := $(filter-out benchmarks/long_range.py benchmarks/tracks.py, $(wildcard benchmarks/*.py))
LENIENT := --follow-imports=silent --allow-untyped-calls --ignore-missing-imports --disable-error-code=misc --disable-error-code=union-attr

.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## learn a small genome in three minutes and write run/report.html
	$(BIN)/genolect learn --minutes 3 --out run --overwrite
	@echo "The report is $(CURDIR)/run/report.html"

# Every part runs even when an earlier one failed, so that one run shows everything there is to repair.
test: $(STAMP) ## everything: make check, then the whole test suite
	@failed=; \
	$(MAKE) --no-print-directory check || failed=check; \
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --durations=10 || failed="$$failed pytest"; \
	test -z "$$failed" || { echo "make test: FAILED in:" $$failed; exit 1; }

check: $(STAMP) ## style, format, types and the order of the rooms
	@failed=; \
	echo "ruff check"; $(BIN)/ruff check . || failed="ruff-check"; \
	echo "ruff format --check"; $(BIN)/ruff format --check . || failed="$$failed ruff-format"; \
	echo "mypy --strict src"; $(BIN)/mypy --strict src || failed="$$failed mypy"; \
	echo "mypy benchmarks"; MYPYPATH=src:benchmarks:. $(BIN)/mypy $(LENIENT) $(TYPED) || failed="$$failed mypy-benchmarks"; \
	echo "lint-imports"; $(BIN)/lint-imports --no-logo || failed="$$failed lint-imports"; \
	test -z "$$failed" || { echo "make check: FAILED in:" $$failed; exit 1; }

bench: $(STAMP) ## time genolect against its peers, one program after the other
	@for program in $(addprefix benchmarks/,prepare.py pretraining.py tokens.py planning.py long_range.py); do echo "$$program"; $(BIN)/python "$$program" || exit 1; done

clean: ## remove the virtual environment, caches and the demo's run
	rm -rf $(VENV) run build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch goes first and alone: a CPU build offered by pip's configuration then satisfies everything after it.
$(STAMP):
	@command -v $(PYTHON) >/dev/null || { echo "genolect needs Python 3.11 or newer, and there is no $(PYTHON); give one with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "genolect needs Python 3.11 or newer, not $$($(PYTHON) --version); give one with PYTHON=..."; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
