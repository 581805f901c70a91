PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all docs lint gpu prior board format browser clean

demo: .venv/.demo  ## from photographs to a leaderboard in a few minutes, and a page that tells it
	$(BIN)/dubench demo --out demo
	@$(BIN)/python -m webbrowser -t "file://$(CURDIR)/demo/index.html" >/dev/null 2>&1 || true

test: .venv/.developer  ## everything but what is marked slow
	$(BIN)/python -m pytest -n auto

test-all: .venv/.developer .venv/.cluster .venv/.docs
	$(BIN)/python -m pytest -n auto -m "slow or not slow"

docs: .venv/.docs  ## the pages as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lint: .venv/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

gpu: .venv/.developer  ## what needs a GPU: is it right, and how fast; eight minutes at most
	$(BIN)/python benchmarks/gpu.py

MODEL ?= runs/prior
PHOTOS ?= photos
prior: .venv/.developer  ## bundle the prior in MODEL: weights, ONNX, and a card measured on PHOTOS
	$(BIN)/python -m pip install --quiet bm3d
	$(BIN)/python benchmarks/prior.py --model $(MODEL) --photos $(PHOTOS)

BOARD_SOURCE ?= builtin
BOARD_TITLE ?= Degradation understanding, an example
board: .venv/.developer  ## the example board in docs/board: the models that come with dubench, on a test of 3,000
	rm -rf build/board
	$(BIN)/dubench generate --test-only --n 3000 --seed 18 --source $(BOARD_SOURCE) --out build/board-data
	$(BIN)/dubench leaderboard epoch build/board --dataset build/board-data --title "$(BOARD_TITLE)"
	for model in nano classical statistics:du110k-wild; do \
		file=$$(echo $$model | tr : -); \
		$(BIN)/dubench predict --model $$model --dataset build/board-data --out build/board-$$file.jsonl && \
		$(BIN)/dubench leaderboard add build/board-$$file.jsonl --board build/board \
			--card docs/cards/$$file.yaml || exit 1; done
	$(BIN)/dubench leaderboard build build/board --no-pictures --out docs/board

format: .venv/.developer
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser:  ## Chromium for the tests of the review page, which are skipped without it
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null || \
		echo "no chromium, and none could be installed: the browser tests will be skipped"

clean:
	rm -rf .venv demo build *.egg-info

.venv/.user: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.demo: .venv/.user
	$(BIN)/python -m pip install --editable ".[train,review]"
	touch $@

.venv/.developer: .venv/.user
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	# Two wheels install cv2; the one that needs a display must not have the last word.
	if $(BIN)/python -m pip show --quiet opencv-python 2>/dev/null; then \
		$(BIN)/python -m pip install --quiet --force-reinstall --no-deps opencv-python-headless; fi
	touch $@

.venv/.cluster: .venv/.developer
	$(BIN)/python -m pip install --quiet --editable ".[cluster]"
	touch $@

.venv/.docs: .venv/.user
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@
