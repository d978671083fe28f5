# vitals-gateway: two commands do everything on a fresh Debian machine: `make demo`, `make test`.
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.PHONY: help demo test test-vm check bench lock
help: ## What each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/'

$(READY): requirements.lock pyproject.toml tests/system-packages
	@tests/system-packages
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@{ $(BIN)/pip install --require-hashes -r requirements.lock && \
	$(BIN)/pip install --no-deps --no-build-isolation --editable . ; } >$(VENV)/install.log 2>&1 || \
	{ tail -n 20 $(VENV)/install.log; exit 1; }
	@touch $@

demo: $(READY) ## Set up, then the main job end to end with virtual devices (DAYS=20 plays twenty days)
	@$(BIN)/python -m tests.demo $(if $(DAYS),--days $(DAYS))

test: $(READY) ## Set up, then every test that needs no emulated machine
	@$(BIN)/python -m tests.suite $(ARGS)

test-vm: $(READY) ## As root: Debian 12 and 13 under QEMU, each with its own kernel and bluetoothd
	@$(BIN)/python -m tests.vm.run

check: $(READY) ## Tests, style, types, doors, lock file, tidiness: all of them, then the verdict
	@$(BIN)/python -m tests.check

bench: $(READY) ## Figures beside their limits, measured in one run
	@$(BIN)/python -m tests.bench

lock: $(READY) ## Resolve the lock file again after a change in pyproject.toml
	@$(BIN)/python -m tests.lock
