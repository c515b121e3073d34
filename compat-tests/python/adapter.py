"""confluent-kafka (librdkafka) in the words of the shared stories."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from confluent_kafka import (
    OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition, libversion, version)
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType
from story import replicas
from words import EARLIEST, LATEST, Admin, Client, Group, Member, Record, Refused, Send, Take

T = TypeVar("T")
LIMIT_S = 30


def asked(call: Callable[[], T]) -> T:
    """What the broker refuses becomes `Refused`."""
    try:
        return call()
    except KafkaException as error:
        raise Refused(error.args[0].code(), error) from error


def done(futures: dict) -> object:
    """The result of an admin call about one thing."""
    (future,) = futures.values()
    return asked(lambda: future.result(LIMIT_S))


def record(one: Message) -> Record:
    return Record(one.value(), one.key(), tuple(one.headers() or ()), one.timestamp()[1], one.partition(), one.offset())


def send_all(producer: Producer, topic: str, records: Sequence[Record]) -> list[int | None]:
    offsets: list[int | None] = []
    refusals: list[KafkaError] = []

    def report(error: KafkaError | None, message: Message) -> None:
        refusals.append(error) if error else offsets.append(message.offset())

    for one in records:
        optional = {"partition": one.partition, "timestamp": one.timestamp_ms}
        given = {name: value for name, value in optional.items() if value is not None}
        producer.produce(topic, one.value, one.key, headers=list(one.headers), on_delivery=report, **given)
    left = producer.flush(LIMIT_S)
    assert left == 0, f"{left} records were never reported"
    if refusals:
        raise Refused(refusals[0].code(), refusals[0])
    return offsets


def take_some(consumer: Consumer, count: int, limit_s: float) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + limit_s
    while len(found) < count and (left := deadline - time.monotonic()) > 0:
        message = consumer.poll(min(left, 1.0))
        if message is not None and message.error() is None:
            found.append(record(message))
    return found


def at_end(consumer: Consumer) -> bool:
    """Polls an idle partition to its end."""
    message = consumer.poll(LIMIT_S)
    return message is not None and message.error() is not None and message.error().code() == KafkaError._PARTITION_EOF


class ConfluentMember(Member):
    def __init__(self, consumer: Consumer, topic: str):
        self.consumer = consumer
        consumer.subscribe([topic], on_assign=self._assigned)

    def _assigned(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self.rebalances += 1

    def poll(self, seconds: float) -> list[Record]:
        return take_some(self.consumer, 1, seconds)

    def owned(self) -> list[int]:
        return sorted(one.partition for one in self.consumer.assignment())

    def commit(self) -> None:
        asked(lambda: self.consumer.commit(asynchronous=False))

    def close(self) -> None:
        self.consumer.close()


class ConfluentAdmin(Admin):
    def __init__(self, client: AdminClient):
        self.client = client

    def create(self, topic: str, partitions: int, configs: dict[str, str]) -> None:
        done(self.client.create_topics([NewTopic(topic, partitions, replicas(), config=configs)]))

    def topics(self) -> list[str]:
        return list(self.client.list_topics(timeout=LIMIT_S).topics)

    def describe(self, topic: str) -> dict[int, tuple[int, list[int]]]:
        found = self.client.list_topics(topic, timeout=LIMIT_S).topics[topic].partitions
        return {one.id: (one.leader, one.replicas) for one in found.values()}

    def brokers(self) -> list[str]:
        return [f"{node.host}:{node.port}" for node in self.client.describe_cluster().result(LIMIT_S).nodes]

    def grow(self, topic: str, partitions: int) -> None:
        done(self.client.create_partitions([NewPartitions(topic, partitions)]))

    def alter(self, topic: str, key: str, value: str | None) -> None:
        operation = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
        change = ConfigEntry(key, value, incremental_operation=operation)
        done(self.client.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])]))

    def config(self, topic: str, key: str) -> tuple[str, bool]:
        found = done(self.client.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))[key]
        return found.value, found.is_default

    def delete(self, topic: str) -> None:
        done(self.client.delete_topics([topic]))

    def groups(self) -> list[str]:
        return [group.group_id for group in self.client.list_consumer_groups().result(LIMIT_S).valid]

    def describe_group(self, group: str) -> Group:
        found = done(self.client.describe_consumer_groups([group]))
        members = [[owned.partition for owned in member.assignment.topic_partitions] for member in found.members]
        return Group(found.state.name, found.partition_assignor, members)

    def delete_records(self, topic: str, partition: int, before: int) -> int:
        return done(self.client.delete_records([TopicPartition(topic, partition, before)])).low_watermark

    def ends(self, topic: str, partition: int) -> tuple[int, int]:
        return self._offset(topic, partition, OffsetSpec.earliest()), self._offset(topic, partition, OffsetSpec.latest())

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        found = self._offset(topic, partition, OffsetSpec.for_timestamp(timestamp_ms))
        return None if found == -1 else found

    def _offset(self, topic: str, partition: int, at: OffsetSpec) -> int:
        return done(self.client.list_offsets({TopicPartition(topic, partition): at})).offset


class Confluent(Client):
    @contextmanager
    def producer(self, bootstrap: str, codec: str = "none", acks: str = "all", idempotent: bool = False) -> Iterator[Send]:
        producer = Producer({
            "bootstrap.servers": bootstrap, "linger.ms": 5, "log_level": 2, "compression.type": codec, "acks": acks,
            "enable.idempotence": idempotent, "message.max.bytes": 3_000_000,
        })
        yield lambda topic, records: send_all(producer, topic, records)

    @contextmanager
    def reader(self, bootstrap: str, topic: str, partition: int, start: int) -> Iterator[Take]:
        consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "never-joined", "enable.auto.commit": False, "fetch.wait.max.ms": 20,
            "auto.offset.reset": "error", "enable.partition.eof": True, "log_level": 2,
        })
        try:
            at = {EARLIEST: OFFSET_BEGINNING, LATEST: OFFSET_END}.get(start, start)
            consumer.assign([TopicPartition(topic, partition, at)])
            if start == LATEST:  # looked up in the background: it is known when the end is told
                assert at_end(consumer), "no end of the partition"
            yield lambda count, limit_s: take_some(consumer, count, limit_s)
        finally:
            consumer.close()

    def member(self, bootstrap: str, group: str, topic: str, strategy: str, instance: str | None, session_ms: int) -> Member:
        settings = {
            "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "session.timeout.ms": session_ms, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 20, "log_level": 2,
            "partition.assignment.strategy": strategy,
        }
        return ConfluentMember(Consumer(settings | ({"group.instance.id": instance} if instance else {})), topic)

    @contextmanager
    def admin(self, bootstrap: str) -> Iterator[Admin]:
        yield ConfluentAdmin(AdminClient({"bootstrap.servers": bootstrap, "log_level": 2}))


CLIENT = Confluent("confluent-python", f"{version()} (librdkafka {libversion()[0]})")
