"""Members of one group in one process, through confluent-kafka (librdkafka). The lines they obey and write are those of members.py.

What a member does is the same in each language: for each partition that it owns it commits a number, one more each time, beginning
with one more than what is stored. After a failed call it looks up again what is stored, since a commit may have been carried out unanswered.
"""

import os
import struct
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

PAUSE_S = 0.2


class Member(threading.Thread):
    def __init__(self, name: str, settings: dict[str, str]):
        super().__init__(name=name, daemon=True)
        self.topic = settings["topic"]
        self.cooperative = settings["strategy"] == "cooperative-sticky"
        self.owned: set[int] = set()
        self.next: dict[int, int] = {}
        self.leaving = threading.Event()
        self.consumer = Consumer({
            "bootstrap.servers": settings["bootstrap"], "group.id": settings["group"], "client.id": name,
            "enable.auto.commit": False, "auto.offset.reset": "earliest", "partition.assignment.strategy": settings["strategy"],
            "session.timeout.ms": int(settings["session_ms"]), "heartbeat.interval.ms": int(settings["heartbeat_ms"]),
            "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50, "log_level": 0,
        })

    def run(self) -> None:
        self.consumer.subscribe([self.topic], on_assign=self.assigned, on_revoke=self.revoked, on_lost=self.revoked)
        while not self.leaving.is_set():
            self.consumer.poll(PAUSE_S)
            try:
                self.adopt()
                self.commit()
            except KafkaException:  # the broker is away, or another generation has begun
                self.next.clear()
        self.consumer.close()
        say(f"left {self.name}")

    def adopt(self) -> None:
        adopted = [TopicPartition(self.topic, partition) for partition in sorted(self.owned - self.next.keys())]
        if not adopted:
            return
        began = micros()
        stored = {one.partition: max(one.offset, 0) for one in self.consumer.committed(adopted, timeout=5) if one.error is None}
        say(f"stored {self.name} {began} {numbers(stored)}")
        self.next |= {partition: offset + 1 for partition, offset in stored.items() if partition in self.owned}

    def commit(self) -> None:
        if not self.next:
            return
        generation, began = self.generation(), micros()
        wanted = [TopicPartition(self.topic, partition, number) for partition, number in self.next.items()]
        done = self.consumer.commit(offsets=wanted, asynchronous=False)
        stored = {one.partition: one.offset for one in done if one.error is None}
        if stored:
            say(f"committed {self.name} {began} {generation} {numbers(stored)}")
        self.next = {partition: offset + 1 for partition, offset in stored.items() if partition in self.owned}

    def generation(self) -> int:
        """librdkafka writes a group's metadata down as `CGMDv2:` and then the generation, in the machine's order."""
        written = self.consumer.consumer_group_metadata()
        assert written.startswith(b"CGMDv2:"), written
        return struct.unpack_from("=i", written, 7)[0]

    def assigned(self, consumer: Consumer, added: list[TopicPartition]) -> None:
        if self.cooperative:
            consumer.incremental_assign(added)
        else:
            consumer.assign(added)
            self.owned.clear()
        self.owned |= {one.partition for one in added}
        consumer.pause(added)
        say(f"assigned {self.name} {self.generation()} {partitions(self.owned)}")

    def revoked(self, _consumer: Consumer, gone: list[TopicPartition]) -> None:
        for one in gone:
            self.owned.discard(one.partition)
            self.next.pop(one.partition, None)
        say(f"revoked {self.name} {partitions({one.partition for one in gone})}")


def partitions(some: set[int]) -> str:
    return ",".join(map(str, sorted(some))) or "-"


def numbers(some: dict[int, int]) -> str:
    return ",".join(f"{partition}={number}" for partition, number in sorted(some.items()))


def micros() -> int:
    return time.time_ns() // 1000


SPEAKING = threading.Lock()


def say(event: str) -> None:
    """One whole line; many members share the stream."""
    with SPEAKING:
        sys.stdout.write(f"{micros()} {event}\n")
        sys.stdout.flush()


def main() -> None:
    settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
    members: dict[str, Member] = {}
    for line in sys.stdin:
        command, name = line.split()
        if command == "join":
            members[name] = Member(name, settings)
            members[name].start()
        elif command == "leave":
            members.pop(name).leaving.set()
    os._exit(0)


if __name__ == "__main__":
    main()
