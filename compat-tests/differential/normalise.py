"""Makes answers of two brokers comparable: ids, times, ports, paths and wording become tokens, arrays are keyed, and what is left
is a flat table from path to value. Field names decide; there is one rule per name, in `RULES`.
"""

import re
import time
from collections.abc import Callable

import batch
from codec import NIL

RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# The first of these that all elements of an array have, each a different one, names the elements in paths.
KEYS = (
    "api_key", "name", "topic_name", "topic", "resource_name", "topic_id", "partition_index", "partition", "partition_id", "index", "producer_id",
    "broker_id", "node_id", "replica_id", "batch_index", "group_id",
)
# Arrays whose order is part of the answer, in the APIs where it is (elsewhere Kafka's own order comes out of hash maps).
ORDERED = {"responses", "partitions", "partition_responses", "topics"}
ORDERED_APIS = {"Fetch", "DescribeTopicPartitions"}


class Names:
    """What a broker's own values are called in comparisons; learned while a script runs."""

    def __init__(self, ports: dict[int, str], directory: str):
        self.ports = ports
        self.directory = directory
        self.topics: dict[str, str] = {NIL: NIL}
        self.producers: dict[int, str] = {}
        self.is_ordered = False

    def learn_topic(self, topic_id: str, name: str) -> None:
        if topic_id != NIL and name:
            self.topics[topic_id] = f"id of {name}"

    def learn_producer(self, producer_id: int) -> None:
        if producer_id >= 0:
            self.producers.setdefault(producer_id, f"producer {len(self.producers) + 1}")


def positive(token: str) -> Callable:
    return lambda value, names: token if isinstance(value, int) and value > 0 else value


def text(value, names):
    return "<text>" if value else value


def place(value, names):
    """Directories and ports inside a text."""
    if not isinstance(value, str):
        return value
    for port, token in names.ports.items():
        value = value.replace(f":{port}", f":{token}")
    return value.replace(names.directory, "<directory>")


def member(value, names):
    """A group member's id ends in a random part."""
    return RANDOM.sub("<random>", value) if isinstance(value, str) else value


RULES: dict[str, Callable] = {
    "member_id": member,
    "leader": member,
    "error_message": text,
    "batch_index_error_message": text,
    "documentation": text,
    "cluster_id": lambda value, names: "<cluster>" if value else value,
    "session_id": positive("<session>"),
    "log_append_time_ms": positive("<time>"),
    "total_bytes": positive("<bytes>"),
    "usable_bytes": positive("<bytes>"),
    "last_fetch_timestamp": positive("<time>"),
    "last_caught_up_timestamp": positive("<time>"),
    "finalized_features_epoch": positive("<epoch>"),
    "port": lambda value, names: names.ports.get(value, value),
    "log_dir": place,
    "value": place,
    "producer_id": lambda value, names: names.producers.get(value, value),
    "topic_id": lambda value, names: names.topics.get(value, f"unknown id {value}"),
    "replica_directory_id": lambda value, names: "<directory id>" if value != NIL else value,
    "records": lambda value, names: fetched(value, names),
}


def fetched(raw: bytes | None, names: Names):
    batches = batch.describe(raw)
    for one in batches or []:
        if isinstance(one, dict):
            one["producer_id"] = names.producers.get(one["producer_id"], one["producer_id"])
            if one["attributes"] & batch.LOG_APPEND_TIME:
                one["max_timestamp"] = "<time>"
            if abs(one["base_timestamp"] / 1000 - time.time()) < 86_400:
                one["base_timestamp"] = "<about now>"
    return batches


def learn(value, names: Names) -> None:
    """Finds topic ids beside their names anywhere in an answer."""
    if isinstance(value, dict):
        name = value.get("name") or value.get("topic")
        if value.get("error_code", 0) == 0 and isinstance(value.get("topic_id"), str) and isinstance(name, str):
            names.learn_topic(value["topic_id"], name)
        for inner in value.values():
            learn(inner, names)
    elif isinstance(value, list):
        for inner in value:
            learn(inner, names)


def flatten(value, names: Names, path: str = "", field: str = "") -> dict[str, object]:
    if field in RULES and not (field == "records" and not isinstance(value, bytes | None)):
        value = RULES[field](value, names)
    if isinstance(value, dict):
        found: dict[str, object] = {}
        for name, inner in value.items():
            found |= flatten(inner, names, f"{path}.{name}" if path else name, name)
        return found
    if isinstance(value, list):
        return flatten_array(value, names, path, field)
    return {path: value.hex() if isinstance(value, bytes) else value}


def flatten_array(values: list, names: Names, path: str, field: str) -> dict[str, object]:
    found: dict[str, object] = {f"{path}.count": len(values)}
    labels = element_labels(values, names)
    if names.is_ordered and field in ORDERED and values and isinstance(values[0], dict):
        found[f"{path}.order"] = ", ".join(map(str, labels))
    if values and not isinstance(values[0], dict):
        values = sorted(values, key=str)
    for label, value in zip(labels, values):
        found |= flatten(value, names, f"{path}[{label}]")
    return found


def element_labels(values: list, names: Names) -> list:
    for key in KEYS:
        if all(isinstance(value, dict) and value.get(key) not in (None, "", NIL) for value in values):
            labels = [RULES[key](value[key], names) if key in RULES else value[key] for value in values]
            if len(set(map(str, labels))) == len(values):
                return labels
    return list(range(len(values)))
