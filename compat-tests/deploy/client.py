"""A client of the brokers that these stories start: records go in and come back."""

import uuid

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TOPIC = "deployed"


def comes_back(bootstrap: str, count: int, written_before: int = 0, replicas: int = 1, settings: dict[str, str] | None = None) -> None:
    """So many records, acknowledged by all replicas, are read again after those of before."""
    common = {"bootstrap.servers": bootstrap, "log_level": 0} | (settings or {})
    admin = AdminClient(common)
    if TOPIC not in admin.list_topics(timeout=30).topics:
        for future in admin.create_topics([NewTopic(TOPIC, 1, replicas)], operation_timeout=30).values():
            future.result()
    failures = []
    producer = Producer(common | {"acks": "all"})
    for number in range(count):
        producer.produce(TOPIC, f"{written_before + number}".encode(), on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(60) == 0 and not failures, failures[:3]
    consumer = Consumer(common | {"group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    read = []
    while len(read) < written_before + count:
        records = consumer.consume(written_before + count - len(read), timeout=30)
        assert records and not any(record.error() for record in records), f"{len(read)} of {written_before + count}"
        read += [int(record.value()) for record in records]
    consumer.close()
    assert read == list(range(written_before + count)), read[:20]
