# Espalier: everything a person types. `make help` lists the targets.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The first Python between 3.11 and 3.13 that really starts (a pyenv shim may not).
PYTHON ?= $(shell for p in python3 python python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
  && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help install deep demo test test-all notebooks coverage check docs format lock lock-image weights clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP) ## Make .venv with the pinned dependencies (uv where it is there, else pip)

# Bytecode is compiled on purpose: without it every start is 3 to 4 times slower.
$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Espalier needs Python 3.11, 3.12 or 3.13; install one or call make PYTHON=/its/path" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then \
	  echo "installing with uv"; \
	  test -x $(BIN)/python || uv venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	  uv pip install -q --python $(BIN)/python --no-deps --compile-bytecode -r requirements.lock; \
	  uv pip install -q --python $(BIN)/python --no-deps -e .; \
	else \
	  echo "installing with pip (a few minutes the first time)"; \
	  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements.lock && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@

# By pip, as uv does not look at a CPU build that is offered beside the registry; not part of the
# lock, which is installed without dependencies (docs/decisions/0111).
deep: $(VENV)/.deep ## Add PyTorch to .venv, which networks on pictures are trained with

$(VENV)/.deep: $(STAMP)
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
	$$pip install -q --disable-pip-version-check -c requirements.lock torch==2.13.0
	@touch $@

demo: $(STAMP) ## Train on a bundled table through the whole flow, in about a minute
	@mkdir -p mlruns/demo
	@$(BIN)/python examples/make_demo_table.py mlruns/demo/tumours.csv
	@$(BIN)/espalier train mlruns/demo/tumours.csv --target diagnosis --name tumours --time-budget 40s --workers 2

# Two processes at a time; they must collect the tests in one order, hence the fixed hash seed.
JOBS ?= 2
test: $(STAMP) ## Run the tests (the slow ones left out)
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -m "not slow" -q -n $(JOBS) --dist loadfile --durations=10

test-all: $(STAMP) ## Run every test, the slow and fault-injecting ones too
	$(BIN)/python -m pytest -q --durations=20

notebooks: $(STAMP) ## Run the example notebooks from top to bottom
	$(BIN)/python -m pytest -q tests/docs/test_notebooks.py

coverage: $(STAMP) ## Run the tests and show which lines they reach
	$(BIN)/python -m pytest -m "not slow" -q --cov --cov-report=term

check: $(STAMP) ## Lint, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## Build the documentation into docs/_build/html; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# One resolve for everything and every Python. XGBoost's wheel asks for 300 MB of NCCL, which only
# training on several GPUs uses, so it is left out (docs/decisions/0003).
lock: ## Resolve the pins anew (needs uv)
	uv pip compile pyproject.toml --group dev --group docs --universal --python-version 3.11 \
	  --no-emit-package nvidia-nccl-cu12 --no-emit-package nvidia-nccl-cu13 \
	  --no-header --no-emit-index-url --no-emit-find-links --upgrade -o requirements.lock
	$(MAKE) lock-image

# What the image holds: the same pins with hashes, without the tools of development, with the builder.
lock-image: ## Resolve the pins of the container image (needs uv)
	echo 'hatchling>=1.27' | uv pip compile pyproject.toml - --extra postgres --extra s3 --extra vision \
	  --extra text --extra export --extra excel --extra holidays --extra interpretable \
	  -c requirements.lock --python-version 3.12 --python-platform x86_64-unknown-linux-gnu \
	  --no-emit-package nvidia-nccl-cu12 --no-emit-package nvidia-nccl-cu13 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --no-emit-find-links -o infra/deploy/requirements.lock

weights: $(STAMP) ## Make the networks' weights anew from the packages that hold them
	$(BIN)/python infra/deploy/weights/build.py

clean: ## Remove the environment and the caches (mlruns stays)
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
