"""confluent-kafka in three functions: a producer that waits for every report, a consumer by assignment, an admin."""

import functools
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from story import broker


def producer(**settings) -> Producer:
    return Producer({"bootstrap.servers": broker().bootstrap, "linger.ms": 5, "log_level": 2} | {key.replace("_", "."): value for key, value in settings.items()})


def send(one: Producer, topic: str, records: list[dict], limit_s: float = 30.0) -> list:
    """Produces records (keyword arguments of Producer.produce) and returns their delivery reports; raises the first error."""
    reports: list = []
    errors: list[KafkaError] = []

    def report(error, message):
        errors.append(error) if error else reports.append(message)

    for record in records:
        one.produce(topic, on_delivery=report, **record)
    left = one.flush(limit_s)
    assert left == 0, f"{left} records were never reported"
    if errors:
        raise AssertionError(errors[0])
    return reports


def consumer(**settings) -> Consumer:
    fixed = {
        "bootstrap.servers": broker().bootstrap,
        "group.id": "never-joined",  # the constructor wants one; assignment and explicit offsets never use it
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 20,
        "log_level": 2,
        "auto.offset.reset": "error",
    }
    return Consumer(fixed | {key.replace("_", "."): value for key, value in settings.items()})


def read(topic: str, partition: int = 0, offset: int = OFFSET_BEGINNING, limit_s: float = 30.0, **settings) -> list:
    """Every message of a partition from `offset` to its end."""
    one = consumer(**settings)
    try:
        one.assign([TopicPartition(topic, partition, offset)])
        found = []
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            message = one.poll(1.0)
            if message is None:
                continue
            if message.error() is None:
                found.append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                return found
            elif not message.error().retriable() and message.error().code() != KafkaError._ALL_BROKERS_DOWN:
                raise AssertionError(message.error())
        raise AssertionError(f"no end of {topic}-{partition} within {limit_s} s; {len(found)} messages")
    finally:
        one.close()


def admin() -> AdminClient:
    return _admin(broker().bootstrap)


@functools.cache  # one per broker, and alive as long as its futures
def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})


def done(futures: dict):
    """The results of an admin call, by resource; raises the first failure."""
    return {resource: future.result(timeout=30) for resource, future in futures.items()}
