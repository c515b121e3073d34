"""What a person with kcat (librdkafka 2.0 from Debian) does: the issue's two commands, then every way to write and read."""

import json
import time

from kcat import consume, kcat, produce
from story import broker, cases, fresh, story, topic

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


@story
def the_first_record_to_an_unknown_topic_is_acknowledged_at_once():
    name = topic()
    started = time.monotonic()
    kcat("-P", "-t", name, stdin=b"hi\n")
    seconds = time.monotonic() - started
    assert consume(name) == ["hi"]
    assert seconds < 5, f"took {seconds:.1f} s"


@cases(**{
    f"{codec},acks={acks}{',idempotent' if idempotent else ''}": (codec, acks, idempotent)
    for codec in CODECS for acks in ("0", "1", "all") for idempotent in (False, True) if not idempotent or acks == "all"
})
def records_come_back_as_written(codec, acks, idempotent):
    name = topic()
    lines = [f"record {number} {'x' * 100}" for number in range(500)]
    options = ["-z", codec, "-X", f"acks={acks}", "-X", f"enable.idempotence={str(idempotent).lower()}", "-p", "0"]
    produce(name, lines, *options)
    deadline = time.monotonic() + 10
    while (found := consume(name)) != lines and acks == "0" and time.monotonic() < deadline:
        pass  # acks=0 says nothing about when
    assert found == lines, f"{len(found)} of {len(lines)} records"


@story
def keys_headers_nulls_and_empties_come_back():
    name = topic()
    kcat("-P", "-t", name, "-K:", "-H", "one=1", "-H", "one=2", "-H", "empty=", stdin=b"key:value\n")
    kcat("-P", "-t", name, "-K:", "-Z", stdin=b"tombstone:\n")
    kcat("-P", "-t", name, "-K:", stdin=b":\n")
    kcat("-P", "-t", name, stdin=b"no key\n")
    records = [json.loads(line) for line in kcat("-C", "-t", name, "-J", "-q", "-e", "-o", "beginning").splitlines()]
    assert records[0]["headers"] == ["one", "1", "one", "2", "empty", ""], records[0]
    assert [(record["key"], record["payload"]) for record in records] == [("key", "value"), ("tombstone", None), ("", ""), (None, "no key")]
    assert [record["offset"] for record in records] == [0, 1, 2, 3]


@story
def reading_starts_where_it_is_told_to():
    name = topic()
    produce(name, [str(number) for number in range(10)])
    assert consume(name, offset="beginning") == [str(number) for number in range(10)]
    assert consume(name, offset="end") == []
    assert consume(name, offset="7") == ["7", "8", "9"]
    assert consume(name, offset="-2") == ["8", "9"]
    assert consume(name, "-c", "3", offset="4", form="%o=%s\n") == ["4=4", "5=5", "6=6"]


@story
def offsets_and_records_are_found_by_time():
    name = topic()
    produce(name, ["early"])
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    produce(name, ["late"])
    assert consume(name, offset=f"s@{between}") == ["late"]
    assert f"{name} [0] offset 1" in kcat("-Q", "-t", f"{name}:0:{between}")
    assert f"{name} [0] offset 0" in kcat("-Q", "-t", f"{name}:0:{between - 60_000}")
    assert f"{name} [0] offset -1" in kcat("-Q", "-t", f"{name}:0:{between + 60_000}")
    assert f"{name} [0] offset 0" in kcat("-Q", "-t", f"{name}:0:-2")
    assert f"{name} [0] offset 2" in kcat("-Q", "-t", f"{name}:0:-1")


@story
def a_mebibyte_goes_through_and_more_than_the_limit_is_refused():
    name = topic()
    allowed = 1_000_000
    produce(name, ["m" * allowed], "-X", "message.max.bytes=4000000")
    (back,) = consume(name, "-X", "fetch.message.max.bytes=4000000")
    assert back == "m" * allowed
    error = kcat("-P", "-t", name, "-X", "message.max.bytes=4000000", stdin=b"n" * 2_000_000 + b"\n", fails=True)
    assert "Message size too large" in error, error
    assert len(consume(name)) == 1


@story
def metadata_lists_the_broker_and_the_topic_at_its_advertised_address():
    name = topic()
    produce(name, ["x"])
    metadata = json.loads(kcat("-L", "-J"))
    assert [entry["name"] for entry in metadata["brokers"]] == [broker().bootstrap], metadata["brokers"]
    (found,) = [entry for entry in metadata["topics"] if entry["topic"] == name]
    assert found["partitions"] == [{"partition": 0, "leader": 1, "replicas": [{"id": 1}], "isrs": [{"id": 1}]}], found


@story
def each_listener_answers_with_its_own_address():
    one = fresh(listeners=("INNER", "OUTER"))
    for port in one.ports.values():
        metadata = json.loads(kcat("-L", "-J", bootstrap=f"localhost:{port}"))
        assert [entry["name"] for entry in metadata["brokers"]] == [f"localhost:{port}"], metadata["brokers"]
        produce("shared", [f"through {port}"], bootstrap=f"localhost:{port}")
    assert len(consume("shared", bootstrap=one.bootstrap)) == 2


@story
def records_outlive_a_restart_and_a_kill():
    one = fresh()
    produce("kept", [f"before {number}" for number in range(100)], "-z", "lz4", bootstrap=one.bootstrap)
    one.stop()
    one.start()
    produce("kept", [f"between {number}" for number in range(100)], "-z", "zstd", bootstrap=one.bootstrap)
    one.kill()
    one.start()
    produce("kept", ["after"], bootstrap=one.bootstrap)
    wanted = [f"before {number}" for number in range(100)] + [f"between {number}" for number in range(100)] + ["after"]
    assert consume("kept", bootstrap=one.bootstrap) == wanted
