"""Kills the broker every few seconds under idempotent acks=all producers, then proves that nothing was lost and nothing is there twice.

`python compat-tests/soak --minutes 10` runs two soaks of that length one after the other on fresh directories: default flush settings, and
flush.messages=1. Each producer writes counted records to every partition; a record counts once its delivery was reported. At the end (and the
broker was killed right before it) every partition holds each producer's records in order, each once, all acknowledged ones among them.
"""

import argparse
import random
import sys
import threading
import time
from collections import defaultdict

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from targets import Broker, target

PARTITIONS = 4
TOPIC = "soak"
MODES = {"default flush settings": {}, "flush.messages=1": {"log.flush.interval.messages": "1"}}


class Writer(threading.Thread):
    """One idempotent producer. Records are `writer:partition:number`; `acknowledged[partition]` lists the numbers whose delivery was reported."""

    def __init__(self, name: str, bootstrap: str, codec: str, per_second: int):
        super().__init__(name=name, daemon=True)
        self.producer = Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "compression.type": codec, "linger.ms": 5, "log_level": 2,
            "delivery.timeout.ms": 300_000, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50, "max.in.flight": 5,
        })
        self.per_second = per_second
        self.sent = [0] * PARTITIONS
        self.acknowledged: list[list[int]] = [[] for _ in range(PARTITIONS)]
        self.problems: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        started, total = time.monotonic(), 0
        while not self.stopping.is_set():
            if total > (time.monotonic() - started) * self.per_second:
                self.producer.poll(0.01)
                continue
            total += 1
            partition = total % PARTITIONS
            value = f"{self.name}:{partition}:{self.sent[partition]}:{'x' * random.randrange(400)}"
            try:
                self.producer.produce(TOPIC, value, partition=partition, on_delivery=self.report(partition, self.sent[partition]))
                self.sent[partition] += 1
            except BufferError:
                self.producer.poll(0.1)
            self.producer.poll(0)

    def report(self, partition: int, number: int):
        def reported(error, _message):
            if error is None:
                self.acknowledged[partition].append(number)
            else:
                self.problems.append(f"{self.name} partition {partition} record {number}: {error}")

        return reported

    def finish(self) -> None:
        self.stopping.set()
        self.join()
        left = self.producer.flush(120)
        if left:
            self.problems.append(f"{self.name}: {left} records were never reported")


def stored(bootstrap: str) -> list[list[str]]:
    """Every record of every partition, in order, up to the end that the partition's leader vouches for."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "never-joined", "enable.auto.commit": False, "log_level": 2})
    deadline = time.monotonic() + 300
    ends = [end_of(consumer, TopicPartition(TOPIC, partition), deadline) for partition in range(PARTITIONS)]
    consumer.assign([TopicPartition(TOPIC, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    found: list[list[str]] = [[] for _ in range(PARTITIONS)]
    while any(len(values) < end for values, end in zip(found, ends)):
        assert time.monotonic() < deadline, f"read {list(map(len, found))} of {ends} records"
        for message in consumer.consume(10_000, 1.0):
            if message.error() is None:
                found[message.partition()].append(message.value().decode())
    consumer.close()
    return found


def end_of(consumer: Consumer, partition: TopicPartition, deadline: float) -> int:
    """A leader that has just started answers once it knows what is committed."""
    while True:
        try:
            return consumer.get_watermark_offsets(partition, timeout=10)[1]
        except KafkaException as error:
            assert time.monotonic() < deadline, error
            time.sleep(0.05)


def problems_of(found: list[list[str]], writers: list[Writer]) -> list[str]:
    """What was lost, doubled or reordered."""
    problems = [problem for writer in writers for problem in writer.problems]
    for partition, values in enumerate(found):
        numbers = defaultdict(list)
        for value in values:
            name, place, number, _ = value.split(":")
            if int(place) != partition:
                problems.append(f"{value[:40]} is in partition {partition}")
            numbers[name].append(int(number))
        for writer in writers:
            got = numbers[writer.name]
            lost = set(writer.acknowledged[partition]) - set(got)
            if lost:
                problems.append(f"{writer.name} partition {partition}: {len(lost)} acknowledged records lost, the first {min(lost)}")
            if len(got) != len(set(got)):
                problems.append(f"{writer.name} partition {partition}: {len(got) - len(set(got))} records twice")
            if got != sorted(got):
                problems.append(f"{writer.name} partition {partition}: out of order")
    return problems


def soak(mode: str, seconds: float, pause_s: tuple[float, float]) -> bool:
    broker: Broker = target()(MODES[mode]).start()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 2})
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result(30)
    writers = [Writer(codec, broker.bootstrap, codec, 1500) for codec in ("none", "lz4", "zstd")]
    for writer in writers:
        writer.start()
    deadline, kills, started = time.monotonic() + seconds, 0, []
    problems: list[str] = []
    try:
        while time.monotonic() < deadline:
            time.sleep(random.uniform(*pause_s))  # this is the soak's own rhythm, not a wait for anything
            broker.kill()
            kills += 1
            began = time.monotonic()
            broker.start()
            started.append(time.monotonic() - began)
        for writer in writers:
            writer.finish()
        broker.kill()
        broker.start()
        found = stored(broker.bootstrap)
        problems = problems_of(found, writers)
        acknowledged = sum(len(numbers) for writer in writers for numbers in writer.acknowledged)
        if acknowledged == 0:
            problems.append("nothing was acknowledged")
        slowest = max(started, default=0.0)
        facts = f"{kills} kills, {acknowledged} acknowledged, {sum(map(len, found))} stored, slowest start {slowest:.2f} s"
    except Exception as error:
        problems.append(f"{type(error).__name__}: {error}")
        facts = f"{kills} kills"
    finally:
        broker._end()
    print(f"  {'FAIL' if problems else 'ok  '} with {mode}, nothing is lost and nothing is there twice ({facts})", flush=True)
    for problem in problems[:20]:
        print(f"         {problem}")
    if not problems:
        broker.discard()
    else:
        print(f"         log and data: {broker.home}")
    return not problems


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pause", type=float, nargs=2, default=(1.0, 5.0), help="seconds between kills, from and to")
    parser.add_argument("--mode", choices=list(MODES), action="append", help="only this one")
    arguments = parser.parse_args()
    verdicts = [soak(mode, arguments.minutes * 60, tuple(arguments.pause)) for mode in arguments.mode or MODES]
    print(f"stories: {verdicts.count(True)} passed, {verdicts.count(False)} failed")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
