# `make demo` and `make test` do all set-up on a fresh Debian 12 with Python 3.11, gcc and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard native/*.c native/*.h native/build_kernel.py) setup.py

.PHONY: demo test quick lint docs texts bundle kernel fuzz mutation coverage-evidence bench campaign clean

demo: $(VENV)/.ready
	$(BIN)/edge-agent demo

# Longest files first (tests/conftest.py).  For two cores: what computes waits a little, what runs in real time more than half.
test: quick lint
	$(BIN)/python -m pytest -m slow -n 4 --dist loadfile --no-loadscope-reorder

quick: $(VENV)/.ready
	$(BIN)/python -m pytest -m "not slow" -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/mypy

# docs/commands.md, the man page and the completions, from the commands themselves
# one file to install a controller of this architecture without a package index (docs/install.md)
bundle: $(VENV)/.ready
	bundle/make.sh

docs: $(VENV)/.ready
	$(BIN)/python docs/generate.py

# every text for people into every catalogue of config/languages; says what is to be translated (docs/translating.md)
texts: $(VENV)/.ready
	$(BIN)/python docs/texts.py

kernel: $(VENV)/.ready
	$(MAKE) -C native test

# every parser that meets the network or the disk, SECONDS each; an input that fails is kept in fuzz-NAME.bin
SECONDS ?= 10
fuzz: $(VENV)/.ready
	$(MAKE) -C native fuzz SECONDS=$(SECONDS)
	nice -n 15 $(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(NAMES)

# do the tests notice a small change anywhere in the pure parts of evidence? half an hour (docs/mutation.md)
mutation: $(VENV)/.ready
	nice -n 15 $(BIN)/python -m benchmarks.mutation $(NAMES)

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks

# attacks, crash states, kills, failing calls, power cuts: hours (docs/attacks.md); NAMES="kills --runs 500" for a part
campaign: $(VENV)/.ready
	nice -n 15 $(BIN)/python -m benchmarks.campaign $(NAMES)

# branches of sign, verify and commit under the tests of evidence
SIGNING := base64url strict_json jws merkle notes verify stump ed25519
comma := ,
empty :=
COVERED := $(subst $(empty) ,$(comma),$(SIGNING:%=edge_agent/tools/%.py) edge_agent/hands/keys.py edge_agent/hands/ledger.py edge_agent/hands/shelf.py)
coverage-evidence: $(VENV)/.ready
	nice -n 10 $(BIN)/python -m coverage run --branch --include="$(COVERED)" -m pytest tests/evidence
	$(BIN)/python -m coverage report -m

$(VENV)/.ready: $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip "setuptools>=68" wheel "cffi>=1.17"
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[test,center]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info native/out edge_agent/_kernel.c edge_agent/*.so
