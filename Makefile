# Everything runs in .venv, made on first use. `make demo` and `make test` need only Python and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint types tests format clean

demo: .venv/.demo
	$(BIN)/python -m recipes.char_lm --out runs/char_lm --overwrite
	$(BIN)/python -m recipes.sentiment --out runs/sentiment --overwrite
	$(BIN)/python -m export.to_saved_model runs/char_lm --out bundles/char_lm_saved_model --overwrite
	$(BIN)/python -m export.to_saved_model runs/sentiment --out bundles/sentiment_saved_model --overwrite
	$(BIN)/python -m export.to_onnx runs/char_lm --out bundles/char_lm --overwrite
	$(BIN)/python -m export.to_onnx runs/sentiment --out bundles/sentiment --overwrite
	$(BIN)/python -m export.generate bundles/char_lm --prompt "The " --length 300 --temperature 0.6 --seed 1
	$(BIN)/python -m export.classify bundles/sentiment "Not once was I bored; a warm and funny film." "A dull plot, clumsy jokes and a wasted cast."
	@echo
	@echo "Written: runs/char_lm and runs/sentiment (model.keras, vocabulary.json, report.json, curves.png),"
	@echo "         bundles/char_lm and bundles/sentiment (ONNX, needs onnxruntime alone),"
	@echo "         bundles/char_lm_saved_model and bundles/sentiment_saved_model (TensorFlow alone)."
	@echo "Next:    $(BIN)/python -m export.generate bundles/char_lm --prompt \"A string \" --length 400"

test: .venv/.test lint types tests

# With the cases that differ from others in a cell's equation or a size alone, and the longer tests of
# the benchmarks.
test-all: MARKED := -m ""
test-all: .venv/.test lint types tests

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.test
	$(BIN)/mypy

# In parts: what XLA compiles stays in a process's memory until it ends, some gigabytes in all.
PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --durations 10 $(MARKED)
LAYERS := tests/layers tests/cells tests/keras_own_tests
EXPORTS := tests/exporting tests/export tests/benchmarks
HEAVY := $(LAYERS) $(EXPORTS)

tests: .venv/.test
	$(PYTEST) $(LAYERS)
	$(PYTEST) $(EXPORTS)
	$(PYTEST) keras_rnn_kit benchmarks tests $(addprefix --ignore=,$(HEAVY))

format: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A stamp for each set of packages; setup.py names them, so it decides whether they are up to date.
.venv/.demo: setup.py | .venv
	$(BIN)/python -m pip install --quiet --editable ".[all]"
	@touch $@

.venv/.test: setup.py | .venv
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@

.venv:
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
