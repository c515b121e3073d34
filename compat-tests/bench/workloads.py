"""One function per workload; each adds its figures to the rows of a column."""

import json
import subprocess
import time

from process import GENERATOR, Peak, cpu_seconds, generate, resident_mb
from report import Figures
from targets import Broker

PARTITIONS = 6
RECORD_BYTES = 1024
SMALL_BYTES = 100
ACKS_ONE = ("acks=1", "linger.ms=5")
ACKS_ALL = ("acks=all", "enable.idempotence=true", "linger.ms=5")
CONNECTIONS = 50

PRODUCE_CPU = "W1 produce 1 KiB: CPU s/GB"
IDEMPOTENT_CPU = "W1 with acks=all, idempotent: CPU s/GB"
CONSUME_CPU = "W4 consume: CPU s/GB"
SMALL_CPU = "W2 produce 100 B: CPU s per million"
ROUND_TRIP = "one record at a time: {}, µs"

# The floors stand in the row of what they bound.
PROBE_ROWS = {
    "produce_floor": PRODUCE_CPU,
    "consume_floor": CONSUME_CPU,
    "echo_floor_1k_p50": ROUND_TRIP.format("p50"),
    "echo_floor_1k_p99": ROUND_TRIP.format("p99"),
    "sync_floor_16k_p50": "fdatasync after 16 KiB: p50, µs",
    "sync_floor_16k_p99": "fdatasync after 16 KiB: p99, µs",
}


def first_record(kind: type[Broker], figures: Figures) -> None:
    """From starting the process on an empty directory to an acknowledged record, on a topic that nobody created. Formatting the
    directory, which Apache Kafka asks for, is not counted."""
    broker = kind()
    (port,) = broker.ports.values()
    command = broker.command()
    asking = subprocess.Popen([GENERATOR, "first", f"127.0.0.1:{port}", "first"], stdout=subprocess.PIPE, text=True)
    time.sleep(0.05)  # the generator is up
    with open(broker.log, "ab") as log:
        started = time.time()
        broker.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=broker.home, env=broker.environment())
    answer = json.loads(asking.communicate(timeout=130)[0])
    figures["W10 first acknowledged record, ms"].append((answer["acknowledged_at"] - started) * 1000)
    broker.discard()


def idle(broker: Broker, seconds: float, figures: Figures) -> None:
    before = cpu_seconds(broker)
    time.sleep(seconds)
    anonymous, mapped = resident_mb(broker)
    figures["W10 idle RSS: anonymous, MB"].append(anonymous)
    figures["W10 idle RSS: with mapped files, MB"].append(anonymous + mapped)
    figures["idle CPU, %"].append((cpu_seconds(broker) - before) / seconds * 100)


def produce_and_consume(broker: Broker, megabytes: int, figures: Figures) -> None:
    """W1 and W4: the same records in and out again."""
    address, records = broker.bootstrap, megabytes * 1_000_000 // RECORD_BYTES
    # Sockets, memory, the offsets topic and, for the JVM, code are warm.
    generate("produce", address, "warm", RECORD_BYTES, 50_000, 1, *ACKS_ONE)
    generate("consume", address, "warm", 50_000, 1)
    with Peak(broker) as peak:
        for topic, settings in {"all": ACKS_ALL, "one": ACKS_ONE}.items():
            generate("create", address, topic, PARTITIONS)
            before = cpu_seconds(broker)
            done = generate("produce", address, topic, RECORD_BYTES, records, PARTITIONS, *settings)
            assert done["failed"] == 0, done
            spent = cpu_seconds(broker) - before
            figures[PRODUCE_CPU if topic == "one" else IDEMPOTENT_CPU].append(spent / done["bytes"] * 1e9)
            if topic == "one":
                figures["W1 produce 1 KiB: MB/s"].append(done["bytes"] / done["seconds"] / 1e6)
        before = cpu_seconds(broker)
        done = generate("consume", address, "one", records, PARTITIONS)
        spent = cpu_seconds(broker) - before
        figures[CONSUME_CPU].append(spent / done["bytes"] * 1e9)
        figures["W4 consume: MB/s"].append(done["bytes"] / done["seconds"] / 1e6)
    figures["peak RSS under W1 and W4, MB"].append(peak.mb)


def small_records(broker: Broker, records: int, figures: Figures) -> None:
    """W2."""
    generate("create", broker.bootstrap, "small", 1)
    before = cpu_seconds(broker)
    done = generate("produce", broker.bootstrap, "small", SMALL_BYTES, records, 1, *ACKS_ONE)
    figures[SMALL_CPU].append((cpu_seconds(broker) - before) / done["records"] * 1e6)
    figures["W2 produce 100 B: thousand records/s"].append(done["records"] / done["seconds"] / 1e3)


def round_trips(broker: Broker, figures: Figures) -> None:
    """Requests of one record: on one connection, and on fifty at once, without and with a sync before each acknowledgement (W13)."""
    before, count = cpu_seconds(broker), 5_000
    done = generate("roundtrip", broker.bootstrap, "trips", RECORD_BYTES, count, 1)
    figures["one record at a time: CPU µs per request"].append((cpu_seconds(broker) - before) / count * 1e6)
    for name in ("p50", "p99"):
        figures[ROUND_TRIP.format(name)].append(done[f"{name}_us"])
    count = 40_000
    before = cpu_seconds(broker)
    done = generate("roundtrip", broker.bootstrap, "trips", RECORD_BYTES, count, CONNECTIONS)
    figures[f"W6 {CONNECTIONS} connections, one record each: CPU µs per request"].append((cpu_seconds(broker) - before) / count * 1e6)
    figures[f"W6 {CONNECTIONS} connections, one record each: requests/s"].append(done["per_second"])
    generate("create", broker.bootstrap, "synced", 1, "flush.messages=1")
    done = generate("roundtrip", broker.bootstrap, "synced", RECORD_BYTES, 2_000, CONNECTIONS)
    figures[f"W13 flush.messages=1, {CONNECTIONS} connections: requests/s"].append(done["per_second"])
    figures[f"W13 flush.messages=1, {CONNECTIONS} connections: p99, µs"].append(done["p99_us"])


def rest(broker: Broker, figures: Figures) -> None:
    """What stays of the memory once the load is gone."""
    time.sleep(5)
    figures["RSS five seconds after, MB"].append(sum(resident_mb(broker)))


def many_partitions(kind: type[Broker], partitions: int, figures: Figures) -> Broker:
    """W8: one topic of so many partitions. The broker comes back stopped, its files to be discarded when everything is measured: ext4 goes
    round inodes that were deleted within minutes, one by one, and creating files beside fifty thousand of them takes ten times as long."""
    label = f"W8 {partitions} partitions: "
    broker = kind().start()
    before_mb = sum(resident_mb(broker))
    figures[label + "creating them, s"].append(generate("create", broker.bootstrap, "many", partitions)["seconds"])
    time.sleep(2)
    figures[label + "more RSS, MB"].append(sum(resident_mb(broker)) - before_mb)
    before = cpu_seconds(broker)
    time.sleep(3)
    figures[label + "idle CPU, %"].append((cpu_seconds(broker) - before) / 3 * 100)
    broker.stop(120)
    started = time.monotonic()
    broker.start()
    figures[label + "restart to ready, s"].append(time.monotonic() - started)
    broker.stop(120)
    return broker
