# The two commands of the README are `make demo` and `make test`; the rest serves development.
PYTHON ?= python3
BIN := .venv/bin
PROFILE ?= quick
PYTEST := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test check coverage format ui repro constraints schema docs reference screenshot mutants eta torture fuzz audit clean

demo: ## Install what it needs, run Table 1 at laptop scale, print its verdicts
	@$(PYTHON) tools/install.py mlflow dvc
	@$(BIN)/pkbench run specs/table1.toml --profile $(PROFILE)
	@$(BIN)/pkbench report specs/table1.toml --profile $(PROFILE)

test: ## Install what it needs and run everything CI runs
	@$(PYTHON) tools/install.py dev
	@$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pkbench validate specs/*.toml
	$(BIN)/python -m pytest $(PYTEST)

coverage: ## The tests again, with the lines of the package that they run counted: at least 90 %, which takes half as long again
	@$(PYTHON) tools/install.py dev
	$(BIN)/python -m pytest $(PYTEST) --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m coverage report --skip-covered --fail-under=90

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui: ## MLflow's pages on this machine
	@$(PYTHON) tools/install.py mlflow dvc
	@$(BIN)/pkbench ui

repro: ## `dvc repro`, whatever ended the last one
	@$(PYTHON) tools/install.py mlflow dvc
	@$(BIN)/python tools/repro.py

constraints: ## Pin the newest versions that fit all supported Pythons
	@$(PYTHON) tools/install.py dev
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --fork-strategy fewest \
	  --upgrade --no-header --no-annotate --no-emit-index-url --quiet --output-file constraints.txt

schema: ## Write the JSON Schema of specs for editors
	$(BIN)/pkbench schema --out pkbench.schema.json

docs: ## Make the documentation site in docs/_build; a warning or a broken link fails
	@$(PYTHON) tools/install.py dev
	$(BIN)/python -m sphinx -W -n --keep-going -b html docs docs/_build

reference: ## Write the lists of options and of a spec's keys into docs/verbs.md and docs/spec-reference.md
	$(BIN)/python tools/reference.py

screenshot: ## Make the README's picture of the HTML report again, from what is recorded of all specs
	@$(PYTHON) tools/install.py dev
	$(BIN)/pkbench report --html
	$(BIN)/python tools/screenshot.py

mutants: ## Change the code of verdicts in every small way and see that a test fails: FILES="statistics" for some of it, CHILDREN=1 for one core
	@$(PYTHON) tools/install.py mutation
	@nice -n 19 $(BIN)/python tools/mutate.py $(if $(CHILDREN),--children $(CHILDREN)) $(FILES)

eta: ## How true the time left is that a run tells: SPEC="specs/fig-3.toml --only ..." for another than Table 1, SPEC="specs/*.toml --times 1" for all
	@$(PYTHON) tools/install.py mlflow dvc
	@$(BIN)/python tools/eta.py $(SPEC)

torture: ## Kill, truncate, fill, mutate, and see that nothing is lost: a table of it after some minutes (FILES="kills" for some of it)
	@$(PYTHON) tools/install.py dev
	@$(BIN)/python -m pytest $(if $(FILES),$(FILES:%=tests/torture/test_%.py),tests/torture) -p no:cacheprovider -q --torture full

fuzz: ## Hostile specs without end against loading, checking and planning: INPUTS=100000, SEED=7 for the same ones again
	@$(PYTHON) tools/install.py dev
	@nice -n 19 $(BIN)/python -m tests.torture.fuzz_specs --inputs $(or $(INPUTS),100000) $(if $(SEED),--seed $(SEED))

audit: ## Known weaknesses of the pinned dependencies, where their database can be reached; never part of CI
	@$(PYTHON) tools/install.py audit
	@$(BIN)/python tools/audit.py

clean: ## Remove caches, not results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* build dist docs/_build
