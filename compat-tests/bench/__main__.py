"""The measurements of docs/benchmarks.md: the limit probe, Ottla and Apache Kafka take turns in one run; medians with least and most.

Every broker is fed and drained by the same generator (librdkafka, see generator/), started as its users start it, on an empty
directory. CPU is that of the broker's process alone; ratios between columns of one run are what survives a noisy machine.
`--quick` is one short round of everything, to see that it works.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict

import groups
import paths
import report
import workloads
from process import build
from report import Figures
from targets import Broker, Kafka, Ottla


class TunedKafka(Kafka):
    """Apache Kafka as its own start script runs it: 1 GB of heap, G1, all compilers (the compatibility suites start it smaller)."""

    def command(self) -> list[str]:
        super().command()  # formats the directory
        flags = ["-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35"]
        return ["java", *flags, "-Dlevel=info", "-cp", paths.CLASSPATH, "kafka.Kafka", str(self.home / "server.properties")]


def probe(megabytes: int, figures: Figures) -> None:
    program = build("limit-probe")
    with tempfile.TemporaryDirectory(dir=paths.WORK) as directory:
        said = subprocess.run([program, directory, str(megabytes)], check=True, capture_output=True, text=True).stdout
    for line in said.splitlines():
        name, value, _unit = line.split()
        if row := workloads.PROBE_ROWS.get(name):
            figures[row].append(float(value))


def measure(kind: type[Broker], options: argparse.Namespace, figures: Figures) -> list[Broker]:
    """One turn of one broker. Returns stopped brokers whose files are to be discarded in the end."""
    workloads.first_record(kind, figures)
    broker = kind().start()
    workloads.idle(broker, options.idle, figures)
    workloads.produce_and_consume(broker, options.megabytes, figures)
    workloads.small_records(broker, options.small_records, figures)
    workloads.round_trips(broker, figures)
    workloads.rest(broker, figures)
    broker.discard()
    groups.measure(kind, figures)
    if options.partitions and (kind is Ottla or options.kafka_partitions):
        return [workloads.many_partitions(kind, options.partitions, figures)]
    return []


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=600)
    parser.add_argument("--small-records", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=10_000)
    parser.add_argument("--kafka-partitions", action="store_true", help="Kafka is given the many partitions too, which takes it minutes")
    parser.add_argument("--idle", type=float, default=5.0, help="seconds before idle memory is read")
    parser.add_argument("--only", choices=["ottla", "kafka", "probe"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", help="also writes the table to this file, such as docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.megabytes, options.small_records, options.idle = 1, 300, 500_000, 2.0
        options.partitions = min(options.partitions, 2_000)
    paths.WORK.mkdir(parents=True, exist_ok=True)
    # Each broker's files in block groups of their own, as far as ext4 can be asked, and not among those just deleted (see W8).
    subprocess.run(["chattr", "+T", str(paths.WORK)], capture_output=True, check=False)
    build("generator")
    started = time.monotonic()
    stopped: list[Broker] = []
    columns: dict[str, Figures] = {name: defaultdict(list) for name in ("limit probe", "Ottla", "Apache Kafka")}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}, {time.monotonic() - started:.0f} s", flush=True)
        if options.only in (None, "probe"):
            probe(options.megabytes, columns["limit probe"])
        if options.only in (None, "ottla"):
            stopped += measure(Ottla, options, columns["Ottla"])
        if options.only in (None, "kafka"):
            stopped += measure(TunedKafka, options, columns["Apache Kafka"])
    for broker in stopped:
        broker.discard()
    text = report.markdown(columns, options, time.monotonic() - started)
    print(text)
    if options.output:
        with open(options.output, "w") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
