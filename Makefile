# Everything runs from a virtual environment in .venv, made on first use from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# How many seeds `make soak` plays.
SEEDS ?= 1000

# How many rounds `make torture` plays.
ROUNDS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs mutants soak torture bench-assemble bench-deliver bench-deliver-age bench-deliver-kills bench-deliver-pacing bench-latency bench-restore bench-state compare-assemble lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say make PYTHON=python3.12, for example." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-build.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/runtime ## Run a shop's day on an embedded broker and a sandbox, in under a minute
	$(BIN)/pipeline demo

test: $(VENV)/dev ## Run every test (those on a real broker need Java and Maven)
	$(BIN)/pytest

soak: $(VENV)/dev ## Drive both workers through random faults: make soak SEEDS=10000
	$(BIN)/python -m tests.simulation.soak $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))
	$(BIN)/python -m tests.simulation_deliver.soak $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

torture: $(VENV)/dev ## Kill, freeze and restart everything at random: make torture ROUNDS=200 SEED=1
	$(BIN)/python -m tests.torture.torture --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

bench-assemble: $(VENV)/dev ## Measure assemble: events a second, exactly once, on one core
	$(BIN)/python -m benchmarks.bench_assemble $(ARGS)

bench-deliver: $(VENV)/dev ## Measure deliver: requests a second, on one core, at answers after 0 to 200 ms
	$(BIN)/python -m benchmarks.bench_deliver $(ARGS)

bench-deliver-age: $(VENV)/dev ## Measure how old a message is when it arrives, at a steady rate
	$(BIN)/python -m benchmarks.bench_deliver_age $(ARGS)

bench-deliver-kills: $(VENV)/dev ## Measure what is repeated after kills at full rate
	$(BIN)/python -m benchmarks.bench_deliver_kills $(ARGS)

bench-deliver-pacing: $(VENV)/dev ## Measure how well workers keep to a destination's limit
	$(BIN)/python -m benchmarks.bench_deliver_pacing $(ARGS)

bench-latency: $(VENV)/dev ## Measure from an event's publishing until what is owed is read, at a steady rate
	$(BIN)/python -m benchmarks.bench_latency $(ARGS)

bench-restore: $(VENV)/dev ## Measure the start of a worker with a million guests
	$(BIN)/python -m benchmarks.bench_restore $(ARGS)

bench-state: $(VENV)/dev ## Measure what an event costs by how many guests are known
	$(BIN)/python -m benchmarks.bench_state $(ARGS)

compare-assemble: $(VENV)/dev ## Measure assemble beside Kafka Streams that does the same work
	$(BIN)/python -m benchmarks.compare_assemble $(ARGS)

lint: $(VENV)/dev ## Check format, style, types and the import contract
	$(BIN)/ruff format --check pipeline tests benchmarks dashboards
	$(BIN)/ruff check pipeline tests benchmarks dashboards
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix pipeline tests benchmarks dashboards
	$(BIN)/ruff format pipeline tests benchmarks dashboards

# For example: make mutants MUTANTS='pipeline.orders.validate*'
mutants: $(VENV)/dev ## Change the two cores in every way, and see how many changes no test notices (hours)
	$(BIN)/pip install --quiet --disable-pip-version-check mutmut==3.8.1
	$(BIN)/mutmut run $(MUTANTS); $(BIN)/mutmut results

docs: $(VENV)/runtime ## Write settings, metrics, rights, cases, dashboards and values anew
	$(BIN)/python -m pipeline.settings_page docs
	$(BIN)/python -m pipeline.metrics_page docs
	$(BIN)/python -m pipeline.acls_page docs
	$(BIN)/python -m tests.cases.page docs
	$(BIN)/python -m dashboards helm/files/dashboards
	$(BIN)/python -m tests.chart.values_page helm

lock: ## Resolve the dependencies again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group build -c requirements.lock -o requirements-build.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -c requirements.lock -c requirements-build.lock pyproject.toml -o requirements-dev.lock

clean: ## Remove the virtual environment and the caches
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
