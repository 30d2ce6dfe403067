# Each target sets up what it needs. "make" alone lists them.
#
# Packages are installed by apt where they are missing and this user may (root,
# or sudo without a password); elsewhere the tests that need them say so and
# skip.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# A shell that was not told of Go finds it where its own archive puts it.
export PATH := $(PATH):/usr/local/go/bin
# The product has no cgo; only the race detector wants it.
export CGO_ENABLED ?= 0

FUZZTIME ?= 10s
BENCHTIME ?= 1s
TEST_TIMEOUT ?= 30m
# Packages one after another: live tests measure time, and on two cores a
# second test binary would be in what they measure.
TEST_FLAGS ?= -p 1

TOOL := $(GO) tool -modfile=internal/tools/tools.mod
VERSION ?=
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))

# They build on any system.
PURE := ./abi ./decode ./rules ./rules/bpf

# Debian packages: what tests compile and run. rustc is optional and large, so
# a Rust program is tested where it is there already.
TEST_PACKAGES := gcc g++ libc6-dev libseccomp-dev pkg-config gdb elfutils bc gawk python3 perl gzip procps bsdextrautils chromium lldb strace git curl sqlite3 openssl

# install PACKAGES: those of them that dpkg does not have.
install = sh -c 'need=; for p in $(1); do \
	  dpkg-query -W -f "\$${Status}" $$p 2>/dev/null | grep -q "^install ok" || need="$$need $$p"; done; \
	[ -n "$$need" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "not installed:$$need (no apt here; install them by hand)"; exit 0; }; \
	as=; [ "$$(id -u)" = 0 ] || as="sudo -n"; \
	echo "+ $$as apt-get install$$need"; \
	{ $$as apt-get update -q && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$need; } \
	  >build/apt.log 2>&1 || { tail -n 5 build/apt.log; echo "not installed:$$need (what needs them will say so)"; }'

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

build/.dir:
	@mkdir -p build && touch $@

.PHONY: build
build: build/.dir ## build build/warder: one static binary
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o build/warder ./cmd/warder

# What warder run needs to give other users than root the walls that root has:
# ids (setuid, setgid), a kill and a look at what runs under them (kill,
# sys_ptrace), no capability of its own left to the program (setpcap), the root
# directory (sys_chroot) and namespaces (sys_admin).
HELPER_CAPS := cap_setuid,cap_setgid,cap_kill,cap_sys_ptrace,cap_setpcap,cap_sys_chroot,cap_sys_admin=ep
GROUP ?= warder
PREFIX ?= /usr/local

.PHONY: install-helper
install-helper: build ## install warder with file capabilities, for the members of GROUP (as root)
	@[ "$$(id -u)" = 0 ] || { echo "install-helper: run it as root"; exit 1; }
	@$(call install,libcap2-bin)
	getent group $(GROUP) >/dev/null || groupadd --system $(GROUP)
	install -D -o root -g $(GROUP) -m 0750 build/warder $(DESTDIR)$(PREFIX)/bin/warder
	setcap $(HELPER_CAPS) $(DESTDIR)$(PREFIX)/bin/warder
	mkdir -p $(DESTDIR)/usr/lib/tmpfiles.d
	printf '%s\n' 'd /run/warder 0770 root $(GROUP)' 'f /run/warder/ids 0660 root $(GROUP)' >$(DESTDIR)/usr/lib/tmpfiles.d/warder.conf
	install -d -o root -g $(GROUP) -m 0770 $(DESTDIR)/run/warder
	[ -e $(DESTDIR)/run/warder/ids ] || : >$(DESTDIR)/run/warder/ids
	chown root:$(GROUP) $(DESTDIR)/run/warder/ids && chmod 0660 $(DESTDIR)/run/warder/ids

.PHONY: demo
demo: build/.dir ## build everything and show it: a held program, a violation, a limit
	@$(call install,gcc libc6-dev bc)
	@$(MAKE) --no-print-directory build
	@bash demo/run

.PHONY: packages
packages: build/.dir ## install what the tests compile and run
	@$(call install,$(TEST_PACKAGES))

.PHONY: test
test: packages ## run all tests (as root all of them; as another user those that can)
	@[ "$$(id -u)" = 0 ] || echo "not root: tests of held user ids will skip; run sudo make test for all"
	$(GO) test $(TEST_FLAGS) -count=1 -timeout=$(TEST_TIMEOUT) ./...

.PHONY: test-root
test-root: ## run all tests, as root by sudo
	sudo env "PATH=$$PATH" "CI=$${CI-}" $(MAKE) test

.PHONY: race
race: packages ## run all tests under the race detector
	CGO_ENABLED=1 $(GO) test $(TEST_FLAGS) -race -count=1 -timeout=$(TEST_TIMEOUT) ./...

.PHONY: attacks
attacks: packages ## run the attack corpus alone, each under each engine
	$(GO) test -count=1 -timeout=$(TEST_TIMEOUT) -v -run 'Attack' ./internal/testprog ./tracer

.PHONY: walls
walls: packages ## hold the attacks with one wall at a time and no filter; print what each wall holds
	@$(GO) test -count=1 -timeout=$(TEST_TIMEOUT) -v -run '^TestLive(WallMatrix|GroupAlone)$$' ./tracer >build/walls.log 2>&1 || \
	  { cat build/walls.log; exit 1; }
	@grep -o '| .*|$$\||--.*|$$' build/walls.log || { grep -A 2 -e '--- SKIP' build/walls.log; exit 1; }

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	@$(GO) list ./... | while read -r package; do \
	  for target in $$($(GO) test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
	    echo "+ $$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package"; \
	  done; \
	done

.PHONY: bench
bench: packages ## run the benchmarks: what supervision costs
	$(GO) test $(TEST_FLAGS) -run '^$$' -bench . -benchtime $(BENCHTIME) -timeout=$(TEST_TIMEOUT) ./...

.PHONY: bench-docs
bench-docs: packages ## measure on this quiet machine and write docs/performance.md with its charts
	@$(call install,strace bubblewrap)
	@$(MAKE) --no-print-directory build
	bash bench/suite
	$(GO) run ./internal/tools/perfdocs build/bench docs

.PHONY: generate
generate: ## write the generated files; CHECK=1 fails if that changes one
	@sums() { find . -name 'z*.go' -not -path './build/*' -print0 | sort -z | xargs -0 sha256sum; }; \
	before=$$(sums); $(GO) generate ./...; after=$$(sums); \
	[ -z "$(CHECK)" ] || [ "$$before" = "$$after" ] || \
	  { diff <(echo "$$before") <(echo "$$after"); echo "generated files were not up to date: commit these"; exit 1; }

.PHONY: lint
lint: ## gofumpt, go vet, staticcheck, go.mod, and the structure of the repository
	@files=$$($(TOOL) gofumpt -l .); [ -z "$$files" ] || { echo "not formatted by gofumpt:"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) test -count=1 ./internal/lint

.PHONY: vet-cross
vet-cross: build/.dir ## vet and build for arm64; build and vet the pure packages for darwin
	GOOS=linux GOARCH=arm64 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 $(GO) build -trimpath -o build/warder-arm64 ./cmd/warder
	GOOS=darwin GOARCH=arm64 $(GO) build $(PURE)
	GOOS=darwin GOARCH=arm64 $(GO) vet $(PURE)

.PHONY: clean
clean: ## remove what the targets made here
	rm -rf build

.PHONY: check
check: ## what CI runs, exactly
	bash .ci/run
