# Everything is one line here; what it does is in the scripts it calls.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Which section of samconfig.toml is built and deployed. ARCH (arm64 or x86_64) and PARAMETERS
# (Name=Value …) go before what stands there.
CONFIG_ENV ?= default
ARCH ?=
PARAMETERS ?=
overrides = $(if $(ARCH),Architecture=$(ARCH)) $(PARAMETERS)

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: run
run: ## Build and start the whole product on this machine
	@cargo run --quiet --package aiva-local

.PHONY: test
test: ## Install what the tests need and run all of them
	@infra/ci/tools.sh nextest moto node go curl axios requests docs
	@MOTO_SERVER="$$PWD/.venv-moto/bin/moto_server" cargo nextest run --workspace --all-features
	@cargo test --workspace --doc --quiet

.PHONY: fmt
fmt: ## Format the code
	@cargo fmt --all

.PHONY: lint
lint: ## Formatting, clippy, docs, licences and the template
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --all-features -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --quiet
	@infra/ci/licences.py
	@infra/deploy-local/lint.sh

.PHONY: bench
bench: ## Measure the budgets and write docs/BENCHMARKS.md
	@infra/bench/run.sh

.PHONY: eval
eval: ## Ask the evaluation's questions; print how well they are answered
	@infra/ci/tools.sh docs
	@cargo run --quiet --release --package aiva-eval -- --missed

.PHONY: build
build: ## Build the release bootstraps with cargo-lambda
	@infra/ci/tools.sh sam
	@infra/ci/sam.py build $(CONFIG_ENV) $(overrides)

.PHONY: deploy
deploy: build ## Deploy to the AWS account of the environment
	@infra/ci/sam.py deploy $(CONFIG_ENV) $(overrides)

.PHONY: deploy-local
deploy-local: ## Deploy the template to an emulator on this machine and test it end to end
	@infra/deploy-local/run.sh
