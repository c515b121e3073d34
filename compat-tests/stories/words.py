"""What the shared stories say to a client, whichever it is: each Python client's folder has an `adapter.py` that says it in its own words.

Offsets, partitions and error codes are Kafka's numbers. Whatever the broker refuses is raised as `Refused`, with the code it answered.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

UNKNOWN_TOPIC_OR_PARTITION, MESSAGE_TOO_LARGE, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS = 3, 10, 36, 37
EARLIEST, LATEST = -2, -1  # where a reader starts, beside plain offsets

Headers = tuple[tuple[str, bytes], ...]
Send = Callable[[str, Sequence["Record"]], list[int | None]]  # offsets, None where acks=0 tells none
Take = Callable[[int, float], list["Record"]]  # so many records, or fewer when so many seconds are over


@dataclass(frozen=True)
class Record:
    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    timestamp_ms: int | None = None
    partition: int | None = None
    offset: int | None = None


@dataclass(frozen=True)
class Group:
    """A described group; `members` are the partitions of each."""

    state: str
    protocol: str
    members: list[list[int]]


class Refused(Exception):
    def __init__(self, code: int, words: object = ""):
        super().__init__(f"error {code}: {words}")
        self.code = code


class Member(ABC):
    """A member of a group. Lives in a process of its own (member.py), so that it can crash."""

    rebalances = 0  # how often the client's rebalance listener was told of an assignment

    @abstractmethod
    def poll(self, seconds: float) -> list[Record]: ...

    @abstractmethod
    def owned(self) -> list[int]: ...

    @abstractmethod
    def commit(self) -> None:
        """Commits what was polled; raises when the broker refuses, as it does during rebalances."""

    @abstractmethod
    def close(self) -> None:
        """Leaves the group."""


class Admin(ABC):
    @abstractmethod
    def create(self, topic: str, partitions: int, configs: dict[str, str]) -> None: ...

    @abstractmethod
    def topics(self) -> list[str]: ...

    @abstractmethod
    def describe(self, topic: str) -> dict[int, tuple[int, list[int]]]:
        """partition → (leader, replicas)"""

    @abstractmethod
    def brokers(self) -> list[str]:
        """host:port of each"""

    @abstractmethod
    def grow(self, topic: str, partitions: int) -> None: ...

    @abstractmethod
    def alter(self, topic: str, key: str, value: str | None) -> None:
        """Sets a config, or resets it to its default."""

    @abstractmethod
    def config(self, topic: str, key: str) -> tuple[str, bool]:
        """(value, is the default)"""

    @abstractmethod
    def delete(self, topic: str) -> None: ...

    @abstractmethod
    def groups(self) -> list[str]: ...

    @abstractmethod
    def describe_group(self, group: str) -> Group: ...

    @abstractmethod
    def delete_records(self, topic: str, partition: int, before: int) -> int:
        """Returns the new start."""

    @abstractmethod
    def ends(self, topic: str, partition: int) -> tuple[int, int]: ...

    @abstractmethod
    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        """The first record at or after the time; None when there is none."""


@dataclass
class Client(ABC):
    """One client. `limits`: keys of stories.toml that it cannot tell, with the reason; `notes`: keys it tells but for something."""

    name: str
    version: str
    limits: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    def producer(self, bootstrap: str, codec: str = "none", acks: str = "all", idempotent: bool = False) -> AbstractContextManager[Send]:
        """One whose own limits let records of 3 MB through."""

    @abstractmethod
    def reader(self, bootstrap: str, topic: str, partition: int, start: int) -> AbstractContextManager[Take]:
        """A consumer without a group, positioned at `start` when it is handed out."""

    @abstractmethod
    def member(self, bootstrap: str, group: str, topic: str, strategy: str, instance: str | None, session_ms: int) -> Member:
        """Joins with the assignor `range` or `cooperative-sticky`; starts at the earliest offset where nothing is committed."""

    @abstractmethod
    def admin(self, bootstrap: str) -> AbstractContextManager[Admin]: ...
