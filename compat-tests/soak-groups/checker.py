"""What must be true of what the members said, whatever order the lines of different processes arrive in.

- In one generation a partition has one owner: the (generation, partition) pairs of assignments and of acknowledged commits name one member each.
- No number of a partition is acknowledged twice: each owner begins with one more than what is stored, so two owners at once would meet.
- A look-up finds no less than what had been acknowledged before it was asked.
"""

import bisect
import threading
from collections import Counter

from members import Event


class Acknowledged:
    """What was acknowledged of one partition."""

    def __init__(self):
        self.by: dict[int, str] = {}
        self.times_us: list[int] = []
        self.highest: list[int] = []  # by index of times_us

    def add(self, at_us: int, number: int) -> None:
        index = bisect.bisect(self.times_us, at_us)
        before = self.highest[index - 1] if index else 0
        self.times_us.insert(index, at_us)
        self.highest.insert(index, max(before, number))
        for later in range(index + 1, len(self.highest)):
            self.highest[later] = max(self.highest[later], number)

    def before(self, at_us: int) -> int:
        index = bisect.bisect_left(self.times_us, at_us)
        return self.highest[index - 1] if index else 0

    def last(self) -> int:
        return self.highest[-1] if self.highest else 0


class Checker:
    def __init__(self, partitions: int):
        self.lock = threading.Lock()
        self.acknowledged = [Acknowledged() for _ in range(partitions)]
        self.owners: dict[tuple[int, int], str] = {}
        self.owned: dict[str, set[int]] = {}
        self.lookups: list[tuple[int, int, int, str]] = []  # began, partition, found, who
        self.generations: set[int] = set()
        self.commits: Counter[str] = Counter()  # by language, the first word of a member's name
        self.problems: list[str] = []

    def heard(self, event: Event) -> None:
        with self.lock:
            getattr(self, f"_{event.kind}")(event)

    def _assigned(self, event: Event) -> None:
        self.owned[event.member] = set(event.partitions)
        if event.generation >= 0:
            self.generations.add(event.generation)
        for partition in event.partitions:
            self._claim(event, partition)

    def _claim(self, event: Event, partition: int) -> None:
        if event.generation < 0:
            return
        owner = self.owners.setdefault((event.generation, partition), event.member)
        if owner != event.member:
            self.problems.append(f"generation {event.generation}, partition {partition}: owned by {owner} and by {event.member}")

    def _revoked(self, event: Event) -> None:
        self.owned.get(event.member, set()).difference_update(event.partitions)

    def _stored(self, event: Event) -> None:
        self.lookups += [(event.began_us, partition, found, event.member) for partition, found in event.numbers.items()]

    def _committed(self, event: Event) -> None:
        for partition, number in event.numbers.items():
            self.commits[event.member.split("-")[0]] += 1
            self._claim(event, partition)
            other = self.acknowledged[partition].by.setdefault(number, event.member)
            if other != event.member:
                self.problems.append(f"partition {partition}: {number} was acknowledged to {other} and to {event.member}")
            self.acknowledged[partition].add(event.at_us, number)

    def _left(self, event: Event) -> None:
        self.owned.pop(event.member, None)

    def _failed(self, event: Event) -> None:
        self.problems.append(f"{event.member} failed: {event.why}")

    def crashed(self, members: list[str]) -> None:
        with self.lock:
            for member in members:
                self.owned.pop(member, None)

    def settled(self, living: set[str]) -> bool:
        """Every partition has one owner, and all that own are alive."""
        with self.lock:
            owned = sorted(partition for partitions in self.owned.values() for partition in partitions)
            return owned == list(range(len(self.acknowledged))) and {who for who, some in self.owned.items() if some} <= living

    def last(self) -> list[int]:
        with self.lock:
            return [one.last() for one in self.acknowledged]

    def found_at_the_end(self, stored: dict[int, int], at_us: int) -> None:
        with self.lock:
            self.lookups += [(at_us, partition, found, "the end") for partition, found in stored.items()]

    def check_lookups(self) -> None:
        """Once everything has been heard."""
        with self.lock:
            for began_us, partition, found, who in self.lookups:
                acknowledged = self.acknowledged[partition].before(began_us)
                if found < acknowledged:
                    self.problems.append(f"partition {partition}: {who} found {found} stored where {acknowledged} had been acknowledged")
