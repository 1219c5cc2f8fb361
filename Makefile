# `make` lists the targets. PYTHON names the interpreter, EXTRAS what is installed beside the product, ARGS goes to the command.

PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev
ARGS ?=
WORKERS ?= logical
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench handbook constraints clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Installed again only when the declared dependencies, their exact versions or the wished extras changed.
$(INSTALLED): pyproject.toml constraints.txt $(VENV)/.extras-$(EXTRAS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$(EXTRAS)]"
	@touch $@

$(VENV)/.extras-$(EXTRAS):
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Footnote needs Python 3.11 or newer; try make PYTHON=python3.12')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@rm -f $(VENV)/.extras-*
	@touch $@

demo: $(INSTALLED) ## Ingest the handbook, answer a question, serve the page and the API (ARGS=--no-serve to stop after the answer)
	$(BIN)/footnote demo $(ARGS)

test: $(INSTALLED) ## Run the tests, a file on each core (ARGS goes to pytest; WORKERS=0 for one after the other)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

lint: $(INSTALLED) ## Check format, style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## Put the code into the one format and repair what ruff can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) ## Run a speed benchmark (ARGS="NAME --quick")
	$(BIN)/footnote bench $(ARGS)

handbook: $(INSTALLED) ## Make the handbook's PDF from its source
	$(BIN)/python api/handbook/source/quick_start.py

constraints: ## Resolve every extra anew and write constraints.txt
	rm -rf build/resolve
	$(PYTHON) -m venv build/resolve
	echo "torch==2.13.0" > build/resolve/pins.txt
	build/resolve/bin/pip install --quiet --constraint build/resolve/pins.txt --editable ".[dev,evals,anthropic,gemini]"
	grep '^#' constraints.txt > build/resolve/constraints.txt
	build/resolve/bin/pip freeze --all --exclude-editable | grep -v "^pip==" | sed 's/+cpu$$//' | tr 'A-Z_' 'a-z-' | sort >> build/resolve/constraints.txt
	mv build/resolve/constraints.txt constraints.txt

clean: ## Remove what was built and cached; documents in footnote-data stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
