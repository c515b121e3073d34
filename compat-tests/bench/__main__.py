"""The measurements of a closing note: Ottla, Apache Kafka and the limit probe take turns in one run; medians with minimum and maximum.

For each broker: from an empty directory to the first acknowledged record; resident memory idle and at its peak under load; the broker's CPU
seconds per gigabyte produced and consumed (1 KiB records, 6 partitions, librdkafka, batches of 128 KiB, acks=1 and acks=all idempotent, no
compression, no fsync). CPU is read from /proc/<pid>/stat of the broker alone.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import paths
from targets import Broker, Kafka, Ottla

sys.path.insert(0, str(paths.COMPAT / "differential"))

from batch import batch, records  # noqa: E402
from wire import Connection  # noqa: E402

PARTITIONS = 6
RECORD_BYTES = 1024
TICKS = os.sysconf("SC_CLK_TCK")

Figures = dict[str, list[float]]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """Anonymous memory: what the process itself holds, without mapped files and page cache."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(status["RssAnon"].split()[0]) / 1024


class Peak(threading.Thread):
    """The highest resident memory of a process while this runs."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.mb, self.done = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.05):
            self.mb = max(self.mb, resident_mb(self.pid))


def first_record_ms(kind: type[Broker]) -> float:
    """From starting the process on an empty directory to an acknowledged record on a topic nobody created."""
    broker = kind()
    if kind is Kafka:
        broker.command()  # formatting the directory is not counted, though its users wait for it as well
    (port,) = broker.ports.values()
    started = time.monotonic()
    command = broker.command()
    with open(broker.log, "ab") as log:
        broker.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=broker.home)
    body = {"acks": -1, "topic_data": [{"name": "first", "partition_data": [{"index": 0, "records": batch(records(b"x"))}]}]}
    while True:
        assert time.monotonic() - started < 60, broker.log
        try:
            connection = Connection(port)
            connection.send(connection.request("Metadata", 9, {"topics": [{"name": "first"}]}))
            connection.answer("Metadata", 9)
            connection.send(connection.request("Produce", 9, body))
            if connection.answer("Produce", 9)["responses"][0]["partition_responses"][0]["error_code"] == 0:
                break
        except Exception:
            pass
        time.sleep(0.001)
    spent = (time.monotonic() - started) * 1000
    broker.discard()
    return spent


def produce(broker: Broker, topic: str, megabytes: int, **settings) -> None:
    producer = Producer({
        "bootstrap.servers": broker.bootstrap, "batch.size": 131072, "linger.ms": 10, "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 262_144, "partitioner": "random", "sticky.partitioning.linger.ms": 0, "log_level": 2} | settings)
    value = os.urandom(RECORD_BYTES)
    failed = []
    for number in range(megabytes * 1000):
        while True:
            try:
                producer.produce(topic, value, partition=number // 100 % PARTITIONS, on_delivery=lambda error, _: failed.append(error) if error else None)
                break
            except BufferError:
                producer.poll(0.01)
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0 and not failed, failed[:1]


def consume(broker: Broker, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "never-joined", "enable.auto.commit": False, "enable.partition.eof": True, "log_level": 2})
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    ended, count = 0, 0
    while ended < PARTITIONS:
        for message in consumer.consume(10_000, 1.0):
            if message.error() is None:
                count += 1
            elif message.error().code() == KafkaError._PARTITION_EOF:
                ended += 1
    consumer.close()
    return count


def measure(kind: type[Broker], megabytes: int, idle_s: float, figures: Figures) -> None:
    figures["first acknowledged record, ms"].append(first_record_ms(kind))
    broker = kind().start()
    pid = broker.process.pid
    time.sleep(idle_s)
    figures["idle RSS, MB"].append(resident_mb(pid))
    peak = Peak(pid)
    peak.start()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 2})
    for label, settings in {"acks=1": {"acks": "1"}, "acks=all idempotent": {"acks": "all", "enable.idempotence": True}}.items():
        topic = label.replace("=", "-").replace(" ", "-")
        admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
        produce(broker, topic, 32, **settings)  # warms memory, sockets and, in the JVM's case, code
        before, started = cpu_seconds(pid), time.monotonic()
        produce(broker, topic, megabytes, **settings)
        gigabytes = megabytes * 1000 * RECORD_BYTES / 1e9
        figures[f"produce {label}, CPU s/GB"].append((cpu_seconds(pid) - before) / gigabytes)
        figures[f"produce {label}, MB/s"].append(gigabytes * 1000 / (time.monotonic() - started))
    before, started = cpu_seconds(pid), time.monotonic()
    count = consume(broker, topic)
    gigabytes = count * RECORD_BYTES / 1e9
    figures["consume, CPU s/GB"].append((cpu_seconds(pid) - before) / gigabytes)
    figures["consume, MB/s"].append(gigabytes * 1000 / (time.monotonic() - started))
    peak.done.set()
    peak.join()
    figures["peak RSS under load, MB"].append(peak.mb)
    broker.discard()


def probe(megabytes: int, figures: Figures) -> None:
    manifest = Path(__file__).parent / "limit-probe" / "Cargo.toml"
    target = paths.CACHE / "limit-probe"
    subprocess.run(["cargo", "build", "--quiet", "--release", "--manifest-path", str(manifest), "--target-dir", str(target)], check=True)
    with tempfile.TemporaryDirectory(dir=paths.WORK) as directory:
        said = subprocess.run([str(target / "release" / "limit-probe"), directory, str(megabytes)], check=True, capture_output=True, text=True).stdout
    for line in said.splitlines():
        name, value, unit = line.split()
        figures[f"{name}, {unit}"].append(float(value))


def show(name: str, figures: Figures) -> None:
    print(f"\n{name}")
    for label, values in figures.items():
        print(f"  {label:<45} {statistics.median(values):10.2f}   ({min(values):.2f} – {max(values):.2f})")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--idle", type=float, default=5.0, help="seconds before idle memory is read")
    parser.add_argument("--only", choices=["ottla", "kafka", "probe"])
    arguments = parser.parse_args()
    paths.WORK.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Figures] = {name: defaultdict(list) for name in ("limit probe", "Ottla", "Apache Kafka")}
    for number in range(arguments.rounds):
        print(f"round {number + 1} of {arguments.rounds}", flush=True)
        if arguments.only in (None, "probe"):
            probe(arguments.megabytes, figures["limit probe"])
        if arguments.only in (None, "ottla"):
            measure(Ottla, arguments.megabytes, arguments.idle, figures["Ottla"])
        if arguments.only in (None, "kafka"):
            measure(Kafka, arguments.megabytes, arguments.idle, figures["Apache Kafka"])
    print(f"\n{os.cpu_count()} cores shared with the load; median (least – most) of {arguments.rounds} rounds of {arguments.megabytes} MB")
    for name, found in figures.items():
        if found:
            show(name, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
