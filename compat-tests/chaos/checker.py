"""What must be true of a history, in whatever order its events are heard. It knows no client and no cluster: numbers in, problems out.

A record is one number (see `record`), so a history of millions fits into memory. The rules:

- one value per offset: whoever acknowledges or reads an offset, whenever, meets the same record there;
- a reader's offsets grow by one from where it began; reading again finds the same;
- at the end every acknowledged record is in its partition, none is there twice, and each writer's records are in the order it wrote them;
- a look-up of a committed offset finds no less than what had been acknowledged before it was asked;
- a leader epoch of a partition names at most one leader;
- every partition acknowledges something within a limit after a fault was healed.
"""

import bisect
import threading
from array import array
from collections import Counter

UNKNOWN = -1
WRITER_SHIFT = 40
PROBLEMS_MAX = 200  # kept; all are counted


def record(writer: int, number: int) -> int:
    return writer << WRITER_SHIFT | number


def named(value: int) -> str:
    return f"record {value & (1 << WRITER_SHIFT) - 1} of writer {value >> WRITER_SHIFT}"


class Partition:
    """What is known of one partition."""

    def __init__(self):
        self.acknowledged = array("q")
        self.values = array("q")  # by offset
        self.last_acknowledged_at = 0.0
        self.commit_times: list[float] = []
        self.commits: list[int] = []  # the highest acknowledged by then
        self.leaders: dict[int, int] = {}


class Checker:
    def __init__(self, partitions: int):
        self.lock = threading.Lock()
        self.partitions = [Partition() for _ in range(partitions)]
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()

    def problem(self, text: str) -> None:
        self.counts["problems"] += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(text)

    def acknowledged(self, partition: int, offset: int, value: int, at: float) -> None:
        """A writer was told that its record is at this offset; a client that had to ask twice may not know the offset."""
        with self.lock:
            self.counts["acknowledged"] += 1
            one = self.partitions[partition]
            one.acknowledged.append(value)
            one.last_acknowledged_at = max(one.last_acknowledged_at, at)
            if offset >= 0:
                self._holds(partition, offset, value, "an acknowledgement")

    def read(self, reader: str, partition: int, offset: int, value: int, expected: int) -> None:
        """`expected` is the offset after the reader's last one, or the one it began at; UNKNOWN is any."""
        with self.lock:
            self.counts["read"] += 1
            if expected not in (offset, UNKNOWN):
                self.problem(f"partition {partition}: {reader} expected offset {expected} and read {offset}")
            self._holds(partition, offset, value, reader)

    def _holds(self, partition: int, offset: int, value: int, who: str) -> None:
        values = self.partitions[partition].values
        if offset >= len(values):
            values.extend([UNKNOWN] * (offset + 1 - len(values)))
        if values[offset] == UNKNOWN:
            values[offset] = value
        elif values[offset] != value:
            self.problem(f"partition {partition}, offset {offset}: {who} says {named(value)}, where {named(values[offset])} was before")

    def committed(self, partition: int, offset: int, at: float) -> None:
        """A group's commit was acknowledged."""
        with self.lock:
            self.counts["commits"] += 1
            one = self.partitions[partition]
            index = bisect.bisect(one.commit_times, at)
            one.commit_times.insert(index, at)
            one.commits.insert(index, max(offset, one.commits[index - 1] if index else 0))
            for later in range(index + 1, len(one.commits)):
                one.commits[later] = max(one.commits[later], offset)

    def looked_up(self, who: str, partition: int, found: int, began: float) -> None:
        with self.lock:
            self.counts["look-ups"] += 1
            one = self.partitions[partition]
            index = bisect.bisect_left(one.commit_times, began)
            known = one.commits[index - 1] if index else 0
            if found < known:
                self.problem(f"partition {partition}: {who} found {found} committed, {known} had been acknowledged before it asked")

    def led(self, partition: int, epoch: int, leader: int) -> None:
        """A node that answers says who leads in this epoch; nobody (below 0) is no claim."""
        if leader < 0:
            return
        with self.lock:
            other = self.partitions[partition].leaders.setdefault(epoch, leader)
            if other != leader:
                self.problem(f"partition {partition}, leader epoch {epoch}: node {other} and node {leader} lead")

    def behind(self, since: float) -> list[int]:
        """Partitions that have acknowledged nothing since then."""
        with self.lock:
            return [index for index, one in enumerate(self.partitions) if one.last_acknowledged_at <= since]

    def end_of(self, partition: int) -> int:
        """One more than the highest offset anybody has seen."""
        return len(self.partitions[partition].values)

    def finish(self, partition: int, log: array) -> None:
        """`log` is all of a partition at the end, from offset 0 on."""
        one = self.partitions[partition]
        if len(one.values) > len(log):
            self.problem(f"partition {partition}: it ends at {len(log)}, and offset {len(one.values) - 1} had been seen")
        for offset, value in enumerate(log):
            self._holds(partition, offset, value, "the last reader")
        stored = set(log)
        lost = [value for value in one.acknowledged if value not in stored]
        if lost:
            self.problem(f"partition {partition}: {len(lost)} acknowledged records are lost, among them {named(min(lost))} and {named(max(lost))}")
        if len(stored) != len(log):
            twice = [value for value, times in Counter(log).items() if times > 1]
            self.problem(f"partition {partition}: {len(twice)} records are there more than once, among them {named(twice[0])}")
        self._in_order(partition, log)

    def _in_order(self, partition: int, log: array) -> None:
        last: dict[int, int] = {}
        for offset, value in enumerate(log):
            writer = value >> WRITER_SHIFT
            if value < last.get(writer, UNKNOWN):
                self.problem(f"partition {partition}, offset {offset}: {named(value)} follows {named(last[writer])}")
                return
            last[writer] = value
