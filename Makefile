# make run · make test · make check: each sets up what it needs. PYTHON=python3.12 make setup takes another Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SET_UP := .setup-$(shell cat requirements.txt requirements-dev.txt pyproject.toml | cksum | cut -d' ' -f1)
JOBS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(JOBS)

.PHONY: setup run test test-slow test-gpu check fix docs bench shipped

setup: $(SET_UP)

$(SET_UP): requirements.txt requirements-dev.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed; try: make PYTHON=python3.12')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	rm -f .setup-* && touch $@

run: setup
	$(BIN)/streamlit run app.py

test: setup
	$(BIN)/python -m tests.browser.chromium
	$(PYTEST) -m "not slow and not gpu"
	if command -v node >/dev/null; then node --test tests/js/*.test.mjs; else echo "No Node here: the JavaScript unit tests run in CI"; fi

test-slow: setup
	$(BIN)/python -m tests.browser.chromium
	$(PYTEST) -m "slow and not gpu"

test-gpu: setup
	$(PYTEST) -m gpu

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

fix: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup
	$(BIN)/python -m aelib list models --markdown > docs/choosing.md

bench: setup
	$(BIN)/python -m bench.start
	$(BIN)/python -m bench.interaction
	$(BIN)/python -m bench.map
	$(BIN)/python -m bench.training
	$(BIN)/python -m bench.projection

# The runs in checkpoints/ that come with the app.
shipped: setup
	$(BIN)/python -m bench.shipped
