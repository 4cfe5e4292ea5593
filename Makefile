# The system's Python makes .venv; everything else runs in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKED := .ci/constraints.txt
# What pip says is kept, and shown only where it fails.
PIP = $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --progress-bar off --constraint $(LOCKED)
LOG := $(VENV)/install.log
QUIETLY = >$(LOG) 2>&1 || { cat $(LOG) >&2; exit 1; }

# mysqlclient has no wheel for Linux. It is built where a compiler and the headers are; when they come later, the stamp
# differs, and the next make installs it.
MYSQL := $(shell { command -v cc && { command -v mariadb_config || command -v mysql_config || \
	pkg-config --exists libmariadb || pkg-config --exists mysqlclient; }; } >/dev/null 2>&1 && echo yes)
# The example takes real servers when their URLs are in the environment, so their clients are there from the start.
comma := ,
EXTRAS := .[postgres,redis,s3,xlsx$(if $(MYSQL),$(comma)mysql)]
MADE := $(VENV)/.made
DEMO := $(VENV)/.demo$(if $(MYSQL),-with-mysqlclient)
DEV := $(VENV)/.dev$(if $(MYSQL),-with-mysqlclient)

.DEFAULT_GOAL := help
.PHONY: help install demo run test check matrix lock bench docs openapi style types imports templates migrations package

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(DEV) ## Make .venv with everything that development needs
	@echo "Installed in $(VENV)."

demo: $(DEMO) ## Try it: seed the example LMS and start it with worker and beat (PORT=8000)
	@$(BIN)/python -m example_project.demo

run: $(DEMO) ## Start the example LMS without seeding it (PORT=8000)
	@$(BIN)/python -m example_project.demo --no-seed

test: $(DEV) ## Run the tests: SQLite, then PostgreSQL and MariaDB (args="-k name --only sqlite"; THOROUGH=1)
	@$(BIN)/python -m tests.run $(args)

check: style types imports templates migrations docs package ## Check style, types, imports, migrations, docs, package …

style: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

imports: $(DEV)
	$(BIN)/lint-imports

templates: $(DEV)
	$(BIN)/djlint --check --quiet proctoring_results example_project
	$(BIN)/djlint --lint --quiet proctoring_results example_project

# makemigrations only looks, and so needs no database of its own.
migrations: $(DEV)
	DATABASE_URL=sqlite://:memory: $(BIN)/python example_project/manage.py makemigrations --check --dry-run
	DATABASE_URL=sqlite://:memory: $(BIN)/python example_project/manage.py check --fail-level WARNING

package: $(DEV)
	@rm -rf $(VENV)/dist
	$(BIN)/python -m build --no-isolation --outdir $(VENV)/dist . $(QUIETLY)
	$(BIN)/twine check --strict $(VENV)/dist/*

matrix: $(DEV) ## Run the unit tests on each Python and Django found (args="--list", args="--session lowest")
	@$(BIN)/nox $(args)

# One file for each Python: uv writes beside a version for which of them it is.
lock: $(MADE) ## Take the newest versions of what is installed here, and write them to .ci/
	@$(INSTALL) uv $(QUIETLY)
	$(BIN)/$(COMPILE) --group dev --output-file $(LOCKED)
	$(BIN)/$(COMPILE) --group test --resolution lowest-direct --output-file .ci/lowest.txt

COMPILE := uv pip compile --quiet --no-config --universal --upgrade --python-version 3.11 --all-extras --no-annotate \
	--custom-compile-command "make lock" pyproject.toml

bench: $(DEV) ## Measure reports, pages and reviews against their limits (args="--only callbacks"; --help)
	@$(BIN)/python -m tests.bench $(args)

openapi: $(DEV) ## Write the REST API's schema into docs/reference/openapi.yaml
	DATABASE_URL=sqlite://:memory: $(BIN)/python example_project/manage.py spectacular --validate --fail-on-warn \
		--generator-class proctoring_results.rest.v1.openapi.Generator \
		--custom-settings proctoring_results.rest.v1.openapi.SETTINGS --file docs/reference/openapi.yaml

docs: $(DEV) ## Build the documentation into docs/_build/html
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --builder html docs docs/_build/html
	@echo "Built docs/_build/html/index.html."

NO_MYSQL = echo "Left out: MariaDB and MySQL, whose headers (or a C compiler) were not found." \
	"Install libmariadb-dev and gcc (Debian) or mariadb (Homebrew), then run make install again."

# ------------------------------------------------------------------------------------------------------------- stamps

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
			"Name another: make PYTHON=/usr/bin/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --upgrade pip $(QUIETLY)
	@touch $@

$(DEMO): pyproject.toml $(LOCKED) $(MADE)
	@echo "Installing what the example needs, in about half a minute …"
	@$(INSTALL) --build-constraint $(LOCKED) --editable '$(EXTRAS)' --group demo $(QUIETLY)
	@touch $@

$(DEV): pyproject.toml $(LOCKED) $(MADE)
	@echo "Installing what development needs, in about a minute …"
	@$(INSTALL) --build-constraint $(LOCKED) --editable '$(EXTRAS)' --group dev $(QUIETLY)
	@$(if $(MYSQL),,$(NO_MYSQL))
	@touch $(DEMO) $@

