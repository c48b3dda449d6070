# The front door: `make help` lists what can be asked for. Everything missing is installed first (tools/setup.sh).
SHELL := /bin/bash
.DEFAULT_GOAL := build
JOBS ?= $(shell nproc)
RECIPE ?= recipes/fashion_mnist_mlp.toml
OUT ?= runs/$(basename $(notdir $(RECIPE)))
EPOCHS ?=
ARGS ?=
FUZZ_SECONDS ?= 20
SETUP ?= tools/setup.sh
PYTHON ?= $(or $(wildcard .venv/bin/python),python3)
CTEST := ctest --output-on-failure --no-tests=error

# Configures a preset, quietly unless it fails.
configure = mkdir -p build && { cmake --preset $(1) $(2) $(if $(WERROR),-DPCXX_WERROR=$(WERROR)) \
  >build/configure-$(1).log 2>&1 || { cat build/configure-$(1).log; exit 1; }; }

.PHONY: build setup python python-package notebooks train test check check-wheel sanitize fuzz bench docs format tidy clean help

build: setup ## build everything into build/ (the default)
	@$(call configure,release)
	cmake --build build -j $(JOBS)

setup: ## install what the build needs and this machine lacks
	@$(SETUP) build

python: ## build the Python package into build/python and run its tests; `pip install .` installs it
	@$(SETUP) python
	@$(MAKE) --no-print-directory python-package
	cd build && $(CTEST) -R '^python$$'

python-package:
	@$(call configure,release,-DPCXX_PYTHON=ON -DPython_EXECUTABLE=$(abspath $(shell command -v $(PYTHON))))
	cmake --build build -j $(JOBS) --target _pcxx pcxx_stub

notebooks: ## run the tutorials as notebooks, with outputs and figures, into build/notebooks
	@$(SETUP) notebooks
	@$(MAKE) --no-print-directory python-package
	PYTHONPATH=build/python $(PYTHON) -B tools/make_notebooks.py --out build/notebooks --keep

train: ## train RECIPE (Fashion-MNIST by default); EPOCHS=1 for a short run, ARGS=... for more options
	@$(SETUP) train
	@$(call configure,release)
	cmake --build build -j $(JOBS) --target pcxx_cli
	build/pcxx train $(RECIPE) --out $(OUT) $(if $(EPOCHS),--set epochs=$(EPOCHS)) $(ARGS)

test: ## everything that must pass: release tests, project checks, sanitizers, a short fuzz run
	@$(SETUP) test
	@$(MAKE) --no-print-directory check sanitize fuzz

check: build ## tests of the release build and checks of the project
	@$(SETUP) python
	@$(MAKE) --no-print-directory python-package
	cd build && $(CTEST) -j $(JOBS)

check-wheel: ## build the Python wheel of a clean copy and use it in a new environment without compilers (minutes)
	@$(SETUP) python
	tools/check_wheel.py --python $(abspath $(shell command -v $(PYTHON))) --out build/wheels

sanitize: ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(SETUP) build
	@$(call configure,sanitize)
	cmake --build build-sanitize -j $(JOBS) --target unit_tests
	cd build-sanitize && $(CTEST) -L unit -j $(JOBS)

fuzz: ## fuzz the file readers for FUZZ_SECONDS each (clang)
	@$(SETUP) test
	@tools/fuzz.sh $(FUZZ_SECONDS)

bench: build ## build and run the benchmarks of build/benchmarks
	cmake --build build -j $(JOBS) --target benchmarks
	@for program in build/benchmarks/*; do [ -x $$program ] && [ -f $$program ] && { echo "== $$program"; $$program $(ARGS) || exit 1; }; done; true

docs: ## build the documentation site into build/site/ (no warning allowed)
	@$(SETUP) docs
	@$(MAKE) --no-print-directory notebooks
	doxygen docs/site/Doxyfile
	.venv/bin/python -m sphinx -q -W --keep-going -b html -c docs/site -d build/site-cache . build/site
	@echo "build/site/docs/index.html"

format: ## format the C++ sources in place (clang-format)
	git ls-files '*.h' '*.cpp' | xargs clang-format -i

tidy: build ## run clang-tidy over the library
	git ls-files 'src/*.cpp' 'cli/*.cpp' | xargs -P $(JOBS) -n 1 clang-tidy --quiet -p build

clean: ## remove what was built (not .venv, not runs/)
	rm -rf build build-cp* build-debug build-sanitize build-fuzz

help: ## list these
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12
