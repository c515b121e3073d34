"""The clients of a history, librdkafka all of them: writers, readers from several points, a group that commits, and one that watches who leads.

Each is a thread that tells the checker what it was told. Values are `WRITER:NUMBER:padding`; numbers grow over all partitions.
"""

import json
import random
import sys
import threading
import time
import traceback
from array import array
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import asking
from checker import UNKNOWN, Checker, record
from cluster import Cluster

TOPIC, GROUP = "chaos", "chaos"
PAUSE_S = 0.05  # of who reads again, so that it leaves the machine to the others: 10,000 records/s are enough
FLUSH_S = 60.0  # to deliver what is left, once the cluster is whole
QUIET = {"log_level": 0, "reconnect.backoff.max.ms": 500}


class Journal:
    """What happened besides records, as JSON lines: faults, healings, commits, errors."""

    def __init__(self, file: Path):
        self.file = open(file, "w", buffering=1)
        self.began = time.monotonic()
        self.lock = threading.Lock()

    def write(self, kind: str, **facts) -> None:
        with self.lock:
            self.file.write(json.dumps({"at": round(time.monotonic() - self.began, 3), "kind": kind} | facts) + "\n")


class Client(threading.Thread):
    """A thread that works until it is told to stop. What it throws is a problem."""

    def __init__(self, name: str, cluster: Cluster, checker: Checker, journal: Journal, partitions: int):
        super().__init__(name=name, daemon=True)
        self.cluster, self.checker, self.journal, self.partitions = cluster, checker, journal, partitions
        self.stopping = threading.Event()
        self.told = threading.Event()  # all that it will tell; what is left is to close

    def run(self) -> None:
        try:
            self.work()
        except Exception as error:
            self.checker.problem(f"{self.name}: {type(error).__name__}: {error}")
        self.told.set()

    def work(self) -> None:
        raise NotImplementedError

    def ended(self, limit_s: float) -> None:
        """Waits for its end. Told to stop it was before, with all the others."""
        if not self.told.wait(limit_s):
            self.checker.problem(f"{self.name} does not end: {self.place()}")

    def lingers(self, limit_s: float) -> str | None:
        """What is to be said of a client library that does not let go (librdkafka's close() was seen to wait for minutes after nodes were cut off)."""
        self.join(limit_s)
        return f"{self.name} has told all and does not close: {self.place()}" if self.is_alive() else None

    def place(self) -> str:
        """Where the thread is."""
        frame = sys._current_frames().get(self.ident or 0)
        places = traceback.extract_stack(frame)[-3:] if frame else []
        return " > ".join(f"{Path(place.filename).name}:{place.lineno} {place.line}" for place in places)


class Writer(Client):
    """One idempotent acks=all producer."""

    def __init__(self, index: int, codec: str, per_second: float, *where):
        super().__init__(f"writer-{index}", *where)
        self.index, self.codec, self.per_second = index, codec, per_second

    def work(self) -> None:
        producer = Producer(QUIET | {
            "bootstrap.servers": self.cluster.bootstrap, "client.id": self.name, "enable.idempotence": True, "acks": "all", "linger.ms": 5,
            "compression.type": self.codec, "delivery.timeout.ms": 300_000, "retry.backoff.ms": 50, "error_cb": self.failed,
        })
        chance, began, number = random.Random(self.index), time.monotonic(), 0
        while not self.stopping.is_set():
            if number > (time.monotonic() - began) * self.per_second:
                producer.poll(0.01)
                continue
            value = record(self.index, number)
            text = f"{self.index}:{number}:{'x' * chance.randrange(200)}"
            try:
                producer.produce(TOPIC, text, partition=chance.randrange(self.partitions), on_delivery=self.report(value))
                number += 1
            except BufferError:
                producer.poll(0.1)
            producer.poll(0)
        if left := producer.flush(FLUSH_S):
            self.checker.problem(f"{self.name}: {left} records were never reported")

    def report(self, value: int):
        def reported(error: KafkaError | None, message) -> None:
            if error is None:
                self.checker.acknowledged(message.partition(), message.offset() if message.offset() is not None else UNKNOWN, value, time.monotonic())
            else:
                self.checker.problem(f"{self.name}, partition {message.partition()}: {error}")

        return reported

    def failed(self, error: KafkaError) -> None:
        self.journal.write("client error", client=self.name, error=str(error), fatal=error.fatal())
        if error.fatal():
            self.checker.problem(f"{self.name}: fatal: {error}")


class Reader(Client):
    """Reads on from the beginning, or, when `again`, now and then from somewhere it or others have been."""

    def __init__(self, name: str, again: bool, *where):
        super().__init__(name, *where)
        self.again = again

    def work(self) -> None:
        chance = random.Random(self.name)
        while not self.stopping.is_set():
            starts = [chance.randrange(self.checker.end_of(index) + 1) if self.again else 0 for index in range(self.partitions)]
            self.read(starts, time.monotonic() + (chance.uniform(2, 10) if self.again else float("inf")))

    def read(self, starts: list[int], until: float) -> None:
        consumer = Consumer(QUIET | {
            "bootstrap.servers": self.cluster.bootstrap, "client.id": self.name, "group.id": "never-joined", "enable.auto.commit": False,
            "auto.offset.reset": "error", "fetch.wait.max.ms": 100,
        })
        expected = list(starts)
        try:
            consumer.assign([TopicPartition(TOPIC, index, start) for index, start in enumerate(starts)])
            while not self.stopping.is_set() and time.monotonic() < until:
                for message in consumer.consume(500, 0.2):
                    take(self.checker, self.name, message, expected)
                self.stopping.wait(PAUSE_S * self.again)
        finally:
            if self.stopping.is_set():
                self.told.set()
            consumer.close()


def take(checker: Checker, who: str, message, expected: list[int]) -> bool:
    """Tells the checker of one message. Errors that a client mends itself are passed over; an offset out of range is none of them."""
    if (error := message.error()) is not None:
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE) or error.fatal():
            checker.problem(f"{who}, partition {message.partition()}: {error}")
        return False
    writer, number, _ = message.value().split(b":", 2)
    partition = message.partition()
    checker.read(who, partition, message.offset(), record(int(writer), int(number)), expected[partition])
    expected[partition] = message.offset() + 1
    return True


class Member(Client):
    """One of a group. It goes on where its partitions' committed offsets are, and commits twice a second."""

    def work(self) -> None:
        consumer = Consumer(QUIET | {
            "bootstrap.servers": self.cluster.bootstrap, "client.id": self.name, "group.id": GROUP, "enable.auto.commit": False, "auto.offset.reset": "error",
            "fetch.wait.max.ms": 100, "session.timeout.ms": 20_000, "partition.assignment.strategy": "cooperative-sticky",
        })
        consumer.subscribe([TOPIC], on_assign=self.assigned, on_lost=self.given_up, on_revoke=self.given_up)
        self.expected = [UNKNOWN] * self.partitions
        self.dirty: set[int] = set()
        next_commit = time.monotonic() + 0.5
        while not self.stopping.is_set():
            for message in consumer.consume(500, 0.1):
                if take(self.checker, self.name, message, self.expected):
                    self.dirty.add(message.partition())
            if time.monotonic() > next_commit:
                self.commit(consumer)
                next_commit = time.monotonic() + 0.5
        self.told.set()
        consumer.close()

    def assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.journal.write("assigned", client=self.name, partitions=[one.partition for one in partitions])
        began = time.monotonic()
        try:
            found = consumer.committed(partitions, timeout=20)
        except KafkaException as error:
            self.journal.write("look-up failed", client=self.name, error=str(error))
            found = []
        for one in found:
            if one.error is None:
                self.checker.looked_up(self.name, one.partition, max(one.offset, 0), began)
        consumer.incremental_assign(partitions)

    def given_up(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.journal.write("given up", client=self.name, partitions=[one.partition for one in partitions])
        for one in partitions:
            self.expected[one.partition] = UNKNOWN
            self.dirty.discard(one.partition)

    def commit(self, consumer: Consumer) -> None:
        asked = [TopicPartition(TOPIC, index, self.expected[index]) for index in self.dirty]
        if not asked:
            return
        try:
            answer = consumer.commit(offsets=asked, asynchronous=False)
        except KafkaException as error:
            self.journal.write("commit failed", client=self.name, error=str(error))
            return
        for one in answer:
            if one.error is None:
                self.checker.committed(one.partition, one.offset, time.monotonic())
        self.dirty.clear()


class Watcher(Client):
    """Asks every node again and again who leads, and somebody what is committed."""

    def work(self) -> None:
        asking_group = outsider(self.cluster)
        next_lookup = time.monotonic() + 1
        while not self.stopping.wait(0.1):
            for node in self.cluster.answering():
                shown = asking.metadata(node.at, TOPIC)
                for index, one in (shown.partitions if shown else {}).items():
                    self.checker.led(index, one.epoch, one.leader)
            if time.monotonic() > next_lookup:
                look_up(asking_group, self.checker, self.partitions)
                next_lookup = time.monotonic() + 1


def outsider(cluster: Cluster) -> Consumer:
    """Knows the group's offsets and never joins it. (librdkafka's admin client can abort when a coordinator goes away while it asks.)"""
    return Consumer(QUIET | {"bootstrap.servers": cluster.bootstrap, "group.id": GROUP, "enable.auto.commit": False})


def look_up(consumer: Consumer, checker: Checker, partitions: int) -> bool:
    """What the group has committed."""
    began = time.monotonic()
    try:
        answer = consumer.committed([TopicPartition(TOPIC, index) for index in range(partitions)], timeout=5)
    except KafkaException:
        return False
    for one in answer:
        if one.error is None:
            checker.looked_up("an outsider", one.partition, max(one.offset, 0), began)
    return all(one.error is None for one in answer)


def create_topic(cluster: Cluster, partitions: int, config: dict[str, str], name: str = TOPIC) -> None:
    """RF=3. Asked again while the cluster has no active controller yet."""
    admin = AdminClient(QUIET | {"bootstrap.servers": cluster.bootstrap})

    def created() -> bool:
        try:
            admin.create_topics([NewTopic(name, partitions, 3, config=config)])[name].result(30)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.NOT_CONTROLLER:
                return False
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        return True

    cluster.until(created, "the topic", 30)


def begin_group(consumer: Consumer, partitions: int) -> bool:
    """The group's offsets are stored, so that members without one have a place to begin."""
    try:
        answer = consumer.commit(offsets=[TopicPartition(TOPIC, index, 0) for index in range(partitions)], asynchronous=False)
    except KafkaException:
        return False
    return all(one.error is None for one in answer)


def whole_log(cluster: Cluster, partitions: int, limit_s: float) -> list[array]:
    """Every record of every partition from offset 0 up to the end that its leader vouches for."""
    consumer = Consumer(QUIET | {"bootstrap.servers": cluster.bootstrap, "group.id": "never-joined", "enable.auto.commit": False, "auto.offset.reset": "error"})
    ends = [consumer.get_watermark_offsets(TopicPartition(TOPIC, index), timeout=20)[1] for index in range(partitions)]
    consumer.assign([TopicPartition(TOPIC, index, OFFSET_BEGINNING) for index in range(partitions)])
    logs = [array("q") for _ in range(partitions)]
    deadline = time.monotonic() + limit_s
    while any(len(log) < end for log, end in zip(logs, ends, strict=True)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"read {list(map(len, logs))} of {ends} records")
        for message in consumer.consume(10_000, 0.2):
            if message.error() is None:
                writer, number, _ = message.value().split(b":", 2)
                log = logs[message.partition()]
                if message.offset() != len(log):
                    raise ValueError(f"partition {message.partition()}: offset {message.offset()} where {len(log)} was expected")
                log.append(record(int(writer), int(number)))
    consumer.close()
    return logs
