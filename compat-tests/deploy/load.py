"""Records written and read all the while a cluster is changed: nothing may fail but what clients retry by themselves, nothing be lost or doubled."""

import threading
import time
import uuid

from confluent_kafka import Consumer, KafkaError, Producer

# What librdkafka tells of a connection that ended, and mends by itself.
PASSING = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT}
PAUSE_S = 0.005


class Load:
    def __init__(self, topic: str, settings: dict[str, str], partitions: int):
        self.topic, self.settings, self.partitions = topic, settings, partitions
        self.problems: list[str] = []
        self.written = 0
        self.read: dict[int, dict[int, int]] = {index: {} for index in range(partitions)}  # by offset: a group may read again what it read
        self.is_over = threading.Event()
        self.is_read = threading.Event()
        self.threads = [threading.Thread(target=self._write, daemon=True), threading.Thread(target=self._read, daemon=True)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join(90)

    def _note(self, error: KafkaError) -> None:
        if error.code() not in PASSING and not error.retriable():
            self.problems.append(f"{error.name()}: {error.str()}")

    def _write(self) -> None:
        producer = Producer(self.settings | {"acks": "all", "enable.idempotence": True, "delivery.timeout.ms": 60000, "error_cb": self._note})
        failed = lambda error, _: self.problems.append(f"not written: {error}") if error else None  # noqa: E731
        while not self.is_over.is_set():
            producer.produce(self.topic, str(self.written).encode(), partition=self.written % self.partitions, on_delivery=failed)
            self.written += 1
            producer.poll(0)
            time.sleep(PAUSE_S)
        if producer.flush(60):
            self.problems.append("records were not written within a minute")

    def _read(self) -> None:
        consumer = Consumer(self.settings | {"group.id": f"load-{uuid.uuid4().hex}", "auto.offset.reset": "earliest", "error_cb": self._note})
        consumer.subscribe([self.topic])
        deadline = None
        while not (self.is_over.is_set() and sum(map(len, self.read.values())) >= self.written):
            for record in consumer.consume(500, timeout=0.2):
                if record.error():
                    self._note(record.error())
                else:
                    self.read[record.partition()][record.offset()] = int(record.value())
            if self.is_over.is_set():
                deadline = deadline or time.monotonic() + 60
                if time.monotonic() > deadline:
                    self.problems.append("not all was read within a minute")
                    break
        consumer.close()

    def check(self) -> None:
        """After it is over."""
        assert not self.problems, self.problems[:5]
        assert self.written > 0
        for index, by_offset in self.read.items():
            numbers = [by_offset[offset] for offset in sorted(by_offset)]
            expected = list(range(index, self.written, self.partitions))
            assert numbers == expected, f"partition {index}: read {len(numbers)}, written {len(expected)}"
