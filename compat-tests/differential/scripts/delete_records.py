"""DeleteRecords (KIP-107, KIP-204)."""

from batch import batch as make
from batch import records
from session import Session, script


def body(topic: str, *partitions: tuple[int, int], timeout_ms: int = 5000) -> dict:
    return {"timeout_ms": timeout_ms, "topics": [{"name": topic, "partitions": [{"partition_index": index, "offset": offset} for index, offset in partitions]}]}


@script("DeleteRecords")
def offsets(s: Session, version: int):
    topic = s.topic("deleted", partitions=2)
    s.write(topic, make(records(b"0", b"1", b"2", b"3")), make(records(b"4")))
    for offset in (0, 2, 1, 2, -2, 6, 1 << 40, 5, 3, -1):
        s.ask(f"to {offset}, step {len(s.steps)}", body(topic, (0, offset)))
    s.ask("an empty partition to its end", body(topic, (1, -1)))
    s.ask("an empty partition to 1", body(topic, (1, 1)))
    s.ask("starts and ends", {"topics": [{"name": topic, "partitions": [{"partition_index": 0, "timestamp": -2}]}]}, api="ListOffsets", version=5)
    s.ask("timeout 0", body(topic, (0, -1), timeout_ms=0))


@script("DeleteRecords")
def errors(s: Session, version: int):
    topic = s.topic("known", partitions=2)
    s.write(topic, make(records(b"0")))
    s.ask("unknown topic", body("never-created", (0, 0)))
    s.ask("unknown partition", body(topic, (7, 0)))
    s.ask("known and unknown partition", body(topic, (0, 1), (7, 0)))
    s.ask("no topics", {"topics": []})
    s.ask("no partitions", body(topic))
    s.ask("compacted", body(s.topic("compacted", cleanup_policy="compact"), (0, 0)))
    s.ask("compacted and deleted", body(s.topic("both", cleanup_policy="compact,delete"), (0, 0)))
    s.ask("an internal name", body("__consumer_offsets", (0, 0)))
