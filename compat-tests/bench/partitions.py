"""Many partitions at RF=3 on three local nodes: created, failed over, balanced and restarted, with times and memory.

`python compat-tests/bench/partitions.py --partitions 10000` (`make partitions`). All partitions take a record with acks=all through a
producer of this file's own, which asks for all partitions of a leader in one request and tries again at once: what is measured is the
cluster, not a client's back-off. `COMPAT_TARGET=kafka` measures three Apache Kafkas.
"""

import argparse
import struct
import sys
import time
from collections import defaultdict
from pathlib import Path

COMPAT = Path(__file__).parent.parent
sys.path += [str(COMPAT / name) for name in ("run", "chaos", "differential")]

import asking
import batch
from cluster import Cluster, Node
from confluent_kafka import ElectionType, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from timeline import PRODUCE, Lane

PER_TOPIC = 1000
LIMIT_S = 300.0
Key = tuple[str, int]


def leaders(node: Node) -> dict[Key, asking.Partition] | None:
    """Of every partition, as a node shows them."""
    answer = Lane(node.port, 20).ask(asking.METADATA, 7, struct.pack(">i", -1) + b"\0")
    if answer is None:
        return None
    answer.take("i")
    for _ in range(answer.take("i")):
        answer.take("i"), answer.string(), answer.take("i"), answer.string()
    answer.string(), answer.take("i")
    found: dict[Key, asking.Partition] = {}
    for _ in range(answer.take("i")):
        answer.take("h")
        name = answer.string()
        answer.take("?")
        for _ in range(answer.take("i")):
            answer.take("h")
            index, leader, epoch = answer.take("i"), answer.take("i"), answer.take("i")
            found[name, index] = asking.Partition(leader, epoch, answer.ints(), answer.ints())
            answer.ints()
    return found


def produce(node: Node, keys: list[Key]) -> set[Key]:
    """One record to each of these partitions, acks=all; those that took it."""
    records = batch.batch(batch.records(b"one"))
    topics = defaultdict(list)
    for name, index in keys:
        topics[name].append(index)
    body = struct.pack(">hhi", -1, -1, 10_000) + struct.pack(">i", len(topics))
    for name, indexes in topics.items():
        body += struct.pack(">h", len(name)) + name.encode() + struct.pack(">i", len(indexes))
        body += b"".join(struct.pack(">ii", index, len(records)) + records for index in indexes)
    answer = Lane(node.port, 20).ask(PRODUCE, 7, body)
    taken = set()
    for _ in range(answer.take("i") if answer else 0):
        name = answer.string()
        for _ in range(answer.take("i")):
            index, error = answer.take("i"), answer.take("h")
            answer.skip(24)
            if error == 0:
                taken.add((name, index))
    return taken


class Run:
    def __init__(self, partitions: int):
        self.partitions = partitions
        self.cluster = Cluster({"auto.leader.rebalance.enable": "false", "num.replica.fetchers": "2"}).start()
        self.admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap, "log_level": 0})

    def step(self, what: str, began: float) -> None:
        print(f"  {what}: {time.monotonic() - began:.2f} s; RSS {self.memory()}", flush=True)

    def memory(self) -> str:
        def resident(node: Node) -> int:
            status = Path(f"/proc/{node.process.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0]) // 1024

        return ", ".join(f"{resident(node)}" for node in self.cluster.answering()) + " MB"

    def until(self, condition, what: str):
        return self.cluster.until(condition, what, LIMIT_S)

    def whole(self, in_sync: int) -> bool:
        """Every living node shows every partition led by a living one, with this many in sync."""
        living = {node.id for node in self.cluster.answering()}
        for node in self.cluster.answering():
            shown = leaders(node)
            if shown is None or len(shown) < self.partitions or any(one.leader not in living or len(one.in_sync) < in_sync for one in shown.values()):
                return False
        return True

    def accepted(self) -> None:
        """Until every partition has taken a record."""
        waiting = {(f"many-{number}", index) for number, index in self.all()}
        deadline = time.monotonic() + LIMIT_S
        while waiting:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(waiting)} partitions take no record")
            shown = leaders(self.cluster.answering()[0]) or {}
            by_leader = defaultdict(list)
            for key in sorted(waiting):
                if key in shown and shown[key].leader >= 0:
                    by_leader[shown[key].leader].append(key)
            for id, keys in by_leader.items():
                if self.cluster.nodes[id].answers():
                    waiting -= produce(self.cluster.nodes[id], keys)

    def all(self) -> list[tuple[int, int]]:
        return [(number // PER_TOPIC, number % PER_TOPIC) for number in range(self.partitions)]

    def create(self) -> None:
        began = time.monotonic()
        counts = [min(PER_TOPIC, self.partitions - start) for start in range(0, self.partitions, PER_TOPIC)]
        topics = [NewTopic(f"many-{number}", count, 3) for number, count in enumerate(counts)]
        for future in self.admin.create_topics(topics, operation_timeout=LIMIT_S, request_timeout=LIMIT_S).values():
            future.result(LIMIT_S)
        self.step("created, answered", began)
        self.until(lambda: self.whole(3), "every partition is led and in sync")
        self.step("created, shown by every node, every replica in sync", began)
        self.accepted()
        self.step("created, every partition has taken a record with acks=all", began)

    def fail_over(self, victim: Node, name: str) -> None:
        began = time.monotonic()
        victim.kill()
        self.until(lambda: self.whole(1), "every partition is led")
        self.step(f"{name} killed, every partition is led by another", began)
        self.accepted()
        self.step(f"{name} killed, every partition has taken a record with acks=all", began)
        began = time.monotonic()
        self.cluster.launch(victim)
        self.step(f"{name} restarted, ready", began)
        self.until(lambda: self.whole(3), "every replica in sync")
        self.step(f"{name} restarted, every replica in sync", began)

    def balance(self) -> None:
        began = time.monotonic()
        try:
            self.admin.elect_leaders(ElectionType.PREFERRED).result(LIMIT_S)
        except KafkaException as error:
            print(f"    {error}")

        def balanced() -> bool:
            shown = leaders(self.cluster.answering()[0]) or {}
            return len(shown) >= self.partitions and all(one.leader == one.replicas[0] for one in shown.values())

        self.until(balanced, "every partition led by its preferred replica")
        self.step("every partition led by its preferred replica", began)

    def restart(self) -> None:
        began = time.monotonic()
        for node in self.cluster.nodes.values():
            node.process.terminate()
        for node in self.cluster.nodes.values():
            node.process.wait(LIMIT_S)
        self.step("all three stopped in good order", began)
        began = time.monotonic()
        self.cluster.launch(*self.cluster.nodes.values())
        self.step("all three started, ready", began)
        self.until(lambda: self.whole(3), "every replica in sync")
        self.accepted()
        self.step("all three started, every partition has taken a record with acks=all", began)

    def run(self) -> None:
        print(f"  {self.partitions} partitions, RF=3, three nodes; RSS {self.memory()}", flush=True)
        self.create()
        controller = self.until(self.cluster.active_controller, "a controller")
        other = next(node for node in self.cluster.nodes.values() if node is not controller)
        self.fail_over(other, "a node")
        self.balance()
        self.fail_over(self.until(self.cluster.active_controller, "a controller"), "the active controller")
        self.balance()
        self.restart()


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/bench/partitions.py", description=__doc__.splitlines()[0])
    parser.add_argument("--partitions", type=int, action="append", help="1000 and 10000 by default")
    for partitions in parser.parse_args().partitions or [1_000, 10_000]:
        run = Run(partitions)
        run.run()
        run.cluster.discard()
    return 0


if __name__ == "__main__":
    sys.exit(main())
