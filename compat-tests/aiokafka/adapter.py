"""aiokafka in the words of the shared stories. Its coroutines run on one event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import BrokerResponseError
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment as Assignment
from story import replicas
from words import EARLIEST, LATEST, Admin, Client, Group, Member, Record, Refused, Send, Take

T = TypeVar("T")
_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, daemon=True).start()


def wait(coroutine: Coroutine[object, object, T]) -> T:
    """Runs it on the loop; what the broker refuses becomes `Refused`."""
    try:
        return asyncio.run_coroutine_threadsafe(coroutine, _loop).result(60)
    except BrokerResponseError as error:
        raise Refused(error.errno, error) from error


def record(one) -> Record:
    return Record(one.value, one.key, tuple(one.headers), one.timestamp, one.partition, one.offset)


async def send_all(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> list[int | None]:
    futures = [
        await producer.send(topic, one.value, one.key, one.partition, one.timestamp_ms, list(one.headers)) for one in records
    ]
    reports = [await future for future in futures]
    return [report and report.offset for report in reports]


async def made(kind: type, *arguments, **settings):
    """Clients belong to the loop that makes them."""
    one = kind(*arguments, **settings)
    await one.start()
    return one


async def placed(consumer: AIOKafkaConsumer, partition: TopicPartition, start: int) -> None:
    consumer.assign([partition])
    match start:
        case _ if start == EARLIEST:
            await consumer.seek_to_beginning(partition)
        case _ if start == LATEST:
            await consumer.seek_to_end(partition)
        case offset:
            consumer.seek(partition, offset)
    await consumer.position(partition)


async def take_some(consumer: AIOKafkaConsumer, count: int, limit_s: float) -> list[Record]:
    found: list[Record] = []
    deadline = _loop.time() + limit_s
    while len(found) < count and (left := deadline - _loop.time()) > 0:
        batches = await consumer.getmany(timeout_ms=int(left * 1000), max_records=count - len(found))
        found += [record(one) for batch in batches.values() for one in batch]
    return found


class Listener(ConsumerRebalanceListener):
    assignments = 0

    def on_partitions_revoked(self, revoked) -> None:
        pass

    def on_partitions_assigned(self, assigned) -> None:
        self.assignments += 1


class AiokafkaMember(Member):
    def __init__(self, consumer: AIOKafkaConsumer, topic: str):
        self.consumer, self.listener = consumer, Listener()
        consumer.subscribe([topic], listener=self.listener)

    @property
    def rebalances(self) -> int:
        return self.listener.assignments

    def poll(self, seconds: float) -> list[Record]:
        return wait(take_some(self.consumer, 500, seconds))

    def owned(self) -> list[int]:
        return sorted(one.partition for one in self.consumer.assignment())

    def commit(self) -> None:
        wait(self.consumer.commit())

    def close(self) -> None:
        wait(self.consumer.stop())


class AiokafkaAdmin(Admin):
    def __init__(self, client: AIOKafkaAdminClient, consumer: AIOKafkaConsumer):
        self.client, self.consumer = client, consumer

    def create(self, topic: str, partitions: int, configs: dict[str, str]) -> None:
        answer = wait(self.client.create_topics([NewTopic(topic, partitions, replicas(), topic_configs=configs)]))
        for _topic, code, words in answer.topic_errors:
            if code:
                raise Refused(code, words)

    def topics(self) -> list[str]:
        return wait(self.client.list_topics())

    def describe(self, topic: str) -> dict[int, tuple[int, list[int]]]:
        (found,) = wait(self.client.describe_topics([topic]))
        return {one["partition"]: (one["leader"], one["replicas"]) for one in sorted(found["partitions"], key=lambda one: one["partition"])}

    def brokers(self) -> list[str]:
        return [f"{one['host']}:{one['port']}" for one in wait(self.client.describe_cluster())["brokers"]]

    def grow(self, topic: str, partitions: int) -> None:
        wait(self.client.create_partitions({topic: NewPartitions(partitions)}))

    def alter(self, topic: str, key: str, value: str | None) -> None:
        # AlterConfigs names every config that is to differ from its default
        configs = {key: value} if value is not None else {}
        (answer,) = wait(self.client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)]))
        for code, words, *_rest in answer.resources:
            if code:
                raise Refused(code, words)

    def config(self, topic: str, key: str) -> tuple[str, bool]:
        (answer,) = wait(self.client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: None})]))
        ((code, words, _kind, _name, entries),) = answer.resources
        if code:
            raise Refused(code, words)
        ((_key, value, _read_only, source, *_rest),) = entries
        return value, source == 5

    def delete(self, topic: str) -> None:
        for _topic, code in wait(self.client.delete_topics([topic])).topic_error_codes:
            if code:
                raise Refused(code)

    def groups(self) -> list[str]:
        return [group for group, _kind in wait(self.client.list_consumer_groups())]

    def describe_group(self, group: str) -> Group:
        (answer,) = wait(self.client.describe_consumer_groups([group]))
        ((code, _group, state, _kind, protocol, members, *_rest),) = answer.groups
        if code:
            raise Refused(code)
        return Group(state, protocol, [partitions_of(assignment) for *_member, assignment in members])

    def delete_records(self, topic: str, partition: int, before: int) -> int:
        (start,) = wait(self.client.delete_records({TopicPartition(topic, partition): RecordsToDelete(before)})).values()
        return start

    def ends(self, topic: str, partition: int) -> tuple[int, int]:
        one = TopicPartition(topic, partition)
        return wait(self.consumer.beginning_offsets([one]))[one], wait(self.consumer.end_offsets([one]))[one]

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int | None:
        (found,) = wait(self.consumer.offsets_for_times({TopicPartition(topic, partition): timestamp_ms})).values()
        return found and found.offset


def partitions_of(assignment: bytes) -> list[int]:
    return sorted(partition for _topic, partitions in Assignment.decode(assignment).assignment for partition in partitions)


class Aiokafka(Client):
    @contextmanager
    def producer(self, bootstrap: str, codec: str = "none", acks: str = "all", idempotent: bool = False) -> Iterator[Send]:
        producer = wait(made(
            AIOKafkaProducer, bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec,
            acks=acks if acks == "all" else int(acks), enable_idempotence=idempotent, max_request_size=3_000_000, linger_ms=5,
        ))
        try:
            yield lambda topic, records: wait(send_all(producer, topic, records))
        finally:
            wait(producer.stop())

    @contextmanager
    def reader(self, bootstrap: str, topic: str, partition: int, start: int) -> Iterator[Take]:
        consumer = wait(made(AIOKafkaConsumer, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="none", fetch_max_wait_ms=20))
        try:
            wait(placed(consumer, TopicPartition(topic, partition), start))
            yield lambda count, limit_s: wait(take_some(consumer, count, limit_s))
        finally:
            wait(consumer.stop())

    def member(self, bootstrap: str, group: str, topic: str, strategy: str, instance: str | None, session_ms: int) -> Member:
        assert strategy == "range", strategy
        consumer = wait(made(
            AIOKafkaConsumer, bootstrap_servers=bootstrap, group_id=group, group_instance_id=instance, enable_auto_commit=False,
            auto_offset_reset="earliest", fetch_max_wait_ms=20, session_timeout_ms=session_ms, heartbeat_interval_ms=300,
            partition_assignment_strategy=(RangePartitionAssignor,),
        ))
        return AiokafkaMember(consumer, topic)

    @contextmanager
    def admin(self, bootstrap: str) -> Iterator[Admin]:
        client = wait(made(AIOKafkaAdminClient, bootstrap_servers=bootstrap))
        consumer = wait(made(AIOKafkaConsumer, bootstrap_servers=bootstrap, enable_auto_commit=False))
        try:
            yield AiokafkaAdmin(client, consumer)
        finally:
            wait(consumer.stop())
            wait(client.close())


CLIENT = Aiokafka(
    "aiokafka",
    version("aiokafka"),
    limits={"group-cooperative": "it has no cooperative assignor: its rebalances are eager (aiokafka.coordinator.assignors)"},
)
