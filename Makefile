# The commands a person and CI share. Each is one line; what they do is in compat-tests/run/ (plain Python, no shell).
#
#   make test     everything, installing what it needs itself; prints a summary with each suite's time
#   make verify   reads only: formatting, lints, tidy, tests, documentation, licences and advisories
#   make fix      writes: formatting and the lints that can mend themselves
#   make soak     ten minutes of kill -9 under an idempotent producer (MINUTES=…)
#   make soak-groups  ten minutes of joining, leaving and crashing members under kill -9 (MINUTES=…)
#   make chaos    ten minutes of faults of every kind under clients of three nodes, then a check of the whole history (MINUTES=… SEED=…)
#   make failover how long a produce waits for another leader, ten minutes each of kills and of pauses (MINUTES=…)
#   make timeline  where the time of a failover goes, step by step (KILLS=…)
#   make partitions  1,000 and 10,000 partitions at RF=3: created, failed over, balanced, restarted, with times and memory; a fetch session over 10,000
#   make simulate a thousand seeds over the scenarios of tests/simulation/, in release (SEEDS=…)
#   make cluster  the three nodes of deploy/examples/three-nodes/ on this machine, until Ctrl-C
#   make fuzz     every fuzz target (RUNS=…)
#   make bench    the measurements of docs/benchmarks.md, beside Apache Kafka and what physics demands (QUICK=1: one short round)
#
# TARGET=kafka judges the judge: the suites run against Apache Kafka itself.
# NODES=3: the clients' stories against three nodes, every topic on all of them.
# ONLY="kcat differential" runs just these suites.
RUNNER = python3 compat-tests/run
MINUTES ?= 10
KILLS ?= 9
SEEDS ?= 1000
RUNS ?= 10000000
TARGET ?= ottla
NODES ?= 1

.DEFAULT_GOAL := test
.PHONY: test verify fix soak soak-groups chaos failover timeline partitions simulate cluster fuzz bench python

test: python
	@$(RUNNER) test --target $(TARGET) --nodes $(NODES) $(if $(ONLY),--only $(ONLY))

verify: python
	@$(RUNNER) verify

fix:
	cargo fmt --all
	git ls-files '*.rs' | xargs rustfmt --edition 2024
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cargo run --quiet -- docs-config > target/configuration.md && mv target/configuration.md docs/configuration.md
	python3 compat-tests/deploy/values_table.py
	OTTLA_WRITE_DOCS=1 cargo test --quiet --lib metrics::documentation

soak: python
	@$(RUNNER) soak --minutes $(MINUTES) --target $(TARGET)

soak-groups: python
	@$(RUNNER) soak-groups --minutes $(MINUTES) --target $(TARGET)

chaos: python
	@$(RUNNER) chaos --minutes $(MINUTES) --target $(TARGET) $(if $(SEED),--seed $(SEED))

failover: python
	@$(RUNNER) failover --minutes $(MINUTES) --target $(TARGET)

timeline: python
	@$(RUNNER) timeline --kills $(KILLS) --target $(TARGET)

partitions: python
	@$(RUNNER) partitions --target $(TARGET)
simulate:
	OTTLA_SIMULATE=$(SEEDS) cargo test --release --test simulation

cluster: python
	@$(RUNNER) cluster

fuzz: python
	@$(RUNNER) fuzz --runs $(RUNS)

bench: python
	@$(RUNNER) bench $(if $(QUICK),--quick)

# A bare Debian has no Python; everything else is installed by the runner.
python:
	@command -v python3 >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv; }
