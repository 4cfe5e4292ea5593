# The system's Python makes .venv; everything else runs in it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# mysqlclient has no wheel for Linux. It is built where a compiler and the headers are; when they come later, the stamp
# differs, and the next make installs it.
MYSQL := $(shell { command -v cc && { command -v mariadb_config || command -v mysql_config || \
	pkg-config --exists libmariadb || pkg-config --exists mysqlclient; }; } >/dev/null 2>&1 && echo yes)
# The example takes real servers when their URLs are in the environment, so their clients are there from the start.
comma := ,
EXTRAS := .[postgres,redis,s3$(if $(MYSQL),$(comma)mysql)]
MADE := $(VENV)/.made
DEMO := $(VENV)/.demo$(if $(MYSQL),-with-mysqlclient)
DEV := $(VENV)/.dev$(if $(MYSQL),-with-mysqlclient)

.DEFAULT_GOAL := help
.PHONY: help install demo run test check bench docs openapi style types imports templates migrations

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

check: style types imports templates migrations docs ## Check style, types, imports, templates, migrations, settings, docs

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
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(DEMO): pyproject.toml $(MADE)
	@echo "Installing what the example needs …"
	@$(PIP) install --editable '$(EXTRAS)' --group demo
	@touch $@

$(DEV): pyproject.toml $(MADE)
	@echo "Installing what development needs …"
	@$(PIP) install --editable '$(EXTRAS)' --group dev
	@$(if $(MYSQL),,$(NO_MYSQL))
	@touch $(DEMO) $@

