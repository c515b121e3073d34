"""Three brokers in the place of one: what the stories get from targets.py where COMPAT_NODES=3.

It has a `Broker`'s words. Killed, all three die at once; stopped, all three stop, one after the other. A story that asks for listeners of
its own gets a single broker: it is about listeners, not about replicas.
"""

import os
import random
from pathlib import Path

import asking
from cluster import Cluster
from targets import Broker

# A group's first member need not wait for others in a story.
STORIES = {"group.initial.rebalance.delay.ms": "0"}


class Clustered:
    name = "cluster"

    def __init__(self, overrides: dict[str, str] | None = None):
        self.cluster = Cluster(STORIES | (overrides or {}))
        self.overrides = overrides or {}

    @property
    def bootstrap(self) -> str:
        return self.cluster.bootstrap

    @property
    def addresses(self) -> list[str]:
        return self.bootstrap.split(",")

    @property
    def ids(self) -> list[int]:
        return sorted(self.cluster.nodes)

    @property
    def data(self) -> Path:
        """Of the node of the lowest number, as its id is what stories ask about."""
        return self.first.data

    @property
    def first(self) -> Broker:
        return self.cluster.nodes[self.ids[0]]

    @property
    def log(self) -> Path:
        return self.first.log

    def start(self) -> "Clustered":
        self.cluster.start()
        # Whoever bootstraps at the others is not to meet one that knows nobody yet.
        self.cluster.until(self._is_led, "an active controller", 60)
        return self

    def _is_led(self) -> bool:
        return any((shown := asking.quorum(node.at)) is not None and shown.leader >= 0 for node in self.cluster.answering())

    def running(self) -> bool:
        return all(node.running() for node in self.cluster.nodes.values())

    def said(self) -> str:
        """By the node of the lowest number."""
        return self.first.said()

    def stop(self, limit_s: float = 30.0) -> int:
        nodes = list(self.cluster.nodes.values())
        random.shuffle(nodes)
        return max(node.stop(limit_s) for node in nodes)

    def kill(self) -> None:
        for node in self.cluster.nodes.values():
            node.process.kill()
        for node in self.cluster.nodes.values():
            node.kill()

    def discard(self) -> None:
        self.cluster.discard()

    def _end(self) -> None:
        self.cluster.end()


def is_asked_for() -> bool:
    return os.environ.get("COMPAT_NODES") == "3"
