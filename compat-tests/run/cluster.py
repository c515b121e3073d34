"""Three brokers that are one cluster: every node is a broker and a voter, all on loopback or on a network of their own (network.py), data directories
side by side.

A node is a `Broker` of targets.py that can also stand still (SIGSTOP) and lose its disk. What the cluster says about itself is asked
of one node at a time over the wire (asking.py), never through a client that could hang on a node that stands still.
"""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import asking
import paths
from network import Network, address
from targets import CLUSTER_ID, JVM, Broker, Kafka, Ottla, target

REPLICATED = {
    "offsets.topic.replication.factor": "3",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "process.roles": "broker,controller",
}


class Node(Broker):
    """What a node of either kind can suffer."""

    paused = False
    host = "127.0.0.1"
    door: asking.Door | None = None  # where nobody is answered who has not logged in

    @property
    def id(self) -> int:
        return int(self.overrides["node.id"])

    @property
    def port(self) -> int:
        return next(iter(self.ports.values()))

    @property
    def at(self) -> asking.Address | asking.Door:
        """Where clients reach it."""
        return self.door or (self.host, self.port)

    def pause(self) -> None:
        """As a machine that stands still: its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.paused = False

    def kill(self) -> None:
        super().kill()
        self.paused = False

    def wipe(self) -> None:
        """Its disk is replaced. Only for a node that does not run."""
        shutil.rmtree(self.data)

    def answers(self) -> bool:
        return self.running() and not self.paused


class OttlaNode(Node, Ottla):
    @property
    def clock(self) -> Path:
        return self.home / "clock"

    def environment(self) -> dict[str, str]:
        return super().environment() | {"OTTLA_TEST_CLOCK_FILE": str(self.clock)}

    def jump(self, ahead_ms: int) -> None:
        """Its wall clock is this far ahead of the machine's from now on; until it is started again."""
        self.clock.write_text(str(ahead_ms))
        self.process.send_signal(signal.SIGUSR1)


class KafkaNode(Node, Kafka):
    start_limit_s = 120.0  # three at once

    def _format(self, file) -> None:
        command = [*JVM, "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", str(file)]
        subprocess.run(command, check=True, capture_output=True)


class Cluster:
    """`overrides` are keys for every node, `listener` is the name of the one for clients and brokers; with a network, each node is in its own place there. Nothing runs before start()."""

    def __init__(self, overrides: dict[str, str] | None = None, count: int = 3, network: Network | None = None, listener: str = "PLAINTEXT"):
        kind = KafkaNode if target() is Kafka else OttlaNode
        self.network = network
        self.nodes: dict[int, Node] = {id: kind(REPLICATED | (overrides or {}), listeners=(listener, "CONTROLLER")) for id in range(1, count + 1)}
        for id, node in self.nodes.items():
            if network is not None:
                node.host, node.prefix = address(id), tuple(network.entering(id))
        voters = ",".join(f"{id}@{node.host}:{node.ports['CONTROLLER']}" for id, node in self.nodes.items())
        for id, node in self.nodes.items():
            clients = f"{listener}://{node.host}:{node.port}"
            node.overrides = node.overrides | {
                "node.id": str(id),
                "listeners": f"{clients},CONTROLLER://{node.host}:{node.ports['CONTROLLER']}",
                "advertised.listeners": clients,
                "inter.broker.listener.name": listener,
                "controller.quorum.voters": voters,
                "controller.quorum.bootstrap.servers": ",".join(one.split("@")[1] for one in voters.split(",")),
            }

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{node.host}:{node.port}" for node in self.nodes.values())

    def start(self) -> "Cluster":
        self.launch(*self.nodes.values())
        self.until(lambda: self.brokers() == set(self.nodes), "every node is a broker of the cluster", 60)
        return self

    def launch(self, *nodes: Node) -> None:
        """Starts all of them at once, then waits for each."""
        for node in nodes:
            node.launch()
        for node in nodes:
            node.wait_ready()

    def until(self, condition: Callable[[], object], what: str, limit_s: float):
        """Polls until the condition is true and returns its value."""
        deadline = time.monotonic() + limit_s
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {limit_s:.0f} s: {what}")
            time.sleep(0.05)
        return value

    def answering(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.answers()]

    def metadata(self, topic: str) -> asking.Topic | None:
        """As the first node that answers shows it. None when none does."""
        for node in self.answering():
            if (shown := asking.metadata(node.at, topic)) is not None:
                return shown
        return None

    def brokers(self) -> set[int]:
        """Those that every running node knows."""
        shown = [asking.metadata(node.at, None) for node in self.answering()]
        return set.intersection(*(set(one.brokers) if one else set() for one in shown)) if shown else set()

    def leader(self, topic: str, partition: int) -> Node | None:
        shown = self.metadata(topic)
        return self.nodes.get(shown.partitions[partition].leader) if shown and partition in shown.partitions else None

    def quorum(self) -> asking.Quorum | None:
        for node in self.answering():
            if (shown := asking.quorum(node.at)) is not None:
                return shown
        return None

    def active_controller(self) -> Node | None:
        shown = self.quorum()
        node = self.nodes.get(shown.leader) if shown else None
        return node if node and node.answers() else None

    def in_sync(self, topic: str) -> bool:
        """Every node that answers shows every replica in sync and led, and every node votes and has what the quorum decided."""
        quorum = self.quorum()
        if quorum is None or set(quorum.voters) != set(self.nodes) or min(quorum.voters.values()) < quorum.high_watermark:
            return False
        for node in self.answering():
            shown = asking.metadata(node.at, topic)
            if shown is None or not shown.partitions or set(shown.brokers) != set(self.nodes):
                return False
            if any(one.leader < 0 or set(one.in_sync) != set(one.replicas) for one in shown.partitions.values()):
                return False
        return True

    def choose(self, chance: random.Random) -> Node:
        return self.nodes[chance.choice(sorted(self.nodes))]

    def end(self) -> None:
        for node in self.nodes.values():
            node._end()
        if self.network is not None:
            self.network.end()

    def discard(self) -> None:
        for node in self.nodes.values():
            node.discard()

    def logs(self) -> list[str]:
        return [str(node.log.relative_to(paths.ROOT)) for node in self.nodes.values()]
