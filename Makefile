# Each target works alone on a machine that has Python 3.11 or newer and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev
CHECKED := returnsim.core,returnsim.draws,returnsim.population,returnsim.contacts

.PHONY: demo results fit test lint types check-layers shapes docs browser verify soak dist audit bench bench-peers bench-check bench-baseline clean

demo: $(STAMP)
	$(BIN)/returnsim run scenarios/rukban/2019-2025.yaml --replicates 64 --seed 1 --out results/rukban-2019-2025
	@echo "The figures are in results/rukban-2019-2025/figures/"

# The shipped experiments, their figures, and the page that shows them.
EXPERIMENTS := $(wildcard experiments/*.yaml)
POLICIES := experiments/policies-under-uncertainty.yaml
FITS := $(wildcard experiments/calibrate-*.yaml)
STUDIES := $(wildcard experiments/sensitivity-*.yaml)
results: $(DEV)
	set -e; for file in $(filter-out $(POLICIES) $(STUDIES) $(FITS),$(EXPERIMENTS)); do \
	  $(BIN)/returnsim sweep $$file; \
	  $(BIN)/returnsim compare results/$$(basename $$file .yaml); \
	done
	set -e; for file in $(POLICIES); do $(BIN)/returnsim verdict $$file; done
	set -e; for file in $(STUDIES); do $(BIN)/returnsim sensitivity $$file; done
	$(BIN)/returnsim validate scenarios/rukban/2019-2025.yaml --rivals --replicates 32 --households 1500 --overwrite --out results/rukban-validated
	$(BIN)/returnsim validate scenarios/rukban/fitted-to-2021.yaml --no-patterns --replicates 32 --households 1500 --overwrite --out results/fitted-to-2021-validated
	$(BIN)/python experiments/gallery.py
	$(BIN)/returnsim report results/small --out results/small/report.html

# The posteriors that the scenarios take, and whether the fit can be believed: half an hour.
fit: $(DEV)
	$(BIN)/returnsim calibrate experiments/calibrate-rukban.yaml
	cp results/calibrate-rukban/posterior.parquet scenarios/rukban/posterior.parquet
	$(BIN)/returnsim calibrate experiments/calibrate-rukban-to-2021.yaml
	cp results/calibrate-rukban-to-2021/posterior.parquet scenarios/rukban/posterior-to-2021.parquet
	$(BIN)/returnsim calibrate experiments/calibrate-check.yaml --check 96

test: lint types check-layers
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow and not soak"

# A rule whose shapes are checked while it runs cannot be compiled.
NOT_COMPILED := --ignore=tests/core/test_fused.py
verify: $(DEV)
	@$(MAKE) --no-print-directory browser
	RETURNSIM_BROWSER_REQUIRED=1 $(BIN)/python -m pytest -n auto --dist loadfile -m "not soak"
	$(BIN)/python -m pytest -n auto tests/core tests/test_population.py $(NOT_COMPILED) --jaxtyping-packages=$(CHECKED),beartype.beartype

# What the tests of the explorer's page drive, by `make verify`.
BROWSERS := chromium chromium-browser google-chrome
SUDO := $(shell test "$$(id -u)" = 0 || echo sudo)
browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -y --no-install-recommends chromium

# Faults at random moments and inputs changed at random, many times over: twenty minutes. What the
# faults came to is left in .benchmarks/ and told in docs/reliability.md, also where a test fails.
soak: $(DEV)
	rm -f $(MEASURED)/reliability.json
	$(BIN)/python -m pytest -n auto -m soak tests/soak tests/fuzz; left=$$?; \
	  $(BIN)/python -m benchmarks.reliability && exit $$left

# The shapes in the annotations, checked while the core runs.
shapes: $(DEV)
	$(BIN)/python -m pytest -q -n auto tests/core/test_invariants.py --jaxtyping-packages=$(CHECKED),beartype.beartype

# The documentation as a site, in docs/_build/index.html; nothing is fetched.
docs: $(DEV)
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs docs/_build
	@echo "The site is in docs/_build/index.html"

# An sdist and the wheel that it builds, in dist/; nothing is fetched.
dist: $(DEV)
	rm -rf dist
	$(BIN)/python -m build --no-isolation

# Whether a vulnerability is known of anything in constraints.txt. What nobody could be asked about is a failure.
AUDIT := $(VENV)/audit
audit:
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && \
	  $(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	@rm -f $(AUDIT)/found.txt
	@$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off \
	  -r constraints.txt -o $(AUDIT)/found.txt || { \
	  cat $(AUDIT)/found.txt 2>/dev/null || \
	    echo "The audit did not end: the service that knows of vulnerabilities gave no answer." >&2; exit 1; }

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

check-layers: $(DEV)
	$(BIN)/lint-imports

# Most of what is installed is never imported: Python compiles what is.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
CHECK_VERSION := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "returnsim needs Python 3.11 or newer; set PYTHON=python3.x")'
$(STAMP): pyproject.toml constraints.txt
	@$(CHECK_VERSION)
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -c constraints.txt -e .
	@touch $@

# All that the tests need is pinned, so that nothing has to be resolved, and one half can be installed
# beside the other.
$(DEV): pyproject.toml constraints.txt
	@$(CHECK_VERSION)
	$(PYTHON) -m venv $(VENV)
	tr '\n' '\0' < constraints.txt | xargs -0 -P 2 -n 100 $(INSTALL) --no-deps
	$(INSTALL) --no-deps -e .
	@touch $(STAMP) $@

# What is measured is left in .benchmarks/ and told in docs/performance.md: ten minutes.
MEASURED := .benchmarks
bench: $(DEV)
	@mkdir -p $(MEASURED)
	$(BIN)/python -m pytest benchmarks --benchmark-json=$(MEASURED)/benchmarks.json
	$(BIN)/python -m benchmarks.ratios --out $(MEASURED)/ratios.json
	$(BIN)/python -m benchmarks.scaling --out $(MEASURED)/scaling.json
	$(BIN)/python -m benchmarks.page

# Other tools, each in an environment of its own.
bench-peers: $(DEV)
	$(BIN)/python -m benchmarks.run_peers --out $(MEASURED)/peers.json
	@if [ -e $(MEASURED)/ratios.json ]; then $(BIN)/python -m benchmarks.page; fi

# Fails where a ratio to the plain Mesa twin fell by more than a quarter of what it was.
bench-check: $(DEV)
	$(BIN)/python -m benchmarks.guard

bench-baseline: $(DEV)
	$(BIN)/python -m benchmarks.guard --renew

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
