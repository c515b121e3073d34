"""DescribeCluster, DescribeTopicPartitions, DescribeLogDirs, DescribeProducers, DescribeQuorum (KIP-700, 919, 966, 113, 827, 664, 642, 853)."""

from batch import batch as make
from batch import records
from session import Session, script


@script("DescribeCluster")
def cluster(s: Session, version: int):
    s.ask("plain", {})
    s.ask("with operations", {"include_cluster_authorized_operations": True})
    if version >= 1:
        for kind in (0, 2, 3, -1):
            s.ask(f"endpoint type {kind}", {"endpoint_type": kind})
    if version >= 2:
        s.ask("with fenced brokers", {"include_fenced_brokers": True})


@script("DescribeTopicPartitions")
def topic_partitions(s: Session, version: int):
    first, second, third = s.topic("a", partitions=3), s.topic("b", partitions=4), s.topic("c")

    def ask(label: str, *names: str, limit: int = 2000, cursor: tuple[str, int] | None = None):
        position = {"topic_name": cursor[0], "partition_index": cursor[1]} if cursor else None
        body = {"topics": [{"name": name} for name in names], "response_partition_limit": limit, "cursor": position}
        return s.ask(label, body, keep=lambda answer: answer | {"topics": [topic for topic in answer["topics"] if names or (topic["name"] or "").startswith(s.prefix)]})

    ask("sorted", third, first, second)
    ask("the same twice", first, first)
    ask("unknown", "never-created")
    ask("known and unknown", first, "never-created", second)
    ask("invalid", "bad name")
    ask("empty name", "")
    ask("all")
    for limit in (1, 3, 4, 7, 8):
        ask(f"limit {limit}", first, second, third, limit=limit)
    for limit in (0, -1):
        ask(f"limit {limit}", first, limit=limit)
    for name, index in ((first, 0), (first, 2), (first, 3), (first, 99), (second, 1), (third, 0), (s.prefix + "aa", 0), (s.prefix + "zzz", 0)):
        ask(f"from {name[len(s.prefix):]} {index}", first, second, third, cursor=(name, index))
    ask("from a negative partition", first, second, cursor=(first, -1))
    ask("from b 1, limit 2", first, second, third, cursor=(second, 1), limit=2)


@script("DescribeLogDirs")
def log_dirs(s: Session, version: int):
    topic = s.topic("sized", partitions=2)
    s.write(topic, make(records(b"x" * 100)))

    def own(answer: dict) -> dict:
        return answer | {"results": [result | {"topics": [entry for entry in result["topics"] if entry["name"].startswith(s.prefix)]} for result in answer["results"]]}

    s.ask("all", {"topics": None}, keep=own)
    s.ask("none", {"topics": []}, keep=own)
    s.ask("one partition", {"topics": [{"topic": topic, "partitions": [0]}]})
    s.ask("both partitions", {"topics": [{"topic": topic, "partitions": [0, 1]}]})
    s.ask("no partitions", {"topics": [{"topic": topic, "partitions": []}]})
    s.ask("unknown partition", {"topics": [{"topic": topic, "partitions": [9]}]})
    s.ask("unknown topic", {"topics": [{"topic": "never-created", "partitions": [0]}]})


@script("DescribeProducers")
def producers(s: Session, version: int):
    topic = s.topic("produced", partitions=2)
    s.write(topic, *(make(records(b"x", b"y"), producer_id=9000 + number, producer_epoch=number, sequence=0) for number in range(3)))
    s.write(topic, make(records(b"z"), producer_id=9001, producer_epoch=1, sequence=2), make(records(b"plain")))
    s.ask("three producers", {"topics": [{"name": topic, "partition_indexes": [0]}]})
    s.ask("nobody", {"topics": [{"name": topic, "partition_indexes": [1]}]})
    s.ask("both partitions", {"topics": [{"name": topic, "partition_indexes": [0, 1]}]})
    s.ask("unknown partition", {"topics": [{"name": topic, "partition_indexes": [0, 9]}]})
    s.ask("unknown topic", {"topics": [{"name": "never-created", "partition_indexes": [0]}]})
    s.ask("invalid topic", {"topics": [{"name": "bad name", "partition_indexes": [0]}]})
    s.ask("no topics", {"topics": []})
    s.ask("no partitions", {"topics": [{"name": topic, "partition_indexes": []}]})


@script("DescribeQuorum")
def quorum(s: Session, version: int):
    def ask(label: str, *entries: tuple[str, list[int]]):
        body = {"topics": [{"topic_name": name, "partitions": [{"partition_index": index} for index in indexes]} for name, indexes in entries]}
        s.ask(label, body, keep=progress)

    ask("the metadata partition", ("__cluster_metadata", [0]))
    ask("another partition", ("__cluster_metadata", [1]))
    ask("two partitions", ("__cluster_metadata", [0, 1]))
    ask("another topic", ("never-created", [0]))
    ask("an existing topic", (s.topic("known"), [0]))
    ask("no topics")
    ask("no partitions", ("__cluster_metadata", []))


def progress(answer: dict) -> dict:
    """Offsets and epochs of the metadata log are each broker's own; that they are there is compared."""
    for topic in answer["topics"]:
        for partition in topic["partitions"]:
            for field in ("high_watermark", "leader_epoch"):
                partition[field] = "<some>" if partition[field] > 0 else partition[field]
            for replica in [*partition["current_voters"], *partition["observers"]]:
                replica["log_end_offset"] = "<some>" if replica["log_end_offset"] > 0 else replica["log_end_offset"]
    return answer
