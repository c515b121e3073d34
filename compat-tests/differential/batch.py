"""Record batches of format 2 (KIP-98), well-formed or wrong in one chosen way."""

import gzip
import struct
from functools import cache

BASE_TIME = 1_700_000_000_000
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 8, 16, 32


@cache
def crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


def crc32c(raw: bytes) -> int:
    table, value = crc_table(), 0xFFFFFFFF
    for byte in raw:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def varint(value: int) -> bytes:
    value = value << 1 ^ value >> 63
    out = bytearray()
    value &= 0xFFFFFFFFFFFFFFFF
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sized(raw: bytes | None) -> bytes:
    return varint(-1) if raw is None else varint(len(raw)) + raw


def record(offset_delta: int, value: bytes | None, key: bytes | None = None, headers=(), timestamp_delta: int = 0) -> bytes:
    body = b"\0" + varint(timestamp_delta) + varint(offset_delta) + sized(key) + sized(value) + varint(len(headers))
    for name, content in headers:
        body += varint(len(name)) + name + sized(content)
    return varint(len(body)) + body


def records(*values: bytes | None, keys=(), step_ms: int = 0) -> list[bytes]:
    return [record(index, value, keys[index] if keys else None, timestamp_delta=index * step_ms) for index, value in enumerate(values)]


def compress(codec: str, raw: bytes) -> bytes:
    if codec == "gzip":
        return gzip.compress(raw, mtime=0)
    if codec == "snappy":
        return snappy(raw)
    if codec == "lz4":
        return lz4(raw)
    if codec == "zstd":
        return zstd(raw)
    return raw


def snappy(raw: bytes) -> bytes:
    """A raw snappy block of literals."""
    out = bytearray()
    length = len(raw)
    while length >= 0x80:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)
    for at in range(0, len(raw), 60):
        piece = raw[at:at + 60]
        out += bytes([(len(piece) - 1) << 2]) + piece
    return bytes(out)


def lz4(raw: bytes) -> bytes:
    """An LZ4 frame with one uncompressed, independent block. The header's checksum byte is of this descriptor (0x60 0x40)."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(raw) | 0x80000000) + raw + b"\0\0\0\0"


def zstd(raw: bytes) -> bytes:
    """A zstd frame (single segment, 4-byte content size) with one raw block."""
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(raw)) + struct.pack("<I", 1 | len(raw) << 3)[:3] + raw


def batch(
    parts: list[bytes], *, codec: str = "none", base_offset: int = 0, producer_id: int = -1, producer_epoch: int = -1, sequence: int = -1,
    attributes: int = 0, base_time: int = BASE_TIME, max_time: int | None = None, count: int | None = None, last_delta: int | None = None,
    magic: int = 2, crc_off_by: int = 0, leader_epoch: int = -1, length_off_by: int = 0, payload: bytes | None = None,
) -> bytes:
    """A batch of records; every argument after the first departs from a well-formed one."""
    body = compress(codec, b"".join(parts)) if payload is None else payload
    count = len(parts) if count is None else count
    last_delta = count - 1 if last_delta is None else last_delta
    checked = struct.pack(
        ">hiqqqhii", attributes | CODECS[codec], last_delta, base_time, base_time if max_time is None else max_time,
        producer_id, producer_epoch, sequence, count) + body
    head = struct.pack(">iBI", leader_epoch, magic, crc32c(checked) + crc_off_by & 0xFFFFFFFF)
    return struct.pack(">qi", base_offset, len(head) + len(checked) + length_off_by) + head + checked


def describe(raw: bytes | None) -> list | None:
    """What a fetched record set holds, batch by batch, as comparable values; a cut last batch is told by its size."""
    if raw is None:
        return None
    found, at = [], 0
    while at < len(raw):
        if len(raw) - at < 61:
            return [*found, f"{len(raw) - at} bytes of a batch"]
        base_offset, length, epoch, magic, crc = struct.unpack_from(">qiiBI", raw, at)
        end = at + 12 + length
        if end > len(raw):
            return [*found, f"{len(raw) - at} of {12 + length} bytes of a batch"]
        attributes, last_delta, base_time, max_time, producer, producer_epoch, sequence, count = struct.unpack_from(">hiqqqhii", raw, at + 21)
        found.append({
            "base_offset": base_offset, "leader_epoch": epoch, "magic": magic, "crc": "right" if crc32c(raw[at + 21:end]) == crc else "wrong",
            "attributes": attributes, "last_offset_delta": last_delta, "base_timestamp": base_time, "max_timestamp": max_time, "producer_id": producer,
            "producer_epoch": producer_epoch, "base_sequence": sequence, "count": count,
            "records": raw[at + 61:end].hex() if attributes & 7 == 0 else f"compressed with {attributes & 7}",
        })
        at = end
    return found
