"""Watches for acknowledgements that stay away: `tls.py --minutes 30`, by hand, with the environment of the suite `security`.

librdkafka produces to one broker by TLS and, to compare, in plaintext by turns, records of several sizes. Where a producer has records under way and
nothing is acknowledged for longer than --limit seconds, the program prints what the sockets, the broker's threads and the disk were doing in that
moment, and fails in the end. A stall in plaintext as well is the machine's, or the log's; one by TLS alone is of `net::tls`.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import paths
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, str(paths.COMPAT / "security"))

from authority import Authority  # noqa: E402
from targets import Broker, target  # noqa: E402

SIZES = (100, 1_000, 10_000, 100_000, 900_000)
KEPT = {"retention.bytes": str(256 << 20), "segment.bytes": str(64 << 20)}


@dataclass
class Turn:
    """One producer's run."""

    protocol: str
    size: int
    sent: int = 0
    told: int = 0
    failed: int = 0
    longest_s: float = 0.0
    last: float = field(default_factory=time.monotonic)

    def heard(self, error, _message) -> None:
        self.told += 1
        self.failed += error is not None
        self.longest_s = max(self.longest_s, time.monotonic() - self.last)
        self.last = time.monotonic()

    def silent_s(self) -> float:
        """For how long nothing was acknowledged although something could be."""
        if self.sent == self.told:
            self.last = time.monotonic()
        return time.monotonic() - self.last


class Watched:
    """A turn that is looked at while it runs."""

    def __init__(self, broker: Broker, limit_s: float):
        self.broker, self.limit_s, self.stalls = broker, limit_s, 0

    def run(self, turn: Turn, producer: Producer, topic: str, total_bytes: int) -> None:
        body, is_told = b"x" * turn.size, False
        while turn.sent * turn.size < total_bytes or turn.told < turn.sent:
            if turn.sent * turn.size < total_bytes:
                is_told = self.look(turn, is_told)
                try:
                    producer.produce(topic, body, on_delivery=turn.heard)
                    turn.sent += 1
                    producer.poll(0)
                except BufferError:
                    producer.poll(0.2)
            else:
                producer.poll(0.2)
                is_told = self.look(turn, is_told)

    def look(self, turn: Turn, is_told: bool) -> bool:
        if turn.silent_s() < self.limit_s:
            return False
        if not is_told:
            self.stalls += 1
            print(f"STALL {turn}", flush=True)
            print(state(self.broker), flush=True)
        return True


def state(broker: Broker) -> str:
    """Sockets with their queues, threads with what they wait for, pages that wait for the disk."""
    process = broker.process.pid
    ports = " or ".join(f"sport = :{port}" for port in broker.ports.values())
    said = [subprocess.run(["ss", "-tinoem", f"( {ports} )"], capture_output=True, text=True).stdout]
    for task in sorted(Path(f"/proc/{process}/task").iterdir()):
        said.append(" ".join((task / name).read_text().strip().splitlines()[0] for name in ("comm", "wchan")))
    said.append(Path("/proc/loadavg").read_text())
    said += [line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith(("Dirty", "Writeback:"))]
    return "\n".join(said)


def started(authority: Authority) -> Broker:
    issued = authority.issue("broker", "localhost")
    overrides = {
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(issued.both),
        "log.retention.check.interval.ms": "5000",
        "log.segment.delete.delay.ms": "1000",
        "message.max.bytes": "2000000",
    }
    return target()(overrides, listeners=("PLAINTEXT", "SSL")).start()


def turns(arguments: argparse.Namespace, broker: Broker, authority: Authority) -> int:
    watched, until = Watched(broker, arguments.limit), time.monotonic() + arguments.minutes * 60
    admin, number = AdminClient({"bootstrap.servers": broker.bootstrap}), 0
    for answer in admin.create_topics([NewTopic("soak", 3, 1, config=KEPT)]).values():
        answer.result(30)
    while time.monotonic() < until:
        for protocol, acks in (("SSL", "1"), ("SSL", "all"), ("PLAINTEXT", "1")):
            size = SIZES[number % len(SIZES)]
            config = {"bootstrap.servers": f"localhost:{broker.ports[protocol]}", "security.protocol": protocol, "acks": acks, "ssl.ca.location": str(authority.file)}
            config |= {"linger.ms": 5, "queue.buffering.max.kbytes": 65536, "message.max.bytes": 1_500_000, "delivery.timeout.ms": 300_000}
            turn, began = Turn(protocol, size), time.monotonic()
            watched.run(turn, Producer(config), "soak", arguments.megabytes << 20)
            took = time.monotonic() - began
            print(f"{time.strftime('%H:%M:%S')} {protocol} acks={acks} {size} B: {turn.told} told, {turn.failed} failed, {took:.1f} s, longest silence {turn.longest_s:.2f} s", flush=True)
            watched.stalls += turn.failed > 0
            time.sleep(arguments.pause)
        number += 1
    return watched.stalls


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--megabytes", type=int, default=300, help="of each turn")
    parser.add_argument("--limit", type=float, default=5.0, help="seconds without an acknowledgement that are too many")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two turns")
    arguments = parser.parse_args()
    paths.WORK.mkdir(parents=True, exist_ok=True)
    authority = Authority(Path(tempfile.mkdtemp(prefix="tls-", dir=paths.WORK)), "authority")
    broker = started(authority)
    stalls = turns(arguments, broker, authority)
    broker.discard() if not stalls else broker._end()
    print(f"stalls: {stalls}")
    return 1 if stalls else 0


if __name__ == "__main__":
    sys.exit(main())
