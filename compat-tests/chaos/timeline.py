"""Where the time of a failover goes: one kill after the other, and what was seen of each, when.

`python compat-tests/chaos/timeline.py --kills 9` runs the load of failover.py and kills nodes as it does (every third time the active
controller), and looks meanwhile on connections of its own, without any back-off: who the controller is, whom each living node's metadata
name as leader, and when a producer that tries again at once is acknowledged (`plain`). What the foreign client adds is the difference
between `plain` and `librdkafka`. All times in ms since the kill.
"""

import argparse
import multiprocessing
import random
import re
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "differential"))

import asking
import batch
from failover import Measurement, longest_gap, percentile
from workload import TOPIC, create_topic

PRODUCE = 0
PLAIN = "plain"
PARTITIONS = 6


class Lane:
    """A connection that is dialled again at once when it is gone."""

    def __init__(self, port: int, limit_s: float = 1.0):
        self.port, self.limit_s, self.link = port, limit_s, None

    def ask(self, key: int, version: int, body: bytes) -> asking.Reader | None:
        try:
            if self.link is None:
                self.link = socket.create_connection(("127.0.0.1", self.port), self.limit_s)
                self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            header = struct.pack(">hhih", key, version, 1, 5) + b"chaos"
            self.link.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
            (size,) = struct.unpack(">i", asking.receive(self.link, 4))
            answer = asking.Reader(asking.receive(self.link, size))
        except (OSError, EOFError):
            self.close()
            return None
        answer.take("i")
        return answer

    def close(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None


def produce_body(partition: int) -> bytes:
    """Version 7, acks=all, one record."""
    records = batch.batch(batch.records(b"plain"))
    topic = PLAIN.encode()
    data = struct.pack(">ii", partition, len(records)) + records
    return struct.pack(">hhi", -1, -1, 1000) + struct.pack(">ih", 1, len(topic)) + topic + struct.pack(">i", 1) + data


def produced(answer: asking.Reader) -> int:
    """The partition's error code."""
    answer.take("i")
    answer.string()
    answer.take("i")
    answer.take("i")
    return answer.take("h")


class Plain:
    """Runs in a process of its own, so that the load's work does not delay it; `seen` gets (monotonic seconds, kind, number)."""

    def __init__(self, ports: dict[int, int], partitions: int, seen):
        self.ports, self.partitions, self.seen = ports, partitions, seen

    def run(self) -> None:
        threads = [threading.Thread(target=self.write, args=(index,), daemon=True) for index in range(self.partitions)]
        threads += [threading.Thread(target=self.look, args=(id,), daemon=True) for id in self.ports]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def write(self, partition: int) -> None:
        """Goes on to the next node at once when this one does not take the record."""
        lanes = [Lane(port) for port in self.ports.values()]
        body, turn = produce_body(partition), 0
        while True:
            answer = lanes[turn % len(lanes)].ask(PRODUCE, 7, body)
            if answer is not None and produced(answer) == 0:
                self.seen.put((time.monotonic(), "acknowledged", partition))
                time.sleep(0.01)
            else:
                turn += 1
                time.sleep(0.002)

    def look(self, node: int) -> None:
        lane, led = Lane(self.ports[node]), {}
        name = PLAIN.encode()
        body = struct.pack(">ih", 1, len(name)) + name + b"\0"
        while True:
            answer = lane.ask(asking.METADATA, 7, body)
            if answer is not None:
                for partition, shown in asking.read_metadata(answer).partitions.items():
                    if led.get(partition) != shown.leader:
                        led[partition] = shown.leader
                        self.seen.put((time.monotonic(), f"shown by {node}", (partition, shown.leader)))
            time.sleep(0.005)


class Timeline(Measurement):
    def __init__(self, per_second: int, every_s: float, seed: int):
        super().__init__("KILL", per_second, every_s, seed)
        create_topic(self.cluster, PARTITIONS, {}, PLAIN)
        self.cluster.until(lambda: self.cluster.in_sync(PLAIN), "every replica in sync", 60)
        self.seen = multiprocessing.get_context("fork").Queue()
        ports = {id: node.port for id, node in self.cluster.nodes.items()}
        self.plain = multiprocessing.get_context("fork").Process(target=Plain(ports, PARTITIONS, self.seen).run, daemon=True)
        self.events: list[tuple] = []
        self.steps: dict[bool, dict[str, list[float]]] = {True: defaultdict(list), False: defaultdict(list)}

    def run(self, kills: int) -> None:
        self.plain.start()
        self.load.start()
        self.cluster.until(lambda: not self.checker.behind(0.0), "every partition acknowledges", 60)
        for count in range(kills):
            self.kill_one(wants_controller=count % 3 == 2)
        self.plain.kill()
        self.load.stopping.set()
        self.load.join(70)

    def kill_one(self, wants_controller: bool) -> None:
        self.spread()
        node, is_controller = self.victim(wants_controller)
        led = {topic: [index for index, one in self.cluster.metadata(topic).partitions.items() if one.leader == node.id] for topic in (TOPIC, PLAIN)}
        time.sleep(0.3)  # so that every partition has acknowledged just before
        self.take()
        self.events.clear()
        began, wall = time.monotonic(), time.time()
        node.kill()
        time.sleep(self.every_s * 0.4)
        until = time.monotonic()
        self.take()
        steps = self.of_plain(node.id, led[PLAIN], began) | self.of_logs(node.id, wall)
        steps["librdkafka"] = [longest_gap(list(self.load.arrivals[index]), began, until) for index in led[TOPIC]]
        for step, values in steps.items():
            self.steps[is_controller][step] += values
        shown = "; ".join(f"{step} {', '.join(f'{value * 1000:.0f}' for value in sorted(values))}" for step, values in steps.items())
        print(f"    node {node.id}{' (active controller)' if is_controller else ''}: {shown}", flush=True)
        self.cluster.launch(node)
        time.sleep(max(0.0, began + self.every_s - time.monotonic()))

    def take(self) -> None:
        while not self.seen.empty():
            self.events.append(self.seen.get())

    def of_plain(self, victim: int, led: list[int], began: float) -> dict[str, list[float]]:
        """When the living nodes' metadata showed another leader, and the gaps of the producer that does not back off."""
        shown = [at - began for at, kind, what in self.events if kind.startswith("shown") and at > began and what[0] in led and what[1] not in (victim, -1)]
        acknowledged = defaultdict(list)
        for at, kind, what in self.events:
            if kind == "acknowledged":
                acknowledged[what].append(at)
        gaps = [longest_gap(acknowledged[index], began, began + self.every_s * 0.4) for index in led]
        return {"metadata": shown, "plain": gaps}

    def of_logs(self, victim: int, wall: float) -> dict[str, list[float]]:
        """What the living nodes logged of a new controller and of fencing; nothing of Apache Kafka's."""
        said: dict[str, list[float]] = {"controller": [], "fenced": []}
        for id, node in self.cluster.nodes.items():
            for line in node.said().splitlines() if id != victim else ():
                if not (match := re.match(r"(\d{4}-\S+)Z", line)):
                    continue
                at = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc).timestamp() - wall
                if at > 0 and "active controller term" in line:
                    said["controller"].append(at)
                elif at > 0 and "fenced, because" in line:
                    said["fenced"].append(at)
        return said

    def report(self) -> None:
        for is_controller, steps in self.steps.items():
            for step, values in steps.items():
                if values:
                    shown = ", ".join(f"{label} {percentile(values, share) * 1000:.0f}" for label, share in (("p50", 0.5), ("p90", 0.9), ("max", 1.0)))
                    print(f"  {'active controller' if is_controller else 'another node'}, {step}: {len(values)} times: {shown} ms")


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/chaos/timeline.py", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=9)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--every", type=float, default=15.0, help="seconds between kills")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    print(f"  SIGKILL every {arguments.every:.0f} s, {arguments.rate} records/s, seed {arguments.seed}", flush=True)
    timeline = Timeline(arguments.rate, arguments.every, arguments.seed)
    timeline.run(arguments.kills)
    timeline.report()
    timeline.cluster.discard()
    return 0


if __name__ == "__main__":
    sys.exit(main())
