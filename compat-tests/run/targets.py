"""The brokers under test: starting, stopping and killing one process, be it Ottla or Apache Kafka.

Both take the same Kafka keys, so a story never says which it talks to. Ports are chosen here, not by the broker, so that a
restarted broker is found again. Everything runs on loopback; each broker is ended by its own process id.
"""

import atexit
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paths

CLUSTER_ID = "kVQ4uLqhT3mRcN1yS2d0Zw"
COMMON = {
    "node.id": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
}
JVM = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlevel=info", "-cp", paths.CLASSPATH]


_given: set[int] = set()


def free_port() -> int:
    """A port below the ephemeral range that nothing listens on now, and that this process was not given before."""
    while True:
        port = random.randint(20000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                _given.add(port)
                return port
            except OSError:
                continue


def end_with_this_process(ending: Callable[[], None]) -> None:
    """No broker outlives the suite that started it, be the suite stopped by its time limit."""
    atexit.register(ending)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def dying_together() -> list[str]:
    """The beginning of a command that the kernel ends with this process, even if that is killed. (It watches the thread that starts it.)"""
    is_main = threading.current_thread() is threading.main_thread()
    return ["setpriv", "--pdeathsig", "KILL", "--"] if is_main and shutil.which("setpriv") else []


class Broker:
    """One broker process and its data directory. `listeners` are names; each gets a port on localhost."""

    ready: re.Pattern[str]
    start_limit_s = 60.0
    prefix: tuple[str, ...] = ()  # what its command is started by (must become it)

    def __init__(self, overrides: dict[str, str] | None = None, listeners: tuple[str, ...] = ("PLAINTEXT",), data: Path | None = None):
        paths.WORK.mkdir(parents=True, exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="broker-", dir=paths.WORK))
        self.data = data or self.home / "data"
        self.ports = {name: free_port() for name in listeners}
        self.log = self.home / "log.txt"
        self.overrides = overrides or {}
        self.process: subprocess.Popen | None = None
        self.log_start = 0
        end_with_this_process(self._end)

    @property
    def bootstrap(self) -> str:
        return f"localhost:{next(iter(self.ports.values()))}"

    @property
    def addresses(self) -> list[str]:
        """Those that clients are told, by broker id."""
        return [self.bootstrap]

    @property
    def ids(self) -> list[int]:
        return [int(COMMON["node.id"])]

    def properties(self) -> dict[str, str]:
        addresses = ",".join(f"{name}://localhost:{port}" for name, port in self.ports.items())
        return COMMON | {
            "listeners": addresses,
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in (*self.ports, "CONTROLLER")),
            "inter.broker.listener.name": next(iter(self.ports)),
            "log.dirs": str(self.data),
        }

    def write_properties(self, properties: dict[str, str]) -> Path:
        file = self.home / "server.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in (properties | self.overrides).items()))
        return file

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> "Broker":
        """Starts and returns once the broker says it is ready. Raises with the end of its log when it does not."""
        self.launch()
        return self.wait_ready()

    def launch(self) -> None:
        """Starts the process and returns at once."""
        command = self.command()
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*dying_together(), *self.prefix, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.home, env=self.environment())

    def wait_ready(self) -> "Broker":
        deadline = time.monotonic() + self.start_limit_s
        while not self.ready.search(self.said()):
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker exited with {self.process.returncode}:\n{self.said()[-3000:]}")
            if time.monotonic() > deadline:
                self._end()
                raise RuntimeError(f"the broker is not ready after {self.start_limit_s} s:\n{self.said()[-3000:]}")
            time.sleep(0.01)
        return self

    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}

    def said(self) -> str:
        """What the process wrote since it was last started."""
        with open(self.log, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def stop(self, limit_s: float = 30.0) -> int:
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._end()
            raise RuntimeError(f"the broker did not stop within {limit_s} s of SIGTERM:\n{self.said()[-2000:]}") from None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def discard(self) -> None:
        """Ends the process and forgets its files."""
        self._end()
        shutil.rmtree(self.home, ignore_errors=True)

    def _end(self) -> None:
        if self.running():
            self.process.kill()
            self.process.wait()


class Ottla(Broker):
    name = "ottla"
    ready = re.compile(r"\bready\b")
    start_limit_s = 30.0

    def command(self) -> list[str]:
        # the admin listener is per process: off, unless a story names a port
        file = self.write_properties(self.properties() | {"admin.listeners": "none"})
        return [str(paths.OTTLA), "serve", str(file)]


class Kafka(Broker):
    name = "kafka"
    ready = re.compile(r"Kafka Server started")

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.controller_port = free_port()

    def properties(self) -> dict[str, str]:
        own = super().properties()
        controller = f"CONTROLLER://localhost:{self.controller_port}"
        return own | {
            "process.roles": "broker,controller",
            "listeners": f"{own['listeners']},{controller}",
            "advertised.listeners": own["listeners"],
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": f"localhost:{self.controller_port}",
        }

    def command(self) -> list[str]:
        file = self.write_properties(self.properties())
        if not (self.data / "meta.properties").exists():
            self._format(file)
        return [*JVM, "kafka.Kafka", str(file)]

    def _format(self, file: Path) -> None:
        """Formats the directory, once per machine: a formatted directory is copied from then on (it names no path)."""
        settings = self.properties() | self.overrides
        single = "," not in settings["log.dirs"] and settings["node.id"] == COMMON["node.id"]
        if single and paths.KAFKA_TEMPLATE.exists():
            shutil.copytree(paths.KAFKA_TEMPLATE, self.data, dirs_exist_ok=True)
            return
        command = [*JVM, "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--standalone", "--config", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        if single:
            self._keep_template()

    def _keep_template(self) -> None:
        """In one step: another suite may be looking for it at this moment."""
        copy = Path(tempfile.mkdtemp(prefix="formatted-", dir=paths.WORK)) / "data"
        shutil.copytree(self.data, copy)
        try:
            copy.rename(paths.KAFKA_TEMPLATE)
        except OSError:  # the other suite was first
            shutil.rmtree(copy)


def target() -> type[Broker]:
    """The broker under test: Ottla, unless COMPAT_TARGET=kafka judges the judge."""
    return Kafka if os.environ.get("COMPAT_TARGET") == "kafka" else Ottla
