"""Fetch: reading and its limits, leader epochs, isolation, long polls, sessions (KIP-74, KIP-227, KIP-320, KIP-516)."""

import time

from batch import batch as make
from batch import records
from session import Session, script

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


def partition(offset: int, index: int = 0, **more) -> dict:
    return {"partition": index, "fetch_offset": offset, "partition_max_bytes": 1 << 20} | more


class Topics:
    """Names topics in a fetch by what the version wants."""

    def __init__(self, s: Session):
        self.s = s
        self.ids: dict[str, str] = {}

    def entry(self, topic: str, *partitions: dict) -> dict:
        if self.s.version < 13:
            return {"topic": topic, "partitions": list(partitions)}
        if topic not in self.ids:
            self.ids[topic] = self.s.topic_id(topic) if topic.startswith(self.s.prefix) else UNKNOWN_ID
        return {"topic_id": self.ids[topic], "partitions": list(partitions)}

    def forgotten(self, topic: str, *indexes: int) -> dict:
        return self.entry(topic) | {"partitions": list(indexes)}


def body(*topics: dict, **more) -> dict:
    return {"max_wait_ms": 0, "min_bytes": 0, "topics": list(topics)} | more


@script("Fetch")
def reading(s: Session, version: int):
    t, topic = Topics(s), s.topic("reading")
    s.write(topic, make(records(b"0", b"1", b"2")), make(records(b"3", b"4"), codec="gzip"), make(records(b"5")))
    for offset in range(0, 8):
        s.ask(f"from {offset}", body(t.entry(topic, partition(offset))))
    for offset in (-1, -2, 100, 1 << 40):
        s.ask(f"from {offset}", body(t.entry(topic, partition(offset))))
    s.ask("isolation 1", body(t.entry(topic, partition(0)), isolation_level=1))
    s.ask("isolation 2", body(t.entry(topic, partition(0)), isolation_level=2))
    s.ask("the same partition twice", body(t.entry(topic, partition(0), partition(3))))
    s.ask("nothing asked", body())
    s.ask("a topic without partitions", body(t.entry(topic)))


@script("Fetch")
def limits(s: Session, version: int):
    t, topic = Topics(s), s.topic("limits", partitions=3)
    for index in range(3):
        s.write(topic, make(records(b"x" * 500)), make(records(b"y" * 500)), partition=index)
    for size in (0, 1, 61, 500, 600, 1200):
        s.ask(f"partition limit {size}", body(t.entry(topic, partition(0, partition_max_bytes=size))))
        s.ask(f"three partitions, each limit {size}", body(t.entry(topic, *(partition(0, index, partition_max_bytes=size) for index in range(3)))))
        s.ask(f"request limit {size}", body(t.entry(topic, *(partition(0, index) for index in (2, 0, 1))), max_bytes=size))
    s.ask("request limit 1400", body(t.entry(topic, *(partition(0, index) for index in range(3))), max_bytes=1400))
    s.ask("the second batch only", body(t.entry(topic, partition(1, partition_max_bytes=1))))


@script("Fetch")
def errors(s: Session, version: int):
    t, topic = Topics(s), s.topic("errors")
    s.write(topic, make(records(b"0")))
    s.ask("unknown topic", body(t.entry("never-created", partition(0))))
    s.ask("unknown partition", body(t.entry(topic, partition(0, 9))))
    s.ask("negative partition", body(t.entry(topic, partition(0, -1))))
    s.ask("known and unknown", body(t.entry(topic, partition(0), partition(0, 9)), t.entry("never-created", partition(0))))
    for epoch in (-1, 0, 1, 100, -5):
        s.ask(f"current leader epoch {epoch}", body(t.entry(topic, partition(0, current_leader_epoch=epoch))))
    if version >= 12:
        for epoch in (-1, 0, 1):
            s.ask(f"last fetched epoch {epoch}", body(t.entry(topic, partition(1, last_fetched_epoch=epoch))))
            s.ask(f"last fetched epoch {epoch}, beyond the end", body(t.entry(topic, partition(5, last_fetched_epoch=epoch))))
    if version >= 13:
        s.ask("zero id", body({"topic_id": "00000000-0000-0000-0000-000000000000", "partitions": [partition(0)]}))
    s.ask("log start offset given by a consumer", body(t.entry(topic, partition(0, log_start_offset=5))))


@script("Fetch")
def below_the_start(s: Session, version: int):
    t, topic = Topics(s), s.topic("start")
    s.write(topic, *(make(records(b"%d" % number)) for number in range(6)))
    s.quietly("DeleteRecords", 2, {"topics": [{"name": topic, "partitions": [{"partition_index": 0, "offset": 3}]}]})
    for offset in (0, 2, 3, 6, 7):
        s.ask(f"from {offset}", body(t.entry(topic, partition(offset))))


@script("Fetch")
def long_polls(s: Session, version: int):
    t, topic = Topics(s), s.topic("polls")
    s.write(topic, make(records(b"0")))

    def timed(label: str, wait_ms: int, min_bytes: int, *topics: dict) -> None:
        started = time.monotonic()
        s.ask(label, body(*topics, max_wait_ms=wait_ms, min_bytes=min_bytes))
        spent_ms = (time.monotonic() - started) * 1000
        s.note(f"{label}: the wait", waited_out=spent_ms >= max(wait_ms, 1) - 10, far_beyond=spent_ms > wait_ms + 2000)

    timed("nothing new", 300, 1, t.entry(topic, partition(1)))
    timed("more than there is", 300, 10_000, t.entry(topic, partition(0)))
    timed("enough", 300, 1, t.entry(topic, partition(0)))
    timed("an unknown partition beside one without news", 300, 1, t.entry(topic, partition(1), partition(0, 9)))
    timed("only an unknown partition", 300, 1, t.entry(topic, partition(0, 9)))
    timed("an offset out of range beside one without news", 300, 1, t.entry(topic, partition(50)))
    timed("a fenced epoch", 300, 1, t.entry(topic, partition(1, current_leader_epoch=9)))
    timed("nothing asked", 300, 1)
    timed("min_bytes 0", 300, 0, t.entry(topic, partition(1)))
    timed("negative min_bytes", 300, -1, t.entry(topic, partition(1)))
    connection = s.connection()
    connection.send(connection.request("Fetch", version, body(t.entry(topic, partition(1)), max_wait_ms=10_000, min_bytes=1)))
    started = time.monotonic()
    s.write(topic, make(records(b"woken")))
    answer = connection.answer("Fetch", version)
    s.note("a waiting fetch is woken by an append", soon=time.monotonic() - started < 5, bytes=len(answer["responses"][0]["partitions"][0]["records"]))


@script("Fetch")
def sessions(s: Session, version: int):
    if version < 7:
        return
    t, topic, other = Topics(s), s.topic("session", partitions=3), s.topic("session-other")
    s.write(topic, make(records(b"0")))
    every = [t.entry(topic, *(partition(0, index) for index in range(3))), t.entry(other, partition(0))]
    made = s.ask("a new session", body(*every, session_id=0, session_epoch=0))
    number = made.get("session_id", 0)
    s.ask("epoch 1, nothing named", body(session_id=number, session_epoch=1))
    s.ask("epoch 2, position moved", body(t.entry(topic, partition(1)), session_id=number, session_epoch=2))
    s.ask("epoch 3, nothing new", body(session_id=number, session_epoch=3))
    s.write(topic, make(records(b"1")), partition=2)
    s.ask("epoch 4, one partition has news", body(session_id=number, session_epoch=4))
    s.ask("epoch 5, the position was not moved", body(session_id=number, session_epoch=5))
    s.write(topic, make(records(b"2")))
    s.ask("epoch 6, another has news", body(t.entry(topic, partition(1, 2)), session_id=number, session_epoch=6))
    s.ask("epoch 7, forgetting two", body(session_id=number, session_epoch=7, forgotten_topics_data=[t.forgotten(topic, 0, 2)]))
    s.write(topic, make(records(b"3")))
    s.ask("epoch 8, news where nobody listens", body(session_id=number, session_epoch=8))
    s.ask("epoch 9, an unknown partition joins", body(t.entry(topic, partition(0, 9)), session_id=number, session_epoch=9))
    s.ask("epoch 10, its error is told again", body(session_id=number, session_epoch=10))
    s.ask("the wrong epoch", body(session_id=number, session_epoch=10))
    s.ask("an epoch ahead", body(session_id=number, session_epoch=99))
    s.ask("an unknown session", body(session_id=number ^ 1 or 5, session_epoch=1))
    s.ask("epoch 0 with an id replaces the session", body(*every, session_id=number, session_epoch=0))
    s.ask("the replaced one is gone", body(session_id=number, session_epoch=11))
    s.ask("no session", body(*every, session_id=0, session_epoch=-1))
    s.ask("epoch 1 of session 0", body(*every, session_id=0, session_epoch=1))
    closing = s.ask("another session", body(*every, session_id=0, session_epoch=0)).get("session_id", 0)
    s.ask("it is closed", body(session_id=closing, session_epoch=-1))
    s.ask("it is gone", body(session_id=closing, session_epoch=1))


@script("Fetch")
def sessions_across_versions(s: Session, version: int):
    if version not in (12, 13):
        return
    t, topic = Topics(s), s.topic("across")
    other_version = {12: 13, 13: 12}[version]
    named = {"topic": topic, "topic_id": s.topic_id(topic), "partitions": [partition(0)]}
    number = s.ask("a session", body(t.entry(topic, partition(0)), session_id=0, session_epoch=0)).get("session_id", 0)
    s.ask("the other way of naming topics", body(named, session_id=number, session_epoch=1), version=other_version)
    s.ask("the first way again", body(session_id=number, session_epoch=2))


@script("Fetch")
def sessions_and_deleted_topics(s: Session, version: int):
    if version < 7:
        return
    t, topic = Topics(s), s.topic("doomed")
    s.write(topic, make(records(b"0")))
    number = s.ask("a session", body(t.entry(topic, partition(1)), session_id=0, session_epoch=0)).get("session_id", 0)
    s.quietly("DeleteTopics", 6, {"topics": [{"name": topic}]})
    s.until(lambda: s.quietly("Metadata", 9, {"topics": [{"name": topic}], "allow_auto_topic_creation": False})["topics"][0]["error_code"] == 3)
    s.until(lambda: s.ends(topic)[0]["error_code"] == 3)
    s.ask("after the topic is gone", body(session_id=number, session_epoch=1))
