"""Encodes requests and decodes answers by the schemas that the kafka-clients jar carries (see java/src/ottla/SchemaDump.java).

Bodies are plain dictionaries. A field that a version lacks is left out, one that a body lacks takes its default, so that one body serves
every version. Shares no code with ottla's own codec: it is the judge's.
"""

import json
import struct
import uuid
from functools import cache

import paths

INTEGERS = {"INT8": ">b", "INT16": ">h", "UINT16": ">H", "INT32": ">i", "INT64": ">q", "FLOAT64": ">d", "BOOLEAN": ">?"}
# Kafka's defaults that are not zero, by field name; alike in every request of the table.
DEFAULTS = {
    "replica_id": -1, "current_leader_epoch": -1, "last_fetched_epoch": -1, "log_start_offset": -1, "session_epoch": -1,
    "max_bytes": 0x7FFFFFFF, "producer_id": -1, "producer_epoch": -1, "allow_auto_topic_creation": True, "num_partitions": -1,
    "replication_factor": -1, "timeout_ms": 10_000, "rack_id": "", "resource_type": 2, "endpoint_type": 1, "response_partition_limit": 2000,
}
NIL = "00000000-0000-0000-0000-000000000000"


@cache
def schemas() -> dict:
    return json.loads(paths.MESSAGE_SCHEMA.read_text())


def key(api: str) -> int:
    return schemas()[api]["key"]


def fields(api: str, side: str, version: int) -> list:
    return schemas()[api][side][str(version)]


def is_flexible(api: str, side: str, version: int) -> bool:
    found = fields(api, side, version)
    return bool(found) and found[-1][0] == "_tagged_fields"


def unsigned_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# ── encoding ──

def encode(schema: list, body: dict) -> bytes:
    return b"".join(encode_field(name, kind, body) for name, kind in schema)


def encode_field(name: str, kind, body: dict) -> bytes:
    if isinstance(kind, dict) and "tags" in kind:
        return encode_tags(kind["tags"], body)
    if name in body:
        return encode_value(kind, body[name])
    return encode_value(kind, DEFAULTS.get(name, default(kind)))


def encode_tags(tags: dict, body: dict) -> bytes:
    present = [(int(tag), encode_value(field[1], body[field[0]])) for tag, field in tags.items() if field[0] in body]
    present += body.get("_tags", [])
    return unsigned_varint(len(present)) + b"".join(unsigned_varint(tag) + unsigned_varint(len(value)) + value for tag, value in present)


def default(kind):
    if isinstance(kind, dict):
        if kind["null"]:
            return None
        return [] if "array" in kind else {}
    if "NULLABLE" in kind:
        return None
    if kind == "UUID":
        return NIL
    return "" if "STRING" in kind else b"" if kind in ("BYTES", "COMPACT_BYTES", "RECORDS", "COMPACT_RECORDS") else 0


def encode_value(kind, value) -> bytes:
    if isinstance(kind, dict):
        if "array" in kind:
            return encode_array(kind, value)
        if not kind["null"]:
            return encode(kind["struct"], value)
        return b"\xff" if value is None else b"\x01" + encode(kind["struct"], value)
    if kind in INTEGERS:
        return struct.pack(INTEGERS[kind], value)
    if kind == "UUID":
        return uuid.UUID(value).bytes
    raw = value.encode() if isinstance(value, str) else value
    if kind.startswith("COMPACT"):
        return b"\0" if raw is None else unsigned_varint(len(raw) + 1) + raw
    length = ">h" if "STRING" in kind else ">i"
    return struct.pack(length, -1) if raw is None else struct.pack(length, len(raw)) + raw


def encode_array(kind: dict, values) -> bytes:
    if values is None:
        return b"\0" if kind["compact"] else struct.pack(">i", -1)
    head = unsigned_varint(len(values) + 1) if kind["compact"] else struct.pack(">i", len(values))
    return head + b"".join(encode_value(kind["array"], value) for value in values)


# ── decoding ──

class Reader:
    """A cursor over an answer's bytes; reading past the end raises ValueError."""

    def __init__(self, raw: bytes):
        self.raw = raw
        self.at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.raw):
            raise ValueError(f"{count} bytes wanted at {self.at} of {len(self.raw)}")
        self.at += count
        return self.raw[self.at - count:self.at]

    def number(self, form: str):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def unsigned_varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def fields(self, schema: list) -> dict:
        found: dict = {}
        for name, kind in schema:
            if isinstance(kind, dict) and "tags" in kind:
                found |= self.tags(kind["tags"])
            else:
                found[name] = self.value(kind)
        return found

    def tags(self, known: dict) -> dict:
        found = {}
        for _ in range(self.unsigned_varint()):
            tag, size = self.unsigned_varint(), self.unsigned_varint()
            raw = self.take(size)
            if field := known.get(str(tag)):
                inner = Reader(raw)
                found[field[0]] = inner.value(field[1])
                inner.end()
            else:
                found[f"unknown tag {tag}"] = raw.hex()
        return found

    def value(self, kind):
        if isinstance(kind, dict):
            return self.compound(kind)
        if kind in INTEGERS:
            return self.number(INTEGERS[kind])
        if kind == "UUID":
            return str(uuid.UUID(bytes=self.take(16)))
        size = self.unsigned_varint() - 1 if kind.startswith("COMPACT") else self.number(">h" if "STRING" in kind else ">i")
        if size < 0:
            return None
        return self.take(size).decode() if "STRING" in kind else self.take(size)

    def compound(self, kind: dict):
        if "array" in kind:
            count = self.unsigned_varint() - 1 if kind["compact"] else self.number(">i")
            return None if count < 0 else [self.value(kind["array"]) for _ in range(count)]
        if kind["null"] and self.number(">b") < 0:
            return None
        return self.fields(kind["struct"])

    def end(self) -> None:
        if self.at != len(self.raw):
            raise ValueError(f"{len(self.raw) - self.at} bytes left over")
