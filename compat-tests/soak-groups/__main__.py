"""Members that join, leave and crash while the broker is killed, and a checker: no commit is lost, no partition has two owners.

`python compat-tests/soak-groups --minutes 10` runs one soak of that length for eager and one for cooperative rebalancing. Members commit a
number per partition that they own, one more each time, starting from what is stored when the partition is assigned. So a commit that was
acknowledged and lost shows at the next assignment, and two owners in one generation show as one number committed twice. At the end,
nobody joins or leaves any more: within the limit every partition is owned once and its number grows.
"""

import argparse
import random
import subprocess
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from targets import Broker, target

TOPIC, GROUP = "soak-groups", "soak"
SESSION_S = 6
SETTLE_LIMIT_S = 60


class Commits:
    """What was acknowledged, by partition. The checker."""

    def __init__(self, partitions: int):
        self.lock = threading.Lock()
        self.acknowledged = [0] * partitions
        self.count = 0
        self.problems: list[str] = []

    def assigned(self, who: str, partition: int, stored: int) -> None:
        with self.lock:
            if stored < self.acknowledged[partition]:
                self.problems.append(f"{who} was assigned {partition} with {stored} stored, but {self.acknowledged[partition]} was acknowledged")

    def committed(self, who: str, partition: int, number: int) -> None:
        with self.lock:
            self.count += 1
            if number <= self.acknowledged[partition]:
                self.problems.append(f"{who} committed {number} of {partition} after {self.acknowledged[partition]} was: two owners")
            self.acknowledged[partition] = max(self.acknowledged[partition], number)


class Member(threading.Thread):
    def __init__(self, name: str, bootstrap: str, strategy: str, commits: Commits):
        super().__init__(name=name, daemon=True)
        self.commits = commits
        self.next: dict[int, int] = {}
        self.stopping = threading.Event()
        self.consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": GROUP, "client.id": name, "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "partition.assignment.strategy": strategy, "session.timeout.ms": SESSION_S * 1000, "heartbeat.interval.ms": 500,
            "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50, "log_level": 0,
        })

    def run(self) -> None:
        self.consumer.subscribe([TOPIC], on_revoke=self.gone, on_lost=self.gone)
        while not self.stopping.is_set():
            self.consumer.poll(0.1)
            self.adopt()
            self.commit()
        self.consumer.close()

    def adopt(self) -> None:
        """Looks up where the partitions stand that are new to this member."""
        new = [owned for owned in self.consumer.assignment() if owned.partition not in self.next]
        if not new:
            return
        try:
            for stored in self.consumer.committed(new, timeout=5):
                at = max(stored.offset, 0)
                if any(owned.partition == stored.partition for owned in self.consumer.assignment()):
                    self.commits.assigned(self.name, stored.partition, at)
                    self.next[stored.partition] = at + 1
        except KafkaException:
            pass  # the broker is away: again

    def commit(self) -> None:
        wanted = {partition: number for partition, number in self.next.items()}
        if not wanted:
            return
        try:
            offsets = [TopicPartition(TOPIC, partition, number) for partition, number in wanted.items()]
            done = self.consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException:
            self.next.clear()  # it may have been stored all the same: look
            return
        for one in done:
            if one.error is None:
                self.commits.committed(self.name, one.partition, one.offset)
                if one.partition in self.next:
                    self.next[one.partition] = one.offset + 1
            else:
                self.next.pop(one.partition, None)

    def gone(self, _consumer, partitions) -> None:
        for one in partitions:
            self.next.pop(one.partition, None)


def crashing(bootstrap: str, strategy: str) -> subprocess.Popen:
    """A member that is going to be killed."""
    settings = [f"session.timeout.ms={SESSION_S * 1000}", f"partition.assignment.strategy={strategy}", "enable.auto.commit=false", "auto.offset.reset=latest"]
    options = [word for setting in settings for word in ("-X", setting)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(["kcat", "-b", bootstrap, *options, "-q", "-G", GROUP, TOPIC], **quiet)


def settled(members: list[Member], partitions: int) -> bool:
    owned = sorted(partition for member in members for partition in list(member.next))
    return owned == list(range(partitions))


def soak(strategy: str, seconds: float, count: int, partitions: int) -> list[str]:
    broker: Broker = target()({"group.initial.rebalance.delay.ms": "100"}).start()
    commits = Commits(partitions)
    members: list[Member] = []
    crashers: list[subprocess.Popen] = []
    started, kills, serial = time.monotonic(), 0, 0
    try:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 2})
        for future in admin.create_topics([NewTopic(TOPIC, partitions, 1)]).values():
            future.result(timeout=30)
        next_kill = started + 8
        while time.monotonic() < started + seconds:
            while len(members) < count:
                serial += 1
                members.append(Member(f"m{serial}", broker.bootstrap, strategy, commits))
                members[-1].start()
            if len(crashers) < 2:
                crashers.append(crashing(broker.bootstrap, strategy))
            time.sleep(random.uniform(0.5, 2.5))
            happens = random.random()
            if happens < 0.4:
                leaver = members.pop(random.randrange(len(members)))
                leaver.stopping.set()
            elif happens < 0.6:
                crasher = crashers.pop(0)
                crasher.kill()
                crasher.wait()
            if time.monotonic() > next_kill:
                broker.kill()
                broker.start()
                kills += 1
                next_kill = time.monotonic() + random.uniform(5, 15)
        for crasher in crashers:
            crasher.kill()
            crasher.wait()
        quiet_since = time.monotonic()
        while not settled(members, partitions):
            if time.monotonic() > quiet_since + SETTLE_LIMIT_S:
                commits.problems.append(f"not settled within {SETTLE_LIMIT_S} s: {[sorted(member.next) for member in members]}")
                break
            time.sleep(0.1)
        took = time.monotonic() - quiet_since
        before = list(commits.acknowledged)
        time.sleep(3)
        still = [partition for partition in range(partitions) if commits.acknowledged[partition] <= before[partition]]
        if still:
            commits.problems.append(f"no commits after settling: partitions {still}")
        print(f"  {strategy}: {commits.count} commits by {serial} members, {kills} kills of the broker; settled {took:.1f} s after the last change")
    finally:
        for crasher in crashers:
            crasher.kill()
        for member in members:
            member.stopping.set()
        for member in members:
            member.join(10)
        broker.discard() if not commits.problems else broker._end()
    return commits.problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/soak-groups", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--partitions", type=int, default=24)
    arguments = parser.parse_args()
    failed = 0
    for strategy in ("range", "cooperative-sticky"):
        problems = soak(strategy, arguments.minutes * 60, arguments.members, arguments.partitions)
        failed += bool(problems)
        for problem in problems[:20]:
            print(f"  FAIL {strategy}: {problem}")
    print(f"stories: {2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
