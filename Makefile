# make demo: the three scripts on the sample. make test: all checks and tests. make test-jax: what
# concerns networks, on JAX, without TensorFlow, in .venv-jax. make docs: the documentation as a site.
# All make a folder .venv first, with any Python from 3.11 to 3.13.
CANDIDATES := python3.11 python3.12 python3.13 python3 python
IS_RIGHT := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in $(CANDIDATES); do \
	if $$name -c '$(IS_RIGHT)' 2>/dev/null; then command -v $$name; break; fi; done)
BIN := .venv/bin

.PHONY: demo test test-jax docs clean

demo: .venv/installed
	$(BIN)/python train.py data/sample/train.csv settings/sample.txt
	$(BIN)/python alpha_definition.py data/sample/val.csv data/sample/labels_val.csv settings/sample.txt
	$(BIN)/python test.py data/sample/test.csv settings/sample.txt --labels data/sample/labels_test.csv

test: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-jax: .venv-jax/installed
	KERAS_BACKEND=jax DCVAE_ENGINE=keras .venv-jax/bin/python -m pytest --numprocesses 2 --dist loadfile \
		tests/networks tests/training tests/scoring tests/pipeline tests/storage tests/cli/test_backends.py \
		tests/test_backend.py tests/test_devices.py tests/test_precision.py tests/test_gpu.py

docs: .venv/installed-for-docs
	rm -rf docs/_build  # what is kept there is not checked again
	$(BIN)/sphinx-build -W --keep-going -n -b html docs docs/_build/html

clean:
	rm -rf .venv .venv-jax docs/_build

.venv/installed: requirements.txt pyproject.toml | python
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# Without the package itself, which would bring TensorFlow.
.venv-jax/installed: requirements-jax.txt | python
	$(PYTHON) -m venv .venv-jax
	.venv-jax/bin/python -m pip install --quiet --requirement requirements-jax.txt \
		"pytest>=8.3,<10" "pytest-xdist>=3.6,<4"
	touch $@

.PHONY: python
python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python from 3.11 to 3.13 was found; looked for: $(CANDIDATES)." >&2; \
		echo "Install one of these, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
		exit 1; fi

.venv/installed-for-tests: requirements-test.txt .venv/installed
	$(BIN)/python -m pip install --quiet --requirement requirements-test.txt
	$(BIN)/python -m pip install --quiet --no-deps prts==1.0.0.3
	touch $@

.venv/installed-for-docs: requirements-docs.txt .venv/installed
	$(BIN)/python -m pip install --quiet --requirement requirements-docs.txt
	touch $@
