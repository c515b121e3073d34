"""Produce: every codec and acks, and what validation refuses (kafka-wire 3.2; LogValidator, KIP-467)."""

import batch
from batch import batch as make
from batch import record, records
from session import Session, script

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


def body(s: Session, topic: str, raw: bytes | None, partition: int = 0, acks: int = -1, topic_id: str | None = None, **more) -> dict:
    entry = {"name": topic, "partition_data": [{"index": partition, "records": raw}]}
    if s.version >= 13:
        entry["topic_id"] = topic_id or (s.topic_id(topic) if topic.startswith(s.prefix) else UNKNOWN_ID)
    return {"acks": acks, "topic_data": [entry]} | more


def fetch_back(s: Session, label: str, topic: str, offset: int = 0) -> None:
    partition = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 1 << 20}
    s.ask(label, {"max_wait_ms": 0, "min_bytes": 0, "topics": [{"topic": topic, "partitions": [partition]}]}, api="Fetch", version=12)


@script("Produce")
def codecs_and_acks(s: Session, version: int):
    topic = s.topic("codecs")
    for codec in batch.CODECS:
        for acks in (1, -1):
            s.ask(f"{codec}, acks={acks}", body(s, topic, make(records(b"one", b"two", None), codec=codec), acks=acks))
    s.ask_unanswered("acks=0", body(s, topic, make(records(b"zero")), acks=0))
    written = 3 * 2 * (len(batch.CODECS) - (version < 7)) + 1  # zstd is refused before version 7
    s.until(lambda: s.ends(topic)[0]["offset"] >= written)
    for acks in (2, -2, 100):
        s.ask(f"acks={acks}", body(s, topic, make(records(b"x")), acks=acks))
    fetch_back(s, "what was written", topic)


@script("Produce")
def nothing_at_all(s: Session, version: int):
    topic = s.topic("nothing")
    s.ask("no topics", {"acks": -1, "topic_data": []})
    entry = body(s, topic, None)
    entry["topic_data"][0]["partition_data"] = []
    s.ask("no partitions", entry)
    if version == 13:  # Apache Kafka never answers this one, so once is enough
        s.ask("null records", body(s, topic, None))
    s.ask("empty records", body(s, topic, b""))
    s.ask("a batch of no records", body(s, topic, make([], last_delta=-1)))


@script("Produce")
def unknown_places(s: Session, version: int):
    topic = s.topic("known")
    good = make(records(b"x"))
    s.ask("unknown topic", body(s, "never-created", good))
    s.ask("unknown partition", body(s, topic, good, partition=7))
    s.ask("negative partition", body(s, topic, good, partition=-1))
    mixed = body(s, topic, good)
    mixed["topic_data"][0]["partition_data"].append({"index": 9, "records": good})
    s.ask("a known and an unknown partition", mixed)
    s.ask("acks=0 to an unknown topic closes", body(s, "never-created", good, acks=0))


@script("Produce")
def the_same_place_twice(s: Session, version: int):
    topic = s.topic("twice", partitions=2)
    good = make(records(b"x"))
    entry = body(s, topic, good)
    entry["topic_data"][0]["partition_data"] = [{"index": 1, "records": good}, {"index": 0, "records": good}]
    s.ask("two partitions, backwards", entry)
    entry["topic_data"][0]["partition_data"] = [{"index": 0, "records": good}, {"index": 0, "records": good}]
    s.ask("the same partition twice", entry)
    entry["topic_data"] *= 2
    s.ask("the same topic twice", entry)


@script("Produce")
def broken_batches(s: Session, version: int):
    topic = s.topic("broken")
    good = make(records(b"a", b"b"))
    for label, raw in {
        "crc wrong": make(records(b"a"), crc_off_by=1),
        "base offset 5": make(records(b"a"), base_offset=5),
        "magic 1": make(records(b"a"), magic=1),
        "magic 0": make(records(b"a"), magic=0),
        "magic 3": make(records(b"a"), magic=3),
        "two batches": good + good,
        "cut short": good[:-1],
        "only a header": good[:61],
        "half a header": good[:30],
        "eleven bytes": good[:11],
        "bytes after the batch": good + b"\0" * 5,
        "length too long": make(records(b"a"), length_off_by=10),
        "length too short": make(records(b"a"), length_off_by=-1),
        "length negative": make(records(b"a"), length_off_by=-1000),
        "count beyond the records": make(records(b"a", b"b"), count=3),
        "count below the records": make(records(b"a", b"b"), count=1, last_delta=0),
        "count against last delta": make(records(b"a", b"b"), last_delta=5),
        "count negative": make(records(b"a"), count=-1, last_delta=0),
        "count huge": make(records(b"a"), count=0x7FFFFFFF, last_delta=0x7FFFFFFE),
        "last delta negative": make(records(b"a"), last_delta=-1),
        "control": make(records(b"a", keys=[b"\0\0\0\0"]), attributes=batch.CONTROL),
        "codec 5": make(records(b"a"), attributes=5),
        "codec 7": make(records(b"a"), attributes=7),
        "unused attribute bits": make(records(b"a"), attributes=0x80),
        "delete horizon bit": make(records(b"a"), attributes=0x40),
    }.items():
        s.ask(label, body(s, topic, raw))
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        s.ask(f"{codec} of noise", body(s, topic, make(records(b"a"), codec=codec, payload=b"\xde\xad\xbe\xef" * 5)))
        s.ask(f"{codec} of nothing", body(s, topic, make(records(b"a"), codec=codec, payload=b"")))
    s.ask("after all that, a good one", body(s, topic, good))


@script("Produce")
def broken_records(s: Session, version: int):
    topic = s.topic("broken-records")
    one = record(0, b"value", b"key")
    for label, payload in {
        "length beyond the batch": b"\x7e" + one[1:],
        "length negative": batch.varint(-5) + one[1:],
        "bytes after the last record": one + b"\1\2\3",
        "key length beyond": batch.varint(6) + b"\0\0\0" + batch.varint(100) + b"\1\0",
        "headers negative": batch.varint(6) + b"\0\0\0\1\1" + batch.varint(-1),
        "null header key": batch.varint(8) + b"\0\0\0\1\1" + batch.varint(1) + batch.varint(-1) + b"\1",
        "attributes set": one[:1] + b"\x7f" + one[2:],
    }.items():
        s.ask(label, body(s, topic, make([one], payload=payload)))
        for codec in ("gzip",):
            s.ask(f"{label}, {codec}", body(s, topic, make([one], codec=codec, payload=batch.compress(codec, payload))))
    gap = [record(0, b"a"), record(2, b"b")]
    s.ask("offset deltas with a gap", body(s, topic, make(gap, last_delta=2)))
    s.ask("offset deltas with a gap, count right", body(s, topic, make(gap)))
    s.ask("offset deltas backwards, gzip", body(s, topic, make([record(1, b"a"), record(0, b"b")], codec="gzip")))


@script("Produce")
def timestamps(s: Session, version: int):
    import time

    now = int(time.time() * 1000)
    topic = s.topic("timestamps")
    for label, raw in {
        "two hours ahead": make(records(b"a"), base_time=now + 7_200_000),
        "half an hour ahead": make(records(b"a"), base_time=now + 1_800_000),
        "claims log append time": make(records(b"a"), attributes=batch.LOG_APPEND_TIME),
        "timestamp -1": make(records(b"a"), base_time=-1),
        "timestamp -2": make(records(b"a"), base_time=-2),
        "max timestamp wrong": make(records(b"a", b"b", step_ms=5), max_time=batch.BASE_TIME + 1000),
    }.items():
        s.ask(label, body(s, topic, raw))
    s.ask("two of three too far ahead", body(s, topic, make([record(0, b"a"), record(1, b"b", timestamp_delta=now), record(2, b"c", timestamp_delta=now)])))
    append = s.topic("append-time", message_timestamp_type="LogAppendTime")
    s.ask("a topic with log append time", body(s, append, make(records(b"a", b"b", step_ms=5))))
    s.ask("a topic with log append time, gzip", body(s, append, make(records(b"a", b"b", step_ms=5), codec="gzip")))
    s.ask("a topic with log append time, far ahead", body(s, append, make(records(b"a"), base_time=now + 7_200_000)))
    fetch_back(s, "log append time in the batches", append)
    strict = s.topic("strict", message_timestamp_before_max_ms="1000", message_timestamp_after_max_ms="1000")
    s.ask("too old", body(s, strict, make(records(b"a"))))
    s.ask("recent enough", body(s, strict, make(records(b"a"), base_time=int(time.time() * 1000))))


@script("Produce")
def sizes(s: Session, version: int):
    small = s.topic("small", max_message_bytes="200")
    exactly = 200 - len(make(records(b"")))
    s.ask("just fits", body(s, small, make(records(b"x" * (exactly - 2)))))
    for size in (190, 200, 300, 5000):
        s.ask(f"a value of {size}", body(s, small, make(records(b"x" * size))))
    usual = s.topic("usual")
    s.ask("a mebibyte", body(s, usual, make(records(b"x" * 1_048_000))))
    s.ask("above a mebibyte", body(s, usual, make(records(b"x" * 1_049_000))))


@script("Produce")
def segments_and_in_sync_replicas(s: Session, version: int):
    short = s.topic("short-segments", segment_bytes="1048576", max_message_bytes="3000000")
    s.ask("a batch larger than a segment", body(s, short, make(records(b"x" * 1_200_000))))
    s.ask("a batch that fits a segment", body(s, short, make(records(b"x" * 1_000_000))))
    s.ask("the next one rolls", body(s, short, make(records(b"x" * 1_000_000))))
    lonely = s.topic("min-isr-2", min_insync_replicas="2")
    s.ask("acks=-1 with too few in sync", body(s, lonely, make(records(b"x"))))
    s.ask("acks=1 with too few in sync", body(s, lonely, make(records(b"x")), acks=1))
    fetch_back(s, "what is committed with too few in sync", lonely)
    s.ask("its end", {"topics": [{"name": lonely, "partitions": [{"partition_index": 0, "timestamp": -1}]}]}, api="ListOffsets", version=5)


@script("Produce")
def transactional_batches(s: Session, version: int):
    topic = s.topic("transactional")
    raw = make(records(b"x"), attributes=batch.TRANSACTIONAL, producer_id=7100, producer_epoch=0, sequence=0)
    s.ask("a transactional batch without transactional id", body(s, topic, raw))
    raw = make(records(b"x"), attributes=batch.TRANSACTIONAL, sequence=0)
    s.ask("a transactional batch without producer", body(s, topic, raw))


@script("Produce")
def compacted_topics(s: Session, version: int):
    topic = s.topic("compacted", cleanup_policy="compact")
    s.ask("null key", body(s, topic, make(records(b"a"))))
    s.ask("the second of three has no key", body(s, topic, make([record(0, b"a", b"k"), record(1, b"b"), record(2, b"c", b"k")])))
    s.ask("all keyed, a tombstone among them", body(s, topic, make(records(b"a", None, keys=[b"k", b"l"]))))
    s.ask("empty key", body(s, topic, make(records(b"a", keys=[b""]))))
    both = s.topic("both-policies", cleanup_policy="compact,delete")
    s.ask("null key under compact,delete", body(s, both, make(records(b"a"))))


@script("Produce")
def compression_that_the_topic_asks_for(s: Session, version: int):
    for wanted in ("uncompressed", "gzip", "snappy", "lz4", "zstd", "producer"):
        topic = s.topic(f"wants-{wanted}", compression_type=wanted)
        s.ask(f"gzip where {wanted} is wanted", body(s, topic, make(records(b"same " * 10, b"same " * 10), codec="gzip")))
        s.ask(f"plain where {wanted} is wanted", body(s, topic, make(records(b"same " * 10, b"same " * 10))))
        fetch_back(s, f"stored where {wanted} is wanted", topic)


@script("Produce")
def idempotence(s: Session, version: int):
    topic = s.topic("idempotent")

    def put(label: str, sequence: int, epoch: int = 0, producer: int = 7000, count: int = 1, **more):
        raw = make(records(*[b"v"] * count), producer_id=producer, producer_epoch=epoch, sequence=sequence, **more)
        s.ask(label, body(s, topic, raw))

    for sequence in range(0, 6):
        put(f"sequence {sequence}", sequence)
    for sequence in range(0, 6):
        put(f"sequence {sequence} again", sequence)
    put("a gap", 8)
    put("sequence 6 and 7", 6, count=2)
    put("sequence 6 and 7 again", 6, count=2)
    put("only sequence 6 of them", 6)
    put("only sequence 7 of them", 7)
    put("sequences 7 and 8", 7, count=2)
    put("epoch 1 from sequence 3", 3, epoch=1)
    put("epoch 1 from sequence 0", 0, epoch=1)
    put("epoch 0 after epoch 1", 8, epoch=0)
    put("epoch 1, sequence 1", 1, epoch=1)
    put("epoch 3, skipping 2", 0, epoch=3)
    put("another producer starts at 42", 42, producer=7001)
    put("and goes on at 43", 43, producer=7001)
    put("near the wrap", 0x7FFFFFFE, producer=7002, count=1)
    put("over the wrap", 0x7FFFFFFF, producer=7002, count=3)
    put("after the wrap", 2, producer=7002)
    put("negative sequence", -1)
    put("negative sequence of a new producer", -5, producer=7003)
    put("negative epoch", 0, epoch=-1, producer=7004)
    put("a sequence without a producer", 0, producer=-1, epoch=-1)
    put("codec and producer", 0, producer=7005, codec="zstd" if version >= 7 else "gzip")
    partition = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}
    s.ask("all of it", {"topics": [{"topic": topic, "partitions": [partition]}]}, api="Fetch", version=12)
    s.ask("its producers", {"topics": [{"name": topic, "partition_indexes": [0]}]}, api="DescribeProducers", version=0)


@script("Produce")
def internal_topics(s: Session, version: int):
    if version >= 13:
        return
    s.ask("to __consumer_offsets", body(s, "__consumer_offsets", make(records(b"a", keys=[b"k"]))))
    s.ask("to __transaction_state", body(s, "__transaction_state", make(records(b"a", keys=[b"k"]))))


@script("Produce")
def by_id(s: Session, version: int):
    if version < 13:
        return
    topic = s.topic("by-id")
    s.ask("unknown id", body(s, topic, make(records(b"x")), topic_id=UNKNOWN_ID))
    s.ask("zero id", body(s, topic, make(records(b"x")), topic_id="00000000-0000-0000-0000-000000000000"))
    entry = body(s, topic, make(records(b"x")))
    entry["topic_data"].append({"topic_id": UNKNOWN_ID, "partition_data": [{"index": 0, "records": make(records(b"x"))}]})
    s.ask("known and unknown id", entry)
