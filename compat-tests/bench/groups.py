"""W11: groups. How long a member waits for its assignment, how many rebalances a second, what idle groups and members hold in memory.

Alone: `python compat-tests/bench/groups.py`, with COMPAT_TARGET=kafka for Apache Kafka. Members are bytes on sockets (see the generator's
groups.rs) and hear of a rebalance at once; real ones hear of it with their next heartbeat. The initial rebalance delay is 0.
"""

import subprocess
import sys
import time
from collections import defaultdict

from process import GENERATOR, build, generate, resident_mb
from report import Figures
from targets import Broker, target

IDLE_GROUPS = 20_000
IDLE_MEMBERS = 10_000
MANY_MEMBERS = 500


def latency(broker: Broker, figures: Figures) -> None:
    for members, rounds in ((1, 500), (10, 200), (MANY_MEMBERS, 10)):
        said = generate("join", broker.bootstrap, members, rounds)
        figures[f"W11 join to assignment, group of {members}: p50, ms"].append(said["p50_ms"])
        figures[f"W11 rebalances per second, group of {members}"].append(said["rebalances_per_second"])


def settled_mb(broker: Broker, limit_s: float = 60.0) -> float:
    """Anonymous memory once the allocator has given back what it is going to."""
    deadline, (before, _) = time.monotonic() + limit_s, resident_mb(broker)
    while time.monotonic() < deadline:
        time.sleep(4)
        now, _ = resident_mb(broker)
        if now > 0.99 * before:
            return now
        before = now
    return before


def held_kb(broker: Broker, count: int, *words: object) -> float:
    """What the broker's anonymous memory grows by, per one of `count`, while the generator holds them."""
    before, _ = resident_mb(broker)
    holding = subprocess.Popen([GENERATOR, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holding.stdout.readline() == "ready\n", words
    after = settled_mb(broker)
    holding.communicate(timeout=120)
    return (after - before) * 1024 / count


def memory(kind: type[Broker], figures: Figures) -> None:
    """Each on a fresh broker that has loaded its offsets topic, so that no one reuses what another has freed."""

    def warm() -> Broker:
        broker = kind().start()
        generate("join", broker.bootstrap, 2, 100)
        return broker

    broker = warm()
    before, _ = resident_mb(broker)
    generate("idle-groups", broker.bootstrap, IDLE_GROUPS)
    after = settled_mb(broker)
    figures["W11 memory per idle group with one offset, KB"].append((after - before) * 1024 / IDLE_GROUPS)
    broker.discard()
    broker = warm()
    alone = held_kb(broker, IDLE_MEMBERS, "idle-members", broker.bootstrap, IDLE_MEMBERS)
    figures["W11 memory per idle member, alone in its group, KB"].append(alone)
    broker.discard()
    broker = warm()
    connections = held_kb(broker, MANY_MEMBERS, "idle-connections", broker.bootstrap, MANY_MEMBERS)
    broker.discard()
    broker = warm()
    together = held_kb(broker, MANY_MEMBERS, "idle-group-of", broker.bootstrap, MANY_MEMBERS)
    broker.discard()
    figures[f"W11 memory per idle member of {MANY_MEMBERS}, with its connection, KB"].append(together)
    figures["W11 memory per idle connection, KB"].append(connections)


def measure(kind: type[Broker], figures: Figures) -> None:
    broker = kind().start()
    latency(broker, figures)
    broker.discard()
    memory(kind, figures)


def main() -> int:
    build("generator")
    figures: Figures = defaultdict(list)
    measure(target(), figures)
    for row, values in figures.items():
        print(f"{row}: {', '.join(f'{value:.3g}' for value in values)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
