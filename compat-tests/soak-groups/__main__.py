"""One group of three client languages whose members join, leave and crash while the broker is killed, and a checker.

`python compat-tests/soak-groups --minutes 10` runs one soak of that length for eager (`range`) and one for cooperative rebalancing
(`cooperative-sticky`; librdkafka, the Java client and franz-go all have both, and understand each other's). What members do is told in
member.py, the lines between them and this program in members.py, what is checked in checker.py. At the end nobody joins or leaves any
more: within what a session and the rebalances cost, every partition is owned once, and then its number grows.
"""

import argparse
import random
import sys
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from checker import Checker
from members import LANGUAGES, Process
from targets import Broker, target

TOPIC, GROUP = "soak-groups", "soak"
SESSION_S, HEARTBEAT_S = 6.0, 0.5
# The last change may be a crash, noticed when its session ends, or a kill of the broker, noticed by reconnecting. Then everybody hears of the
# rebalance with a heartbeat; cooperative assignors need a second one. The rest is for fifty clients on two cores.
SETTLE_LIMIT_S = SESSION_S + 2 * HEARTBEAT_S + 13.0
GROW_LIMIT_S = 10.0
LOAD_LIMIT_S = 30.0


class Soak:
    """One group. Of each language a process that lives and one that is killed again and again."""

    def __init__(self, strategy: str, count: int, partitions: int):
        self.strategy, self.partitions = strategy, partitions
        self.checker = Checker(partitions)
        self.broker: Broker = target()({"group.initial.rebalance.delay.ms": "100"}).start()
        self.admin = AdminClient({"bootstrap.servers": self.broker.bootstrap, "log_level": 0})
        self.admin.create_topics([NewTopic(TOPIC, partitions, 1)])[TOPIC].result(timeout=30)
        self.serial = self.kills = self.crashes = self.leaves = 0
        self.living: list[Process] = []
        self.doomed: list[Process] = []
        for index, language in enumerate(LANGUAGES):
            size = count // len(LANGUAGES) + (index < count % len(LANGUAGES))
            self.doomed.append(self.process(language, size // 4))
            self.living.append(self.process(language, size - size // 4))

    def process(self, language: str, size: int) -> Process:
        settings = {
            "bootstrap": self.broker.bootstrap, "group": GROUP, "topic": TOPIC, "strategy": self.strategy,
            "session_ms": str(int(SESSION_S * 1000)), "heartbeat_ms": str(int(HEARTBEAT_S * 1000)),
        }
        one = Process(language, settings, self.checker.heard)
        for _ in range(size):
            self.join(one)
        return one

    def join(self, process: Process) -> None:
        self.serial += 1
        process.join(f"{process.language}-{self.serial}")

    def swap(self) -> None:
        """One leaves, another joins."""
        process = random.choice(self.living)
        process.leave(random.choice(process.members))
        self.join(process)
        self.leaves += 1

    def crash(self) -> None:
        process = self.doomed.pop(random.randrange(len(self.doomed)))
        members = process.kill()
        self.checker.crashed(members)
        self.crashes += len(members)
        self.doomed.append(self.process(process.language, len(members)))

    def kill_broker(self) -> None:
        self.broker.kill()
        self.broker.start()
        self.kills += 1

    def members(self) -> set[str]:
        return {name for process in [*self.living, *self.doomed] for name in process.members}

    def disturb(self, seconds: float) -> None:
        """The soak's own rhythm: now and then everybody has time to settle."""
        ends = time.monotonic() + seconds
        next_kill = time.monotonic() + min(10.0, seconds / 3)
        while time.monotonic() < ends:
            time.sleep(random.choice((0.3, 1.0, 3.0, 8.0)) if seconds > 60 else random.choice((0.3, 1.0, 3.0)))
            if time.monotonic() > next_kill:
                self.kill_broker()
                next_kill = time.monotonic() + random.uniform(8, 25)
            elif random.random() < 0.7:
                self.swap()
            else:
                self.crash()

    def settle(self) -> float:
        """Seconds until every partition is owned once, after the last change: a crash, a leaving, and the broker's death."""
        self.swap()
        self.crash()
        self.kill_broker()
        began = time.monotonic()
        while not self.checker.settled(self.members()):
            if time.monotonic() > began + SETTLE_LIMIT_S:
                owned = {member: sorted(some) for member, some in self.checker.owned.items()}
                self.checker.problems.append(f"not settled within {SETTLE_LIMIT_S} s: {owned}")
                break
            time.sleep(0.02)
        return time.monotonic() - began

    def grow(self) -> None:
        """Every partition's number goes on."""
        before, deadline = self.checker.last(), time.monotonic() + GROW_LIMIT_S
        while still := [partition for partition, (was, now) in enumerate(zip(before, self.checker.last())) if now <= was]:
            if time.monotonic() > deadline:
                self.checker.problems.append(f"no commits after settling: partitions {still}")
                return
            time.sleep(0.05)

    def look_up(self) -> None:
        """What is stored after a last kill of the broker, once nobody writes any more."""
        self.stop_members()
        began_us = time.time_ns() // 1000
        self.kill_broker()
        self.checker.found_at_the_end(self.stored(), began_us)
        self.checker.check_lookups()

    def stored(self) -> dict[int, int]:
        """By a consumer that never joins: the admin client's look-up dies of a segmentation fault (confluent-kafka 2.16.1) where the
        coordinator is not back yet, as Apache Kafka's is not for seconds."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": GROUP, "enable.auto.commit": False, "log_level": 0})
        asked = [TopicPartition(TOPIC, partition) for partition in range(self.partitions)]
        deadline = time.monotonic() + LOAD_LIMIT_S
        while True:
            try:
                found = consumer.committed(asked, timeout=5)
                if not any(one.error for one in found):
                    return {one.partition: max(one.offset, 0) for one in found}
            except KafkaException as error:
                print(f"  looking up again: {error}")
            assert time.monotonic() < deadline, "no committed offsets after the restart"
            time.sleep(0.05)

    def stop_members(self) -> None:
        for process in [*self.living, *self.doomed]:
            process.kill()
        self.living, self.doomed = [], []

    def run(self, seconds: float) -> list[str]:
        try:
            self.disturb(seconds)
            took = self.settle()
            self.grow()
            self.look_up()
            checker = self.checker
            checker.problems += [f"no member of {language} committed anything" for language in LANGUAGES if not checker.commits[language]]
            commits = ", ".join(f"{count} by {language}" for language, count in sorted(checker.commits.items()))
            print(f"  {self.strategy}: {self.serial} members ({self.leaves} left, {self.crashes} crashed), {self.kills} kills of the broker; "
                  f"{len(checker.generations)} generations, {len(checker.lookups)} look-ups, commits: {commits}; "
                  f"settled {took:.1f} s after the last change", flush=True)
        finally:
            self.stop_members()
            self.broker.discard() if not self.checker.problems else self.broker._end()
        return self.checker.problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/soak-groups", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--members", type=int, default=15)
    parser.add_argument("--partitions", type=int, default=24)
    parser.add_argument("--strategy", choices=["range", "cooperative-sticky"], action="append", help="only this one")
    arguments = parser.parse_args()
    strategies = arguments.strategy or ["range", "cooperative-sticky"]
    failed = 0
    for strategy in strategies:
        problems = Soak(strategy, arguments.members, arguments.partitions).run(arguments.minutes * 60)
        failed += bool(problems)
        for problem in problems[:20]:
            print(f"  FAIL {strategy}: {problem}")
    print(f"stories: {len(strategies) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
