# Everything runs in .venv, which the first target that needs it makes.
BIN := .venv/bin
DATA ?= sample

export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export UV_PYTHON_DOWNLOADS := never
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run live label ui test lint bench soak docs fidelity sample lock clean

run: .venv/ready  ## the whole pipeline on the sample that ships
	@AITB_FETCH=never AITB_ARCHIVE_DIR="$${AITB_ARCHIVE_DIR:-$(CURDIR)/sample/archive}" \
	 $(BIN)/python -m orchestration.run

live: .venv/ready  ## the real sources: make live, or make live FROM=2025-01 TO=2025-06
	@AITB_DATA_DIR="$${AITB_DATA_DIR:-$(CURDIR)/data/live}" \
	 AITB_FETCH=$${AITB_FETCH:-$(if $(FROM),missing,always)} \
	 $(BIN)/python -m orchestration.run --live $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO))

label: .venv/ready  ## ask a language model about new products: make label, or make label DATA=live
	@AITB_DATA_DIR="$${AITB_DATA_DIR:-$(CURDIR)/data/$(DATA)}" $(BIN)/python -m orchestration.run --label

ui: .venv/ready  ## Dagster on 127.0.0.1:3000: make ui, or make ui DATA=live
	@export AITB_DATA_DIR="$${AITB_DATA_DIR:-$(CURDIR)/data/$(DATA)}"; \
	 export AITB_FETCH=$${AITB_FETCH:-$(if $(filter live,$(DATA)),always,never)}; \
	 $(BIN)/python -m orchestration.instance && \
	 DAGSTER_HOME="$$AITB_DATA_DIR/dagster" $(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

test: .venv/ready  ## every test that is not a soak
	@$(BIN)/pytest -m "not soak" --numprocesses 3 --no-loadscope-reorder

soak: .venv/ready  ## fifty kills at random moments
	@$(BIN)/pytest -m soak

lint: .venv/ready
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/sqlfluff lint dbt_project --disable-progress-bar

bench: .venv/ready  ## speed and memory on a generated history; sizes are parameters
	@$(BIN)/python -m tests.bench $(BENCH)

docs: .venv/ready  ## dbt docs and Great Expectations data docs, as files
	@AITB_DATA_DIR="$${AITB_DATA_DIR:-$(CURDIR)/data/$(DATA)}" $(BIN)/python -m orchestration.docs

fidelity: .venv/ready  ## docs/fidelity.md (published figures beside those of the release) and docs/tariff-examples.md
	@AITB_DATA_DIR="$${AITB_DATA_DIR:-$(CURDIR)/data/$(DATA)}" $(BIN)/python -m orchestration.fidelity

sample: .venv/ready  ## compose the sample archive from the figures
	@test -n "$(FIGURES)" || { echo "Name the folder with the figures: make sample FIGURES=/path/to/figures"; exit 1; }
	@$(BIN)/python -m sample.compose --figures $(FIGURES)

lock: .venv/ready  ## renew requirements.lock from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements.lock

clean:
	rm -rf .venv data/sample

# The first interpreter that runs and fits; PYTHON=… goes before the others.
.venv/ready: requirements.lock
	@for python in $(PYTHON) python3 python3.12 python3.11; do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	    && found=$$python && break; \
	done; \
	test -n "$$found" || { echo "Python 3.11 or 3.12 is needed; name it: make run PYTHON=/path/to/python3.11"; exit 1; }; \
	echo "Setting up .venv with $$($$found --version) (once, about a minute)"; \
	"$$found" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@touch $@
