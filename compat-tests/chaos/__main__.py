"""Faults of every kind under writers, readers and a group, and then the question whether what they were told was true.

`python compat-tests/chaos --minutes 60 --seed 7` runs one history on a fresh cluster of three, in a network of its own where the machine
permits that. The clients are told in workload.py, the faults in nemesis.py, the rules in checker.py. A seed gives the faults' order, victims
and lengths; machines and clients add their own chance.
At the end the group's offsets are looked up, everything is read once more, the nodes are stopped and their logs compared byte by byte.
"""

import argparse
import os
import random
import sys
import time

import network
import paths
from checker import Checker
from cluster import Cluster
from nemesis import KINDS, PARTITIONS as PARTITION_KINDS, PATIENCE_S, PROGRESS_S, SETTINGS, WHOLE_S, Nemesis
from replicas import compare
from workload import FLUSH_S, TOPIC, Client, Journal, Member, Reader, Watcher, Writer, begin_group, create_topic, look_up, outsider, whole_log

PARTITIONS = 6
TOPIC_CONFIG = {
    "min.insync.replicas": "2",
    "segment.bytes": str(4 << 20),
    "message.timestamp.after.max.ms": str(2**63 - 1),  # a node whose clock is behind takes the clients' records all the same
}
CODECS = ("none", "lz4", "zstd")
COMPAT_KAFKA = os.environ.get("COMPAT_TARGET") == "kafka"  # whose clock is the machine's
MILLION, EACH = 1_000_000, 20  # what a long run must reach to count


class History:
    """One cluster, its clients and what became of them."""

    def __init__(self, seed: int, per_second: float, kinds: tuple[str, ...], settings: dict[str, str], progress_s: float = PROGRESS_S):
        self.checker = Checker(PARTITIONS)
        self.cluster = Cluster(SETTINGS | settings, network=network.Network([1, 2, 3]) if network.inside() else None)
        home = self.cluster.nodes[1].home
        self.journal = Journal(home / "journal.jsonl")
        print(f"  seed {seed}; journal: {(home / 'journal.jsonl').relative_to(paths.ROOT)}; logs: {', '.join(self.cluster.logs())}", flush=True)
        where = (self.cluster, self.checker, self.journal, PARTITIONS)
        self.writers: list[Client] = [Writer(index, codec, per_second / len(CODECS), *where) for index, codec in enumerate(CODECS)]
        self.others: list[Client] = [
            Reader("reader", False, *where), Reader("reader-again", True, *where), Member("member-1", *where), Member("member-2", *where), Watcher("watcher", *where),
        ]
        self.nemesis = Nemesis(seed, *where, kinds, progress_s)

    def begin(self) -> None:
        self.cluster.start()
        create_topic(self.cluster, PARTITIONS, TOPIC_CONFIG)
        self.cluster.until(lambda: self.cluster.in_sync(TOPIC), "every replica in sync", WHOLE_S)
        first = outsider(self.cluster)
        self.cluster.until(lambda: begin_group(first, PARTITIONS), "a group's offsets", WHOLE_S)
        for client in [*self.writers, *self.others]:
            client.start()
        self.nemesis.progress("the beginning", time.monotonic())

    def end(self) -> None:
        """Everybody stops, and everything is looked at."""
        self.stop_clients()
        for client in [*self.writers, *self.others]:
            client.ended(FLUSH_S + 10)
            if notice := client.lingers(PROGRESS_S):
                print(f"    {notice}", flush=True)
        self.nemesis.whole("the end")
        last = outsider(self.cluster)
        self.cluster.until(lambda: look_up(last, self.checker, PARTITIONS), "the group's offsets", PROGRESS_S)
        logs = whole_log(self.cluster, PARTITIONS, 60 + self.checker.counts["acknowledged"] / 10_000)
        for partition, log in enumerate(logs):
            self.checker.finish(partition, log)
        for node in self.cluster.nodes.values():
            node.stop()
        for partition, log in enumerate(logs):
            places = {id: node.data / f"{TOPIC}-{partition}" for id, node in self.cluster.nodes.items()}
            for problem in compare(f"partition {partition}", places, len(log)):
                self.checker.problem(problem)

    def stop_clients(self) -> None:
        for client in [*self.writers, *self.others]:
            client.stopping.set()

    def run(self, seconds: float, until: list[str], hold_s: int = 0) -> list[str]:
        """Ends early when a fault could not be healed; then nothing more can be asked of the cluster. Or with a problem that says one of `until`."""
        self.nemesis.until = until
        try:
            self.begin()
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                self.nemesis.strike()
                if self.nemesis.is_caught():
                    break
            else:
                self.end()
        except Exception as error:
            self.checker.problem(f"{type(error).__name__}: {error}")
            if hold_s:
                print(f"  {error}: left as it is for {hold_s} s", flush=True)
                time.sleep(hold_s)
        self.stop_clients()
        self.cluster.end()
        self.journal.write("problems", problems=self.checker.problems)
        return self.checker.problems


def facts(history: History) -> str:
    counts, faults = history.checker.counts, history.nemesis.faults
    told = f"{counts['acknowledged']} acknowledged, {counts['read']} reads, {counts['commits']} commits, {counts['look-ups']} look-ups; "
    return told + ", ".join(f"{kind} {faults[kind]}" for kind in history.nemesis.kinds)


def shortfall(history: History) -> list[str]:
    """Why a long run does not count, though nothing was wrong."""
    few = [kind for kind in KINDS if history.nemesis.faults[kind] < EACH]
    acknowledged = history.checker.counts["acknowledged"]
    return [f"only {acknowledged} acknowledged records"] * (acknowledged < MILLION) + [f"fewer than {EACH} faults: {', '.join(few)}"] * bool(few)


def possible(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """What can be done to this target on this machine. Does not return where the program has to begin again in a network of its own."""
    if COMPAT_KAFKA:
        kinds = tuple(kind for kind in kinds if kind != "clock jump")
    reason = network.enter()
    if reason is None:
        return kinds
    if os.environ.get("CI") == "true":
        sys.exit(f"no network partitions: {reason}")
    print(f"  no network partitions: {reason}", flush=True)
    return tuple(kind for kind in kinds if kind not in PARTITION_KINDS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=1.5, help="of faults, for each seed")
    parser.add_argument("--seed", type=int, action="append", help="one history each; without any, a random one")
    parser.add_argument("--random-seed", action="store_true", help="one history more, with a random seed")
    parser.add_argument("--rate", type=float, default=1500, help="records per second, of all writers together")
    parser.add_argument("--only", choices=KINDS, action="append", help="only these kinds of faults")
    parser.add_argument("--long", action="store_true", help="fail when there were too few records or faults to count")
    parser.add_argument("--until", action="append", metavar="SIGN", help="end with the first problem that says this, and forget the cluster even then")
    parser.add_argument("--hold", type=int, default=0, metavar="SECONDS", help="leave a cluster that could not be healed as it is for so long, to be looked at")
    parser.add_argument("--setting", action="append", default=[], help="KEY=VALUE of every node")
    arguments = parser.parse_args()
    kinds = possible(tuple(arguments.only or KINDS))
    seeds = [*(arguments.seed or []), *([random.randrange(10**6)] if arguments.random_seed or not arguments.seed else [])]
    failed = 0
    for seed in seeds:
        history = History(seed, arguments.rate, kinds, dict(one.split("=", 1) for one in arguments.setting), PROGRESS_S if arguments.long else PATIENCE_S)
        problems = history.run(arguments.minutes * 60, arguments.until or [], arguments.hold)
        if arguments.long and not problems:
            problems = shortfall(history)
        failed += bool(problems)
        print(f"  {'FAIL' if problems else 'ok  '} a history of faults with seed {seed} holds ({facts(history)})", flush=True)
        for what, waits in sorted(history.nemesis.waits.items()):
            print(f"         all partitions acknowledge after: {what}: {len(waits)} times, at most {max(waits):.2f} s, mean {sum(waits) / len(waits):.2f} s")
        for problem in problems[:20]:
            print(f"         {problem}")
        history.cluster.discard() if not problems or arguments.until else history.cluster.end()
    print(f"stories: {len(seeds) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
