"""A few questions in the Kafka protocol, by hand, of one node: Metadata (version 7), DescribeQuorum and AlterPartitionReassignments (version 0).

Every call opens a connection of its own and gives up after a second: it answers None when the node does not.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Protocol

LIMIT_S = 1.0
METADATA, ALTER_PARTITION_REASSIGNMENTS, DESCRIBE_QUORUM = 3, 45, 55
Address = tuple[str, int]  # of a node


class Door(Protocol):
    """A node that wants more than a connection before it answers."""

    def dial(self, limit_s: float) -> socket.socket:
        """Connects, and does what is asked. Raises OSError or EOFError when it is not let in."""


@dataclass(frozen=True)
class Partition:
    leader: int  # -1: none
    epoch: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True)
class Topic:
    brokers: dict[int, int]  # their ports
    partitions: dict[int, Partition]


@dataclass(frozen=True)
class Quorum:
    leader: int
    epoch: int
    high_watermark: int
    voters: dict[int, int]  # where each one's log ends, as the leader knows


class Reader:
    """Fields of an answer, one after the other."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, form: str) -> int:
        (value,) = struct.unpack_from(f">{form}", self.data, self.at)
        self.at += struct.calcsize(f">{form}")
        return value

    def skip(self, size: int) -> bytes:
        self.at += max(size, 0)
        return self.data[self.at - max(size, 0) : self.at]

    def string(self) -> str:
        return self.skip(self.take("h")).decode()

    def ints(self) -> tuple[int, ...]:
        return tuple(self.take("i") for _ in range(self.take("i")))

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.skip(self.varint())


def dial(address: Address | Door) -> socket.socket:
    return socket.create_connection(address, LIMIT_S) if isinstance(address, tuple) else address.dial(LIMIT_S)


def ask(address: Address | Door, key: int, version: int, flexible: bool, body: bytes, limit_s: float = LIMIT_S) -> Reader | None:
    client = b"chaos"
    header = struct.pack(">hhih", key, version, 1, len(client)) + client + (b"\0" if flexible else b"")
    try:
        with dial(address) as link:
            link.settimeout(limit_s)
            link.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
            (size,) = struct.unpack(">i", receive(link, 4))
            answer = Reader(receive(link, size))
    except (OSError, EOFError):
        return None
    answer.take("i")
    if flexible:
        answer.tags()
    return answer


def receive(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := link.recv(size - len(data))):
            raise EOFError
        data += more
    return data


def metadata(address: Address | Door, topic: str | None) -> Topic | None:
    """A topic that is not known has no partitions."""
    names = [topic.encode()] if topic else []
    body = struct.pack(">i", len(names)) + b"".join(struct.pack(">h", len(name)) + name for name in names) + b"\0"
    answer = ask(address, METADATA, 7, False, body)
    return None if answer is None else read_metadata(answer)


def read_metadata(answer: Reader) -> Topic:
    """Of version 7, from behind the header; of one topic, or none."""
    answer.take("i")
    brokers = {}
    for _ in range(answer.take("i")):
        id = answer.take("i")
        answer.string()
        brokers[id] = answer.take("i")
        answer.string()
    answer.string()
    answer.take("i")
    partitions: dict[int, Partition] = {}
    for _ in range(answer.take("i")):
        answer.take("h")
        answer.string()
        answer.take("?")
        for _ in range(answer.take("i")):
            answer.take("h")
            index, leader, epoch = answer.take("i"), answer.take("i"), answer.take("i")
            partitions[index] = Partition(leader, epoch, answer.ints(), answer.ints())
            answer.ints()
    return Topic(brokers, partitions)


def quorum(address: Address | Door) -> Quorum | None:
    """None also while there is no active controller to ask."""
    name = b"__cluster_metadata"
    body = bytes([2, len(name) + 1]) + name + bytes([2]) + struct.pack(">i", 0) + b"\0\0\0"
    answer = ask(address, DESCRIBE_QUORUM, 0, True, body)
    if answer is None or answer.take("h") != 0 or answer.varint() < 2:
        return None
    answer.skip(answer.varint() - 1)
    answer.varint()
    answer.take("i")
    error, leader, epoch = answer.take("h"), answer.take("i"), answer.take("i")
    if error != 0 or leader < 0:
        return None
    high_watermark = answer.take("q")
    voters = {}
    for _ in range(answer.varint() - 1):
        id = answer.take("i")
        voters[id] = answer.take("q")
        answer.tags()
    return Quorum(leader, epoch, high_watermark, voters)


def reassign(address: Address | Door, topic: str, partition: int, replicas: list[int]) -> bool:
    """Whether the partition is being moved to these replicas now."""
    name = topic.encode()
    one = struct.pack(">i", partition) + bytes([len(replicas) + 1]) + b"".join(struct.pack(">i", id) for id in replicas) + b"\0"
    body = struct.pack(">i", 5000) + bytes([2, len(name) + 1]) + name + bytes([2]) + one + b"\0\0"
    answer = ask(address, ALTER_PARTITION_REASSIGNMENTS, 0, True, body, limit_s=6.0)
    if answer is None:
        return False
    answer.take("i")
    error = answer.take("h")
    answer.skip(answer.varint() - 1)
    if error != 0 or answer.varint() != 2:
        return False
    answer.skip(answer.varint() - 1)
    answer.varint()
    answer.take("i")
    return answer.take("h") == 0
