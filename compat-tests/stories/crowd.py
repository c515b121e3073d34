"""A group whose members are processes, so that they can crash: what they own and read, and whether they settled."""

import subprocess
import threading
from abc import ABC, abstractmethod

from story import topic, wait_for


class Process(ABC):
    """A member's process and what it said so far."""

    def __init__(self, command: list[str]):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors_go_to, text=True)
        self.owned: list[list[int]] = []  # each assignment it had
        self.read: list[str] = []
        self.said: list[str] = []
        self.rebalances = 0
        self.listening = threading.Thread(target=self._listen, daemon=True)
        self.listening.start()

    errors_go_to: int | None = None

    def _listen(self) -> None:
        for line in self.child.stdout:
            self.said.append(line.strip())
            self.hear(line.strip())

    @abstractmethod
    def hear(self, line: str) -> None: ...

    @abstractmethod
    def leave(self) -> None: ...

    def crash(self) -> None:
        self.child.kill()
        self.child.wait()

    def ended(self) -> None:
        self.child.wait(30)
        self.listening.join(10)


class Crowd(ABC):
    """A group of member processes on a topic of its own; those left over at the end are ended."""

    def __init__(self, bootstrap: str, partitions: int, strategy: str = "range", session_ms: int = 6000):
        self.bootstrap, self.partitions, self.strategy, self.session_ms = bootstrap, partitions, strategy, session_ms
        self.topic, self.group = topic(), topic("g")
        self.members: list[Process] = []
        self.everybody: list[Process] = []
        self.written = 0

    @abstractmethod
    def create(self) -> None:
        """Makes the topic."""

    @abstractmethod
    def start(self, instance: str | None) -> Process: ...

    @abstractmethod
    def send(self, numbers: range) -> None:
        """Writes number n to partition n % partitions."""

    def __enter__(self) -> "Crowd":
        self.create()
        return self

    def __exit__(self, *_problem) -> None:
        for member in self.everybody:
            if member.child.poll() is None:
                member.crash()

    def join(self, instance: str | None = None) -> Process:
        member = self.start(instance)
        self.members.append(member)
        self.everybody.append(member)
        return member

    def leave(self) -> None:
        self.members.pop().leave()

    def crash(self) -> None:
        self.members.pop().crash()

    def owned(self) -> list[list[int]]:
        return [sorted(member.owned[-1]) if member.owned else [] for member in self.members]

    def is_settled(self) -> bool:
        owned = self.owned()
        fair = max(map(len, owned)) - min(map(len, owned)) <= 1
        return sorted(sum(owned, [])) == list(range(self.partitions)) and fair

    def settle(self, limit_s: float = 60) -> None:
        """Every partition has one owner, and nobody two more than another."""
        try:
            wait_for(self.is_settled, "a fair assignment of every partition", limit_s)
        except AssertionError as problem:
            raise AssertionError(f"{problem}: {self.owned()}; {[member.said[-4:] for member in self.members]}") from None

    def write(self, count: int) -> None:
        """So many records over all partitions, numbered on."""
        self.send(range(self.written, self.written + count))
        self.written += count

    def read_all(self) -> None:
        wanted = {str(number) for number in range(self.written)}
        wait_for(lambda: {value for member in self.everybody for value in list(member.read)} == wanted, "every record read", 30)


def three_share(crowd: Crowd) -> None:
    """Three join one by one, one leaves, one crashes; each time everything is shared and nothing is lost."""
    for _ in range(3):
        crowd.join()
        crowd.settle()
        crowd.write(60)
    crowd.read_all()
    crowd.leave()
    crowd.settle()
    crowd.write(60)
    crowd.read_all()
    crowd.crash()
    crowd.write(60)
    crowd.settle()
    crowd.read_all()
    crowd.leave()


def keeps_what_it_keeps(crowd: Crowd) -> None:
    """The mark of a cooperative rebalance: the first member never gave up more than it had to."""
    first = crowd.everybody[0]
    assert all(len(owned) >= 2 for owned in first.owned), f"gave up partitions that it kept: {first.owned}"


def returns_without_a_rebalance(crowd: Crowd) -> None:
    """A static member crashes and returns."""
    first = crowd.join("one")
    crowd.join("two")
    crowd.settle()
    before, rebalances = crowd.owned(), first.rebalances
    crowd.crash()
    crowd.join("two")
    crowd.settle(limit_s=20)
    assert crowd.owned() == before
    assert first.rebalances == rebalances, "the other member was made to join again"
    crowd.write(10)
    crowd.read_all()
