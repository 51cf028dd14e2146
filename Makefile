# make demo: the three scripts on the sample. make test: all checks and tests. Both make .venv first.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test clean

demo: .venv/installed
	$(BIN)/python train.py data/sample/train.csv settings/sample.txt
	$(BIN)/python alpha_definition.py data/sample/val.csv data/sample/labels_val.csv settings/sample.txt
	$(BIN)/python test.py data/sample/test.csv settings/sample.txt --labels data/sample/labels_test.csv

test: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

clean:
	rm -rf .venv

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/installed-for-tests: requirements-test.txt .venv/installed
	$(BIN)/python -m pip install --quiet --requirement requirements-test.txt
	$(BIN)/python -m pip install --quiet --no-deps prts==1.0.0.3
	touch $@
