"""Shared stories: writing."""

import functools

from story import broker, topic
from telling import told
from words import EARLIEST, MESSAGE_TOO_LARGE, Client, Record, Refused

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
GUARANTEES = (("all", True), ("all", False), ("1", False), ("0", False))


def read(client: Client, name: str, count: int, partition: int = 0, start: int = EARLIEST) -> list[Record]:
    with client.reader(broker().bootstrap, name, partition, start) as take:
        return take(count, 20)


def compressed_records_come_back(codec: str, client: Client) -> None:
    name = topic()
    values = [f"{number} {'payload ' * 20}".encode() for number in range(500)]
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, len(GUARANTEES), {})
        for partition, (acks, idempotent) in enumerate(GUARANTEES):
            with client.producer(broker().bootstrap, codec, acks, idempotent) as send:
                offsets = send(name, [Record(value, key=value[:3], partition=partition) for value in values])
            if acks != "0":
                assert offsets == list(range(500)), offsets
            found = read(client, name, 500, partition)
            assert [(record.key, record.value) for record in found] == [(value[:3], value) for value in values], f"acks={acks}: {len(found)}"
            assert [record.offset for record in found] == list(range(500))
            assert admin.ends(name, partition) == (0, 500)


for one in CODECS:
    telling = functools.partial(compressed_records_come_back, one)
    telling.__name__ = f"records_come_back_as_written[{one}]"
    told(f"codec-{one}")(telling)


@told("keyed-ordering")
def each_key_keeps_its_order_in_one_partition(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, 6, {})
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(str(number).encode(), key=str(number % 50).encode()) for number in range(1000)])
    of_key: dict[bytes, list[tuple[int, int]]] = {}
    with client.admin(broker().bootstrap) as admin:
        counts = [admin.ends(name, partition)[1] for partition in range(6)]
    assert sum(counts) == 1000 and sum(count > 0 for count in counts) > 1, counts
    for partition, count in enumerate(counts):
        for record in read(client, name, count, partition) if count else []:
            of_key.setdefault(record.key, []).append((partition, int(record.value)))
    for key, found in of_key.items():
        assert found == [(found[0][0], number) for number in range(int(key), 1000, 50)], (key, found)


@told("headers")
def headers_come_back(client: Client) -> None:
    name = topic()
    headers = (("one", b"1"), ("one", b"2"), ("empty", b""), ("binary", bytes(range(256))), ("ключ", "значение".encode()))
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(b"v", headers=headers, partition=0), Record(b"none", partition=0)])
    assert [record.headers for record in read(client, name, 2)] == [headers, ()]


@told("null-and-empty")
def nulls_and_empties_are_told_apart(client: Client) -> None:
    name = topic()
    pairs = [(b"key", b"value"), (b"tombstone", None), (None, b"no key"), (b"", b""), (None, b"")]
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(value, key=key, partition=0) for key, value in pairs])
    assert [(record.key, record.value) for record in read(client, name, len(pairs))] == pairs


@told("one-mebibyte")
def a_mebibyte_comes_back_whole(client: Client) -> None:
    name, value = topic(), bytes(range(250)) * 4192
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(value, partition=0)])
    assert [record.value for record in read(client, name, 1)] == [value]


@told("too-large")
def a_record_beyond_the_limit_is_refused_and_the_producer_goes_on(client: Client) -> None:
    name = topic()
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(b"before", partition=0)])
        try:
            send(name, [Record(bytes(2_000_000), partition=0)])
        except Refused as refusal:
            assert refusal.code == MESSAGE_TOO_LARGE, refusal
        else:
            raise AssertionError("2 MB were accepted under a limit of 1 MiB")
        send(name, [Record(b"after", partition=0)])
    assert [record.value for record in read(client, name, 2)] == [b"before", b"after"]


@told("auto-create")
def writing_to_an_unknown_topic_creates_it(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin, client.producer(broker().bootstrap) as send:
        assert name not in admin.topics()
        assert send(name, [Record(b"first")]) == [0]
        assert name in admin.topics()
        assert list(admin.describe(name)) == [0]
