"""What happens to the cluster: one fault after the other, each healed and then waited for. Which, to whom and when is drawn from the seed.

A fault's function returns once it is healed, and then every partition must acknowledge within `PROGRESS_S`, in a short run `PATIENCE_S`. With one node dead they must as
well: a refused connection is evidence enough to replace it. (How long it really takes is what failover.py measures.) While a node stands
still or is cut off, its partitions may wait for its session to end. No fault meets a cluster that is not whole again, but for the faults of
`BESIDE`: they strike just before another one, and are healed with it.
"""

import random
import time
from collections import Counter

import asking
from checker import Checker
from cluster import Cluster, Node
from network import CLIENT
from replicas import lose_power
from workload import TOPIC, Journal

PROGRESS_S = 10.0  # in a run that counts
PATIENCE_S = 40.0  # in a short one, whose machine may have other things to do
WHOLE_S = 60.0  # every replica in sync, every node a voter
SESSION_S = 6.0
SETTINGS = {"broker.session.timeout.ms": f"{SESSION_S * 1000:.0f}", "broker.heartbeat.interval.ms": "1000"}
JUMP_MS = 6 * 3600 * 1000  # less than what producers and groups are forgotten after
PROCESSES = ("kill the leader", "kill the controller", "pause", "kill all", "rolling restart", "lose a disk", "lose power")
PARTITIONS = ("isolate the leader", "isolate the controller", "isolate a follower", "silence a node", "deafen a node", "cut a link")
BESIDE = ("reassign", "clock jump")
KINDS = (*PROCESSES, *PARTITIONS, *BESIDE)
BESIDE_SHARE = 0.25  # of the faults that one of BESIDE comes before


class Nemesis:
    def __init__(self, seed: int, cluster: Cluster, checker: Checker, journal: Journal, partitions: int, kinds: tuple[str, ...] = KINDS, progress_s: float = PROGRESS_S):
        self.chance = random.Random(seed)
        self.cluster, self.checker, self.journal, self.partitions, self.kinds = cluster, checker, journal, partitions, kinds
        self.progress_s = progress_s
        self.faults: Counter[str] = Counter()
        self.waits: dict[str, list[float]] = {}
        self.deck: list[str] = []
        self.moved: int | None = None  # the partition that lacks a replica
        self.until: list[str] = []  # problems that say one of this end it

    def strike(self) -> None:
        """One fault, its healing, and everything that must follow; perhaps another one beside it."""
        if not self.deck:
            alone = [kind for kind in self.kinds if kind not in BESIDE] or list(self.kinds)
            self.deck = self.chance.sample(alone, len(alone))
        kind = self.deck.pop()
        struck = [beside for beside in BESIDE if beside in self.kinds and beside != kind and self.chance.random() < BESIDE_SHARE] + [kind]
        what, began = " + ".join(struck), time.monotonic()
        try:
            for one in struck:
                getattr(self, one.replace(" ", "_"))()
            healed = time.monotonic()
            self.progress(kind, healed)
            if self.is_caught():
                return
            self.whole(what)
            self.faults.update(struck)
            print(f"    {self.ago(began)} {what}: healed after {healed - began:.1f} s, whole {time.monotonic() - healed:.1f} s later", flush=True)
        except (TimeoutError, RuntimeError) as error:
            raise RuntimeError(f"{self.ago(began)} {what}: {error}") from error

    def is_caught(self) -> bool:
        return any(sign in problem for sign in self.until for problem in self.checker.problems)

    def ago(self, moment: float) -> str:
        return f"at {moment - self.journal.began:.1f} s:"

    def progress(self, what: str, since: float) -> None:
        """Every partition acknowledges something from now on, in time; otherwise a problem, and it goes on."""
        limit_s = self.progress_s
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
        self.cluster.until(self.is_whole, f"whole again after: {what}", WHOLE_S)

    def is_whole(self) -> bool:
        if self.moved is not None:
            if not self.reassigned(self.moved, sorted(self.cluster.nodes)):
                return False
            self.moved = None
        return self.cluster.in_sync(TOPIC) and self.cluster.in_sync("__consumer_offsets")

    def tell(self, kind: str, *nodes: Node) -> None:
        self.journal.write(kind, nodes=[node.id for node in nodes])

    def leader(self) -> Node:
        partition = self.chance.randrange(self.partitions)
        return self.cluster.until(lambda: self.cluster.leader(TOPIC, partition), "a leader", self.progress_s)

    def controller(self) -> Node:
        return self.cluster.until(self.cluster.active_controller, "a controller", self.progress_s)

    def follower(self) -> Node:
        """A node that neither leads a certain partition nor the quorum."""
        leaders = (self.leader(), self.controller())
        return self.chance.choice([node for node in self.cluster.nodes.values() if node not in leaders])

    def anyone(self) -> Node:
        return self.chance.choice((self.leader, self.controller, self.follower))()

    def dwell(self, least_s: float, most_s: float) -> None:
        time.sleep(self.chance.uniform(least_s, most_s))  # the nemesis' own rhythm, not a wait for anything

    def dead_progress(self) -> None:
        """With a replica less of one partition, the death of another leaves too few to acknowledge."""
        if self.moved is None:
            self.progress("a node is dead", time.monotonic())

    def kill_one(self, node: Node) -> None:
        self.tell("kill", node)
        node.kill()
        self.dead_progress()
        self.dwell(0, 1)
        self.tell("start", node)
        self.cluster.launch(node)

    def kill_the_leader(self) -> None:
        self.kill_one(self.leader())

    def kill_the_controller(self) -> None:
        self.kill_one(self.controller())

    def pause(self) -> None:
        """A leader or the controller stands still, for longer or shorter than its session."""
        node = self.chance.choice((self.leader, self.controller))()
        self.tell("pause", node)
        node.pause()
        try:
            self.dwell(1, SESSION_S + 3)
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
        nodes = self.chance.sample(sorted(self.cluster.nodes.values(), key=lambda node: node.id), len(self.cluster.nodes))
        for count, node in enumerate(nodes, 1):
            self.tell("stop", node)
            node.stop()
            self.tell("start", node)
            self.cluster.launch(node)
            if count < len(nodes):
                self.progress("one of a rolling restart is back", time.monotonic())
                self.whole("one of a rolling restart")

    def lose_a_disk(self) -> None:
        node = self.cluster.choose(self.chance)
        self.tell("kill", node)
        node.kill()
        node.wipe()
        self.dead_progress()
        self.tell("start without its disk", node)
        self.cluster.launch(node)

    def lose_power(self) -> None:
        node = self.cluster.choose(self.chance)
        self.tell("kill", node)
        node.kill()
        lost = lose_power(node.data, (TOPIC, "__consumer_offsets"), self.chance)
        self.journal.write("power lost", node=node.id, bytes=lost)
        self.dead_progress()
        self.tell("start", node)
        self.cluster.launch(node)

    def cut_off(self, what: str, ways: list[tuple[int, int]]) -> None:
        """What the one sends to the other is lost, for a while that may outlast a session."""
        self.journal.write(what, ways=ways)
        try:
            for source, target in ways:
                self.cluster.network.cut(source, target)
            self.dwell(1, SESSION_S + 3)
        finally:
            self.cluster.network.heal()
        self.journal.write("heal")

    def peers(self, node: Node) -> list[int]:
        """Whom it is cut off from: the other nodes, and now and then the clients."""
        return [id for id in self.cluster.nodes if id != node.id] + [CLIENT] * (self.chance.random() < 0.3)

    def isolate(self, node: Node) -> None:
        peers = self.peers(node)
        self.cut_off("isolate", [(node.id, peer) for peer in peers] + [(peer, node.id) for peer in peers])

    def isolate_the_leader(self) -> None:
        self.isolate(self.leader())

    def isolate_the_controller(self) -> None:
        self.isolate(self.controller())

    def isolate_a_follower(self) -> None:
        self.isolate(self.follower())

    def silence_a_node(self) -> None:
        node = self.anyone()
        self.cut_off("silence", [(node.id, peer) for peer in self.peers(node)])

    def deafen_a_node(self) -> None:
        node = self.anyone()
        self.cut_off("deafen", [(peer, node.id) for peer in self.peers(node)])

    def cut_a_link(self) -> None:
        """Two nodes do not hear each other; the third hears both."""
        one, other = self.chance.sample(sorted(self.cluster.nodes), 2)
        self.cut_off("cut a link", [(one, other), (other, one)])

    def reassign(self) -> None:
        """A partition gives up a replica; while the next fault strikes it gets it back, and fills it under load."""
        partition, left_out = self.chance.randrange(self.partitions), self.chance.choice(sorted(self.cluster.nodes))
        fewer = [id for id in sorted(self.cluster.nodes) if id != left_out]
        self.journal.write("reassign", partition=partition, replicas=fewer)
        self.moved = partition
        self.cluster.until(lambda: self.reassigned(partition, fewer) and self.replicas(partition) == set(fewer), "a replica given up", self.progress_s)
        self.journal.write("reassign", partition=partition, replicas=sorted(self.cluster.nodes))
        self.cluster.until(lambda: self.reassigned(partition, sorted(self.cluster.nodes)), "a replica asked for", self.progress_s)

    def reassigned(self, partition: int, replicas: list[int]) -> bool:
        """Whether some node took the order, or there is nothing to do."""
        if self.replicas(partition) == set(replicas):
            return True
        return any(asking.reassign(node.at, TOPIC, partition, replicas) for node in self.cluster.answering())

    def replicas(self, partition: int) -> set[int]:
        shown = self.cluster.metadata(TOPIC)
        return set(shown.partitions[partition].replicas) if shown and partition in shown.partitions else set()

    def clock_jump(self) -> None:
        """Some nodes' wall clocks jump, forwards or back. The machine's stays as it is."""
        for node in self.chance.sample(list(self.cluster.nodes.values()), self.chance.randint(1, len(self.cluster.nodes))):
            ahead_ms = self.chance.randint(-JUMP_MS, JUMP_MS)
            said = node.said().count("the clock jumped")
            self.journal.write("clock jump", node=node.id, ahead_ms=ahead_ms)
            node.jump(ahead_ms)
            self.cluster.until(lambda: node.said().count("the clock jumped") > said, f"node {node.id}'s clock jumps", self.progress_s)
