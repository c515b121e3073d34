"""Log directories of nodes that do not run: are replicas alike, byte by byte, below the high watermark? And: cutting one back, as a loss of power does."""

import itertools
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEAD = struct.Struct(">qi ibIhi")  # base offset, length; leader epoch, magic, checksum, attributes, last offset delta
BEFORE_LENGTH = 12


@dataclass(frozen=True)
class Batch:
    base: int
    next: int
    epoch: int
    data: bytes


def in_file(file: Path) -> Iterator[Batch]:
    """The whole batches of a segment; a part of one, or zeros, end it."""
    with open(file, "rb") as segment:
        while len(head := segment.read(HEAD.size)) == HEAD.size:
            base, length, epoch, magic, _, _, last = HEAD.unpack(head)
            rest = segment.read(BEFORE_LENGTH + length - HEAD.size)
            if magic != 2 or len(rest) != BEFORE_LENGTH + length - HEAD.size:
                return
            yield Batch(base, base + last + 1, epoch, head + rest)


def batches(place: Path) -> Iterator[Batch]:
    for file in sorted(place.glob("*.log")):
        yield from in_file(file)


def compare(name: str, places: dict[int, Path], high_watermark: int) -> list[str]:
    """Problems of one partition's replicas: the first of each kind."""
    logs = [itertools.takewhile(lambda batch: batch.base < high_watermark, batches(place)) for place in places.values()]
    first, end, epoch = next(iter(places)), 0, 0
    for column in itertools.zip_longest(*logs):
        for node, batch in zip(places, column, strict=True):
            if batch != column[0]:
                return [f"{name}: at offset {end} nodes {first} and {node} differ: {shown(column[0])} and {shown(batch)}"]
        if column[0].base != end:
            return [f"{name}: offset {column[0].base} follows {end}"]
        if column[0].epoch < epoch:
            return [f"{name}: at offset {end} leader epoch {column[0].epoch} follows {epoch}"]
        end, epoch = column[0].next, column[0].epoch
    return [f"{name}: the logs of all end at {end}, the high watermark is {high_watermark}"] if end < high_watermark else []


def shown(batch: Batch | None) -> str:
    return f"{batch.base}…{batch.next - 1} of epoch {batch.epoch}, {len(batch.data)} bytes" if batch else "nothing"


def recovery_points(data: Path) -> dict[str, int]:
    """By the name of a partition's directory. What is not named was never flushed."""
    file = data / "recovery-point-offset-checkpoint"
    lines = file.read_text().splitlines()[2:] if file.exists() else []
    return {f"{topic}-{partition}": int(offset) for topic, partition, offset in (line.split(" ") for line in lines)}


def cut(place: Path, recovery_point: int, chance: random.Random) -> int:
    """Loses a random part of what was not flushed for certain: the last segment ends at any byte from the recovery point on. Returns the bytes lost."""
    files = sorted(place.glob("*.log"))
    if not files:
        return 0
    flushed = sum(len(batch.data) for batch in itertools.takewhile(lambda batch: batch.next <= recovery_point, in_file(files[-1])))
    size = files[-1].stat().st_size
    keep = chance.randint(flushed, size)
    with open(files[-1], "r+b") as file:
        file.truncate(keep)
    return size - keep


def lose_power(data: Path, topics: tuple[str, ...], chance: random.Random) -> int:
    """Cuts every partition of these topics back. Only for a node that was killed. Returns the bytes lost."""
    # It names the kernel that knew the logs' ends; after a loss of power that is another one, and Ottla ignores the file.
    (data / "ottla-log-end-checkpoint").unlink(missing_ok=True)
    points = recovery_points(data)
    places = [place for place in sorted(data.iterdir()) if place.is_dir() and place.name.rpartition("-")[0] in topics]
    return sum(cut(place, points.get(place.name, 0), chance) for place in places)
