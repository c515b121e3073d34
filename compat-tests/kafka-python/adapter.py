"""kafka-python in the words of the shared stories."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TypeVar

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetSpec, TopicPartition
from kafka.admin import AlterConfigOp, ConfigResource, ConfigResourceType
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import BrokerResponseError
from story import replicas
from words import EARLIEST, LATEST, Admin, Client, Group, Member, Record, Refused, Send, Take

T = TypeVar("T")
ASSIGNORS = {"range": RangePartitionAssignor, "cooperative-sticky": CooperativeStickyAssignor}


def asked(call: Callable[[], T]) -> T:
    """What the broker refuses becomes `Refused`."""
    try:
        return call()
    except BrokerResponseError as error:
        raise Refused(error.errno, error) from error


def record(one) -> Record:
    return Record(one.value, one.key, tuple(one.headers), one.timestamp, one.partition, one.offset)


def send_all(producer: KafkaProducer, topic: str, records: Sequence[Record]) -> list[int | None]:
    futures = [
        producer.send(topic, one.value, key=one.key, headers=list(one.headers), partition=one.partition, timestamp_ms=one.timestamp_ms)
        for one in records
    ]
    return [asked(lambda future=future: future.get(30)).offset for future in futures]


def take_some(consumer: KafkaConsumer, count: int, limit_s: float) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + limit_s
    while len(found) < count and (left := deadline - time.monotonic()) > 0:
        batches = consumer.poll(timeout_ms=int(left * 1000), max_records=count - len(found))
        found += [record(one) for batch in batches.values() for one in batch]
    return found


class Listener(ConsumerRebalanceListener):
    assignments = 0

    def on_partitions_revoked(self, revoked) -> None:
        pass

    def on_partitions_assigned(self, assigned) -> None:
        self.assignments += 1


class KafkaPythonMember(Member):
    def __init__(self, consumer: KafkaConsumer, topic: str):
        self.consumer, self.listener = consumer, Listener()
        consumer.subscribe([topic], listener=self.listener)

    @property
    def rebalances(self) -> int:
        return self.listener.assignments

    def poll(self, seconds: float) -> list[Record]:
        # 3.0.12 loses an assignment whose SyncGroup answer arrives between two polls: a poll that ends in the middle of joining gives
        # the join up, and the next finds nothing to do. So it is given time; it returns with the first records all the same.
        batches = self.consumer.poll(timeout_ms=int(max(seconds, 1.0) * 1000))
        return [record(one) for batch in batches.values() for one in batch]

    def owned(self) -> list[int]:
        return sorted(one.partition for one in self.consumer.assignment())

    def commit(self) -> None:
        asked(self.consumer.commit)

    def close(self) -> None:
        self.consumer.close()


class KafkaPythonAdmin(Admin):
    def __init__(self, client: KafkaAdminClient):
        self.client = client

    def create(self, topic: str, partitions: int, configs: dict[str, str]) -> None:
        asked(lambda: self.client.create_topics({topic: {"num_partitions": partitions, "replication_factor": replicas(), "configs": configs}}))

    def topics(self) -> list[str]:
        return [one["name"] for one in self.client.describe_topics()]

    def describe(self, topic: str) -> dict[int, tuple[int, list[int]]]:
        (found,) = self.client.describe_topics([topic])
        partitions = sorted(found["partitions"], key=lambda one: one["partition_index"])
        return {one["partition_index"]: (one["leader_id"], one["replica_nodes"]) for one in partitions}

    def brokers(self) -> list[str]:
        return [f"{one['host']}:{one['port']}" for one in self.client.describe_cluster()["brokers"]]

    def grow(self, topic: str, partitions: int) -> None:
        asked(lambda: self.client.create_partitions({topic: partitions}))

    def alter(self, topic: str, key: str, value: str | None) -> None:
        change = (AlterConfigOp.DELETE, None) if value is None else (AlterConfigOp.SET, value)
        answer = asked(lambda: self.client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: change})]))
        assert answer["topic"][topic] == "OK", answer

    def config(self, topic: str, key: str) -> tuple[str, bool]:
        answer = self.client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, [key])], config_filter="all")
        found = answer["topic"][topic][key]
        return found["value"], found["config_source"] == "DEFAULT_CONFIG"

    def delete(self, topic: str) -> None:
        asked(lambda: self.client.delete_topics([topic]))

    def groups(self) -> list[str]:
        return [one["group_id"] for one in self.client.list_groups()]

    def describe_group(self, group: str) -> Group:
        found = self.client.describe_groups([group])[group]
        assert found["error"] is None, found
        owned = [[partition for topic in member["member_assignment"]["assigned_partitions"] for partition in topic["partitions"]] for member in found["members"]]
        return Group(found["group_state"], found["protocol_data"], owned)

    def delete_records(self, topic: str, partition: int, before: int) -> int:
        (answer,) = asked(lambda: self.client.delete_records({TopicPartition(topic, partition): before})).values()
        return answer["low_watermark"]

    def ends(self, topic: str, partition: int) -> tuple[int, int]:
        return self._offset(topic, partition, OffsetSpec.EARLIEST), self._offset(topic, partition, OffsetSpec.LATEST)

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        found = self._offset(topic, partition, timestamp_ms)
        return None if found == -1 else found

    def _offset(self, topic: str, partition: int, at: OffsetSpec | int) -> int:
        (found,) = asked(lambda: self.client.list_partition_offsets({TopicPartition(topic, partition): at})).values()
        return found.offset


class KafkaPython(Client):
    @contextmanager
    def producer(self, bootstrap: str, codec: str = "none", acks: str = "all", idempotent: bool = False) -> Iterator[Send]:
        producer = KafkaProducer(
            bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec, acks=acks if acks == "all" else int(acks),
            enable_idempotence=idempotent, max_request_size=3_000_000, linger_ms=5,
        )
        try:
            yield lambda topic, records: send_all(producer, topic, records)
        finally:
            producer.close()

    @contextmanager
    def reader(self, bootstrap: str, topic: str, partition: int, start: int) -> Iterator[Take]:
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="none", fetch_max_wait_ms=20)
        try:
            one = TopicPartition(topic, partition)
            consumer.assign([one])
            if start == EARLIEST:
                consumer.seek_to_beginning(one)
            elif start == LATEST:
                consumer.seek_to_end(one)
            else:
                consumer.seek(one, start)
            consumer.position(one, timeout_ms=20_000)
            yield lambda count, limit_s: take_some(consumer, count, limit_s)
        finally:
            consumer.close()

    def member(self, bootstrap: str, group: str, topic: str, strategy: str, instance: str | None, session_ms: int) -> Member:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, group_id=group, group_instance_id=instance, enable_auto_commit=False, auto_offset_reset="earliest",
            fetch_max_wait_ms=20, session_timeout_ms=session_ms, heartbeat_interval_ms=300, partition_assignment_strategy=[ASSIGNORS[strategy]],
        )
        return KafkaPythonMember(consumer, topic)

    @contextmanager
    def admin(self, bootstrap: str) -> Iterator[Admin]:
        client = KafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            yield KafkaPythonAdmin(client)
        finally:
            client.close()


CLIENT = KafkaPython("kafka-python", version("kafka-python"))
