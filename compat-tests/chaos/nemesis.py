"""What happens to the cluster: one fault after the other, each healed and then waited for. Which, to whom and when is drawn from the seed.

A fault's function returns once it is healed, and then every partition must acknowledge within `PROGRESS_S`. With one node dead they must as
well, though the dead one's session may have to run out first (how long it really takes is what failover.py measures). No fault meets a
cluster that is not whole again.
"""

import random
import time
from collections import Counter

from checker import Checker
from cluster import Cluster, Node
from replicas import lose_power
from workload import TOPIC, Journal

PROGRESS_S = 10.0
WHOLE_S = 60.0  # every replica in sync, every node a voter
SESSION_S = 9.0  # broker.session.timeout.ms
KINDS = ("kill the leader", "kill the controller", "pause", "kill all", "rolling restart", "lose a disk", "lose power")


class Nemesis:
    def __init__(self, seed: int, cluster: Cluster, checker: Checker, journal: Journal, partitions: int, kinds: tuple[str, ...] = KINDS):
        self.chance = random.Random(seed)
        self.cluster, self.checker, self.journal, self.partitions, self.kinds = cluster, checker, journal, partitions, kinds
        self.faults: Counter[str] = Counter()
        self.waits: dict[str, list[float]] = {}
        self.deck: list[str] = []

    def strike(self) -> None:
        """One fault, its healing, and everything that must follow."""
        if not self.deck:
            self.deck = self.chance.sample(self.kinds, len(self.kinds))
        kind = self.deck.pop()
        began = time.monotonic()
        try:
            getattr(self, kind.replace(" ", "_"))()
            self.faults[kind] += 1
            healed = time.monotonic()
            self.progress(kind, healed)
            self.whole(kind)
            print(f"    {kind}: healed after {healed - began:.1f} s, whole {time.monotonic() - healed:.1f} s later", flush=True)
        except (TimeoutError, RuntimeError) as error:
            raise RuntimeError(f"{self.ago(began)} {kind}: {error}") from error

    def ago(self, moment: float) -> str:
        return f"at {moment - self.journal.began:.1f} s:"

    def progress(self, what: str, since: float, limit_s: float = PROGRESS_S) -> None:
        """Every partition acknowledges something from now on, in time; otherwise a problem, and it goes on."""
        deadline = since + limit_s
        while behind := self.checker.behind(since):
            if time.monotonic() > deadline:
                self.checker.problem(f"{self.ago(since)} {what}: nothing was acknowledged within {limit_s:.0f} s by partitions {behind}")
                return
            time.sleep(0.02)
        took = time.monotonic() - since
        self.waits.setdefault(what, []).append(took)
        self.journal.write("progress", after=what, took_s=round(took, 3))

    def whole(self, what: str) -> None:
        self.cluster.until(lambda: self.cluster.in_sync(TOPIC) and self.cluster.in_sync("__consumer_offsets"), f"whole again after: {what}", WHOLE_S)

    def tell(self, kind: str, *nodes: Node) -> None:
        self.journal.write(kind, nodes=[node.id for node in nodes])

    def leader(self) -> Node:
        partition = self.chance.randrange(self.partitions)
        return self.cluster.until(lambda: self.cluster.leader(TOPIC, partition), "a leader", PROGRESS_S)

    def dwell(self, least_s: float, most_s: float) -> None:
        time.sleep(self.chance.uniform(least_s, most_s))  # the nemesis' own rhythm, not a wait for anything

    def kill_one(self, node: Node) -> None:
        self.tell("kill", node)
        node.kill()
        self.progress("a node is dead", time.monotonic(), SESSION_S + PROGRESS_S)
        self.dwell(0, 2)
        self.tell("start", node)
        self.cluster.launch(node)

    def kill_the_leader(self) -> None:
        self.kill_one(self.leader())

    def kill_the_controller(self) -> None:
        self.kill_one(self.cluster.until(self.cluster.active_controller, "a controller", PROGRESS_S))

    def pause(self) -> None:
        """A leader or the controller stands still, for longer or shorter than its session."""
        node = self.leader() if self.chance.random() < 0.5 else self.cluster.until(self.cluster.active_controller, "a controller", PROGRESS_S)
        self.tell("pause", node)
        node.pause()
        try:
            self.dwell(SESSION_S - 4, SESSION_S + 3)
        finally:
            node.resume()
        self.tell("resume", node)

    def kill_all(self) -> None:
        nodes = list(self.cluster.nodes.values())
        self.tell("kill", *nodes)
        for node in nodes:
            node.process.kill()
        for node in nodes:
            node.kill()
        self.dwell(0, 1)
        self.tell("start", *nodes)
        self.cluster.launch(*nodes)

    def rolling_restart(self) -> None:
        for node in self.chance.sample(sorted(self.cluster.nodes.values(), key=lambda node: node.id), len(self.cluster.nodes)):
            self.tell("stop", node)
            node.stop()
            self.tell("start", node)
            self.cluster.launch(node)
            self.progress("one of a rolling restart is back", time.monotonic())
            self.whole("one of a rolling restart")

    def lose_a_disk(self) -> None:
        node = self.cluster.choose(self.chance)
        self.tell("kill", node)
        node.kill()
        node.wipe()
        self.progress("a node is dead", time.monotonic(), SESSION_S + PROGRESS_S)
        self.tell("start without its disk", node)
        self.cluster.launch(node)

    def lose_power(self) -> None:
        node = self.cluster.choose(self.chance)
        self.tell("kill", node)
        node.kill()
        lost = lose_power(node.data, (TOPIC, "__consumer_offsets"), self.chance)
        self.journal.write("power lost", node=node.id, bytes=lost)
        self.progress("a node is dead", time.monotonic(), SESSION_S + PROGRESS_S)
        self.tell("start", node)
        self.cluster.launch(node)
