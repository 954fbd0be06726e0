# One word a job; `make` alone lists them. Needs Python 3.11, and apt or the services themselves.
# Never root, but for `fresh`, `deb-trial` and `image-trial`.
PYTHON ?= python3
BIN := .venv/bin
DEV := .venv/.dev
RUN := .venv/.run
SITE := .venv/.site
SUITE ?= trixie
PARALLEL := --numprocesses auto --dist worksteal
CHECKED := monitor tests scripts benchmarks
unexport PYTHONDONTWRITEBYTECODE  # modules are compiled once, not in each of the hundred processes that tests start
COMPILE = $(BIN)/uv pip compile --quiet $(LOCK) --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
    --custom-compile-command "make lock"

help: ## list the jobs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dashboards: $(DEV) ## write the Grafana dashboards
	@$(BIN)/python scripts/grafana.py

demo: $(RUN) ## the daemon on an embedded node that replays real history; prints the address to open
	@$(BIN)/pool-monitor demo

test: $(DEV) ## every test, against real services
	@-$(PYTHON) scripts/services.py
	@$(BIN)/pytest $(PARALLEL)

unit: $(DEV) ## the tests of single parts, which need nothing but Python, without long simulations
	@$(BIN)/pytest --numprocesses logical --dist worksteal -m "not service and not simulation" tests/unit

coverage: $(DEV) ## every test, and the branches that none of them takes
	@-$(PYTHON) scripts/services.py
	@$(BIN)/pytest $(PARALLEL) --cov --cov-report=term-missing:skip-covered

check: lint format-check types arch ## everything that is judged without running

lint: $(DEV) ## ruff
	@$(BIN)/ruff check $(CHECKED)

types: $(DEV) ## mypy
	@$(BIN)/mypy
	@MYPYPATH=benchmarks $(BIN)/mypy benchmarks  # apart: some have the names of scripts

arch: $(DEV) ## the walls between the rooms
	@$(BIN)/lint-imports

format: $(DEV) ## write the code as ruff would
	@$(BIN)/ruff check --fix-only --quiet $(CHECKED)
	@$(BIN)/ruff format $(CHECKED)

format-check: $(DEV)
	@$(BIN)/ruff format --check $(CHECKED)

bench: $(DEV) ## the benchmarks, without benchmarks/demo.py and year.py, which take long
	@$(PYTHON) scripts/services.py bitcoind
	@for script in $(filter-out benchmarks/year.py benchmarks/demo.py,$(wildcard benchmarks/[a-z]*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

fuzz: $(DEV) ## properties with many more examples, then random bytes for all that reads those of strangers (SECONDS=600)
	@$(BIN)/pip install --quiet "atheris>=3.0"
	@$(BIN)/pytest $(PARALLEL) --hypothesis-profile thorough --timeout 0 tests/property
	@PYTHONPATH=.:tests $(BIN)/python -m fuzz $(or $(SECONDS),600) $(TARGET)

chaos: $(DEV) ## faults at random, then every promise is checked (SEEDS=20, FIRST=1)
	@-$(PYTHON) scripts/services.py
	@PYTHONPATH=tests $(BIN)/python -m chaos --seeds $(or $(SEEDS),20) --first $(or $(FIRST),1)

picture: $(DEV) ## draw what `status --watch` shows (needs chromium)
	@$(BIN)/python scripts/status_picture.py

docs: $(DEV) ## write the pages that are made from the code
	@$(BIN)/python scripts/docs.py

site: $(SITE) ## the documentation as a site, in build/site; a dead link is an error
	@$(SITE)/bin/python scripts/documentation.py

screenshots: $(DEV) ## the pictures of the page in docs/images
	@$(PYTHON) scripts/services.py chromium
	@PYTHONPATH=tests $(BIN)/python scripts/screenshots.py

screenshots-all: $(DEV) ## every page, wide and narrow, light and dark, in .screenshots
	@$(PYTHON) scripts/services.py chromium
	@PYTHONPATH=tests $(BIN)/python scripts/screenshots.py --all

services: ## fetch the real services that the tests run against
	@$(PYTHON) scripts/services.py

fresh: ## `make test` on a minimal Debian, as an ordinary user (SUITE=trixie; wants root and debootstrap)
	@sh scripts/fresh_machine.sh $(SUITE) /var/tmp/pool-monitor-$(SUITE) $(or $(DO),make test)

node-core: $(RUN) ## build the newest Bitcoin Core (minutes; a few tests want it)
	@sh scripts/node-core.sh

lock: $(DEV) ## write down the versions that pyproject.toml asks for (LOCK=--upgrade: the newest)
	@$(COMPILE) pyproject.toml --all-extras --group dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml --all-extras -c requirements/dev.txt -o requirements/all.txt
	@$(COMPILE) pyproject.toml --extra service -c requirements/dev.txt -o requirements/service.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	@$(COMPILE) --group build -c requirements/dev.txt -o requirements/build.txt
	@$(COMPILE) --group release -c requirements/dev.txt -o requirements/release.txt
	@$(COMPILE) --group site -o requirements/site.txt

dist: $(DEV) ## wheel and source archive in dist/
	@rm -rf dist
	@$(BIN)/hatchling build --directory dist

trial: ## install the wheel of dist/ from the locks in a new environment, and run it (PYTHON=python3.13 UNIT=--unit)
	@$(PYTHON) scripts/trial.py $(UNIT)

deb: dist ## Debian package in dist/ (SUITE=bookworm ARCH=arm64 DEBEMAIL=you@example.org)
	@$(BIN)/python scripts/deb.py $(SUITE) $(ARCH)

deb-trial: ## lint, install, run, upgrade and purge that package on a Debian that boots (wants root and debootstrap)
	@sh scripts/deb_trial.sh $(SUITE)

image-trial: ## build the container image with Podman on a minimal Debian, and run it (wants root and debootstrap)
	@sh scripts/image_trial.sh $(SUITE)

release: deb ## all of dist/: packages, list of components, notes, checksums
	@$(BIN)/python scripts/release.py

advisories: $(DEV) ## compare the locks with an export of advisories (EXPORT=all.zip, see docs/how-to/install.md)
	@$(BIN)/python scripts/advisories.py $(EXPORT)

hooks: $(DEV) ## check before each commit
	@$(BIN)/pre-commit install

clean: ## remove what was built and fetched
	rm -rf .venv .services .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

$(RUN): requirements/run.txt pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py run
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py dev
	@touch $(RUN) $@

$(SITE): requirements/site.txt | $(RUN)
	@$(BIN)/python -m venv --clear --without-pip $@
	@$(BIN)/pip --disable-pip-version-check --python $@/bin/python install --quiet --require-hashes -r requirements/site.txt
	@touch $@

.PHONY: help demo test unit coverage check lint types arch format format-check bench fuzz chaos picture docs dashboards site screenshots screenshots-all services fresh node-core lock dist trial deb deb-trial image-trial release advisories hooks clean
