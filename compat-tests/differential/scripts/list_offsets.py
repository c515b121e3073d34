"""ListOffsets: by time, every special timestamp, epochs, isolation, errors (KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023)."""

from batch import BASE_TIME
from batch import batch as make
from batch import record, records
from session import Session, script


def body(topic: str, *partitions: dict, **more) -> dict:
    return {"replica_id": -1, "topics": [{"name": topic, "partitions": list(partitions)}]} | more


def at(timestamp: int, index: int = 0, **more) -> dict:
    return {"partition_index": index, "timestamp": timestamp} | more


@script("ListOffsets")
def by_time(s: Session, version: int):
    topic = s.topic("times", partitions=2)
    s.write(topic, make(records(b"0", b"1", b"2", step_ms=10), max_time=BASE_TIME + 20))
    s.write(topic, make(records(b"3", b"4", step_ms=10), base_time=BASE_TIME + 100, max_time=BASE_TIME + 110, codec="gzip"))
    s.write(topic, make([record(0, b"5", timestamp_delta=50), record(1, b"6", timestamp_delta=10)], base_time=BASE_TIME, max_time=BASE_TIME + 50))
    for moment in (0, 1, -1_000 + BASE_TIME, *(BASE_TIME + delta for delta in (0, 1, 10, 15, 20, 21, 50, 100, 105, 110, 111, 10_000))):
        s.ask(f"at {moment - BASE_TIME:+d}", body(topic, at(moment)))
    for special in range(-1, -9, -1):
        s.ask(f"special {special}", body(topic, at(special)))
        s.ask(f"special {special}, empty partition", body(topic, at(special, 1)))
        s.ask(f"special {special}, isolation 1", body(topic, at(special), isolation_level=1))
    s.ask("at a time, empty partition", body(topic, at(BASE_TIME, 1)))
    s.ask("two partitions", body(topic, at(-1), at(-2, 1)))


@script("ListOffsets")
def epochs_and_errors(s: Session, version: int):
    topic = s.topic("errors")
    s.write(topic, make(records(b"0")))
    for epoch in (-1, 0, 1, 50, -7):
        s.ask(f"current leader epoch {epoch}", body(topic, at(-1, current_leader_epoch=epoch)))
    s.ask("unknown topic", body("never-created", at(-1)))
    s.ask("unknown partition", body(topic, at(-1), at(-1, 5)))
    s.ask("negative partition", body(topic, at(-1, -1)))
    s.ask("the same partition twice", body(topic, at(-1), at(-2)))
    s.ask("the same partition twice, of two", {"replica_id": -1, "topics": [
        {"name": topic, "partitions": [at(-1), at(-1)]}, {"name": topic, "partitions": [at(-2)]}]})
    s.ask("no topics", {"replica_id": -1, "topics": []})
    s.ask("a debugging replica", body(topic, at(-1)) | {"replica_id": -2})


@script("ListOffsets")
def after_deletion(s: Session, version: int):
    topic = s.topic("deleted")
    s.write(topic, *(make(records(b"x"), base_time=BASE_TIME + number * 10) for number in range(5)))
    s.quietly("DeleteRecords", 2, {"topics": [{"name": topic, "partitions": [{"partition_index": 0, "offset": 3}]}]})
    for moment in (-1, -2, -3, -4, BASE_TIME, BASE_TIME + 25, BASE_TIME + 30):
        s.ask(f"at {moment - BASE_TIME if moment > 0 else moment} after deletion to 3", body(topic, at(moment)))
    s.quietly("DeleteRecords", 2, {"topics": [{"name": topic, "partitions": [{"partition_index": 0, "offset": -1}]}]})
    for moment in (-1, -2, -3, BASE_TIME):
        s.ask(f"at {moment - BASE_TIME if moment > 0 else moment} after deletion of all", body(topic, at(moment)))
