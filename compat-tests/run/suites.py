"""The list of suites, and how one is run: a child process, its output shown and kept, its tests counted.

A suite says how many of its tests passed in lines that this file can read: `test result: ok. N passed; N failed`
(cargo) or `stories: N passed, N failed` (ours). A child that exits badly without such a line counts as one failure.
"""

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import install
import matrix
import paths
from summary import Result

CARGO_COUNT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed")
STORY_COUNT = re.compile(r"^stories: (\d+) passed, (\d+) failed")
THREE_NODES = {"COMPAT_NODES": "3"}
INSTALLING = threading.Lock()  # suites may run side by side; what they need is installed once
FAILED_TEST = re.compile(r"^(?:test (\S+) \.\.\. FAILED|\s+FAIL (.+))$")


def print_now(text: str) -> None:
    print(text, end="", flush=True)


@dataclass
class Suite:
    """One entry of the summary. `needs` are installers; the first that raises Unavailable makes the suite SKIPPED."""

    name: str
    command: list[str]
    needs: list[Callable[[], None]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    limit_s: int = 900
    may_be_unreachable: bool = False  # needs something of the internet that is no registry: SKIPPED then fails no run, not even with CI=true
    foreign: bool = True  # asks nothing but Kafka's own behaviour, so Apache Kafka can be judged with it as well
    clients: tuple[str, ...] = ()  # whose cells of the matrix it reports, in the order of the table's columns

    def run(self, target: str, say: Callable[[str], None] = print_now) -> Result:
        result = Result(self.name, may_be_skipped=self.may_be_unreachable)
        started = time.monotonic()
        say(f"\n── {self.name} ──\n")
        try:
            with INSTALLING:
                for need in [*self.needs, *([install.java] if target == "kafka" else [])]:
                    need()
        except install.Unavailable as reason:
            result.skipped_because = str(reason)
            say(f"SKIPPED: {reason}\n")
        else:
            self._run_child(target, result, say)
        result.seconds = time.monotonic() - started
        return result

    def _run_child(self, target: str, result: Result, say: Callable[[str], None]) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "COMPAT_TARGET": target, "PYTHONPATH": str(paths.COMPAT / "run")}
        environment |= self.environment
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        with open(paths.LOGS / f"{self.name.replace(' ', '-')}.log", "w") as log:
            # Should the runner be killed, its suites end as if stopped by their time limit, and with them their brokers.
            command = [*(["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []), "timeout", "--foreground", "--kill-after=20", str(self.limit_s), *self.command]
            child = subprocess.Popen(
                command, cwd=paths.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            )
            for line in child.stdout:
                log.write(line)
                say(line)
                count(line, result)
                if self.clients and matrix.is_said(line):
                    result.cells.append(line.strip())
            status = child.wait()
        if status == 124:
            result.failures.append(f"stopped after {self.limit_s} s")
        if status != 0 and result.failed == 0:
            result.failed = 1
            result.failures.append(f"`{' '.join(self.command)}` exited with {status}")
        elif status == 0 and result.passed == 0 and result.failed == 0:
            result.passed = 1


def count(line: str, result: Result) -> None:
    """Adds what one line of output says about tests."""
    for pattern in (CARGO_COUNT, STORY_COUNT):
        if match := pattern.match(line):
            result.passed += int(match[1])
            result.failed += int(match[2])
    if match := FAILED_TEST.match(line):
        result.failures.append(match[1] or match[2])


def cargo(name: str, *arguments: str, **environment: str) -> Suite:
    # A clean clone builds everything first, on two cores that may be shared.
    return Suite(name, ["cargo", *arguments], [install.rust], environment, limit_s=2700, foreign=False)


def stories(name: str, path: str, *needs: Callable[[], None], foreign: bool = True, clients: tuple[str, ...] = (), python: Path = paths.PYTHON) -> Suite:
    """A folder of compat-tests/ whose files hold stories (see story.py)."""
    command = [str(python), str(paths.COMPAT / "run" / "story.py"), str(paths.COMPAT / path)]
    return Suite(name, command, [install.python, *needs], limit_s=900, foreign=foreign, clients=clients)


def program(name: str, command: list[str], *needs: Callable[[], None], clients: tuple[str, ...] = ()) -> Suite:
    """A client's stories in another language (see program.py)."""
    return Suite(name, ["python3", str(paths.COMPAT / "run" / "program.py"), *command], list(needs), limit_s=900, clients=clients)


def node(name: str, client: str) -> Suite:
    return program(name, ["node", "--no-warnings", str(paths.COMPAT / "node" / "stories.mjs"), client], install.node, clients=(client,))


def on_three_nodes(suite: Suite) -> Suite:
    """The same stories against a cluster, every topic on all of its nodes. The matrix is told by the suite itself; `make test NODES=3` runs all of them so."""
    return replace(suite, name=f"{suite.name} on three nodes", environment=suite.environment | THREE_NODES, clients=())


def on_kafka(suite: Suite) -> Suite:
    """The same stories against Apache Kafka in every run: of programs of ours that promise to work there."""
    return replace(suite, name=f"{suite.name} on Apache Kafka", needs=[*suite.needs, install.java], environment=suite.environment | {"COMPAT_TARGET": "kafka"}, foreign=False)


def soak(name: str, minutes: float) -> Suite:
    command = [str(paths.PYTHON), str(paths.COMPAT / "soak"), "--minutes", str(minutes)]
    return Suite(name, command, [install.python], limit_s=int(minutes * 120) + 900)


def soak_groups(name: str, minutes: float, members: int = 15, partitions: int = 24) -> Suite:
    command = [str(paths.PYTHON), str(paths.COMPAT / "soak-groups"), "--minutes", str(minutes), "--members", str(members), "--partitions", str(partitions)]
    return Suite(name, command, [install.python, install.java, install.go], limit_s=int(minutes * 120) + 900)


def chaos(name: str, minutes: float, *options: str, histories: int = 1) -> Suite:
    command = [str(paths.PYTHON), str(paths.COMPAT / "chaos"), "--minutes", str(minutes), *options]
    # Against Apache Kafka only when asked for (`make chaos TARGET=kafka`): its three nodes take a machine of their own.
    return Suite(name, command, [install.python, install.network], limit_s=int(minutes * histories * 120) + 900, foreign=False)


def failover(signal: str, minutes: float) -> Suite:
    command = [str(paths.PYTHON), str(paths.COMPAT / "chaos" / "failover.py"), "--minutes", str(minutes), "--signal", signal]
    return Suite(f"failover by SIG{signal}", command, [install.python], limit_s=int(minutes * 120) + 900)


def timeline(kills: int) -> Suite:
    command = [str(paths.PYTHON), str(paths.COMPAT / "chaos" / "timeline.py"), "--kills", str(kills)]
    return Suite("where a failover's time goes", command, [install.python], limit_s=kills * 40 + 300)


def partitions() -> list[Suite]:
    programs = (("many partitions", "partitions.py"), ("a fetch session over many partitions", "fetch_session.py"))
    return [Suite(name, [str(paths.PYTHON), str(paths.COMPAT / "bench" / file)], [install.python], limit_s=3600) for name, file in programs]


# `--lib --bins --tests --examples` and doctests in one go; one profile, so that nothing is built twice.
WORKSPACE = [
    cargo("cargo test", "test", "--workspace", "--no-fail-fast"),
    cargo("documentation", "doc", "--workspace", "--no-deps", "--document-private-items", RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links"),
]
# As deploy/Dockerfile builds it: what is tested is what runs everywhere.
RELEASE = cargo("release build", "rustc", "--release", "--locked", "--bin", "ottla", "--", "-C", "target-feature=+crt-static")
PYTHON = stories("python", "python", install.python, clients=("confluent-python",))
JAVA = program("java", ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", paths.CLASSPATH, "ottla.Stories"], install.java, clients=("java",))
FRANZ_GO = program("franz-go", [str(paths.GO / "bin" / "franz")], install.go, clients=("franz-go",))
KAFKAJS = node("kafkajs", "kafkajs")
# Nearly every client is asked who may enter.
SECURING = (install.security, install.kcat, install.java, install.kafka_python, install.aiokafka, install.go, install.node, install.network, install.openssl)
COMMANDS = stories("cli", "cli", install.commands, install.security, install.kcat, python=paths.SECURITY_PYTHON)
# Whose stories are also told to a cluster in every run.
SPOKEN_BY_MOST = (PYTHON, JAVA, FRANZ_GO, KAFKAJS)
CLIENTS: list[Suite] = [
    stories("process", "process", install.kcat, foreign=False),
    stories("kcat", "kcat", install.kcat, clients=("kcat",)),
    PYTHON,
    JAVA,
    stories("aiokafka", "aiokafka", install.aiokafka, clients=("aiokafka",), python=paths.AIOKAFKA_PYTHON),
    stories("kafka-python", "kafka-python", install.kafka_python, clients=("kafka-python",), python=paths.KAFKA_PYTHON_PYTHON),
    Suite("kafka-python-own", [str(paths.KAFKA_PYTHON_PYTHON), str(paths.COMPAT / "kafka-python" / "own_tests.py")], [install.kafka_python_sources]),
    program("rdkafka", [str(paths.RUST_CLIENTS / "release" / "rdkafka-stories")], install.rust_clients, clients=("rdkafka",)),
    KAFKAJS,
    node("platformatic", "@platformatic/kafka"),
    Suite("node-rdkafka's suite", ["python3", str(paths.COMPAT / "node-rdkafka")], [install.node_rdkafka]),
    FRANZ_GO,
    program("sarama", [str(paths.GO / "bin" / "sarama")], install.go, clients=("sarama",)),
    Suite("kgo", ["python3", str(paths.COMPAT / "go" / "kgo.py")], [install.kgo]),
    Suite("sarama functional", ["python3", str(paths.COMPAT / "go" / "functional.py")], [install.sarama_functional]),
    stories("tools", "tools", install.java, clients=("kafka-tools",)),
    stories("tools on three nodes", "cluster", install.java),
    stories("security", "security", *SECURING, python=paths.SECURITY_PYTHON),
    COMMANDS,
    on_kafka(COMMANDS),
    stories("deployment", "deploy", install.deploy, install.helm, foreign=False, python=paths.DEPLOY_PYTHON),
    stories("files", "files", install.java, install.kcat),
    Suite("differential", [str(paths.PYTHON), str(paths.COMPAT / "differential")], [install.python, install.java]),
    soak("short soak", minutes=0.5),
    stories("checker of groups", "soak-groups", foreign=False),
    *map(on_three_nodes, SPOKEN_BY_MOST),
    chaos("short chaos", 1.5, "--seed", "1", "--random-seed", histories=2),
    stories("checker of chaos", "chaos", install.network, foreign=False),
    stories("checker of the matrix", "run", foreign=False),
    soak_groups("short soak of groups", minutes=0.2),
]
