"""Shared stories: reading without a group."""

import time

from story import broker, topic
from tell_produce import read
from telling import told
from words import EARLIEST, LATEST, Client, Record


def written(client: Client, count: int) -> str:
    name = topic()
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(str(number).encode(), partition=0) for number in range(count)])
    return name


def numbers(records: list[Record]) -> list[int]:
    return [int(record.value) for record in records]


@told("from-earliest")
def reading_from_the_earliest_yields_everything(client: Client) -> None:
    assert numbers(read(client, written(client, 10), 10, start=EARLIEST)) == list(range(10))


@told("from-latest")
def reading_from_the_latest_yields_only_what_comes_after(client: Client) -> None:
    name = written(client, 5)
    with client.reader(broker().bootstrap, name, 0, LATEST) as take:
        assert take(1, 0.5) == []
        with client.producer(broker().bootstrap) as send:
            send(name, [Record(b"new", partition=0)])
        assert [(record.offset, record.value) for record in take(1, 20)] == [(5, b"new")]


@told("from-offset")
def reading_from_an_offset_yields_that_record_first(client: Client) -> None:
    found = read(client, written(client, 10), 3, start=7)
    assert numbers(found) == [7, 8, 9] and found[0].offset == 7


@told("from-timestamp")
def reading_from_a_time_yields_the_first_record_since(client: Client) -> None:
    name, now = topic(), int(time.time() * 1000)
    times = [now - 10_000 + number * 1000 for number in range(10)]
    with client.producer(broker().bootstrap) as send:
        send(name, [Record(str(number).encode(), timestamp_ms=stamp, partition=0) for number, stamp in enumerate(times)])
    with client.admin(broker().bootstrap) as admin:
        start = admin.offset_at(name, 0, times[4] + 500)
        assert start == 5
        assert admin.offset_at(name, 0, times[5]) == 5
        assert admin.offset_at(name, 0, now + 60_000) is None
    found = read(client, name, 5, start=start)
    assert numbers(found) == [5, 6, 7, 8, 9]
    assert [record.timestamp_ms for record in found] == times[5:]
