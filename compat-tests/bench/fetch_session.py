"""What a fetch costs in a session over 10,000 partitions of which one is hot, against a session over that one alone: at most twice as much.

`python compat-tests/bench/fetch_session.py`. The cost is the broker's CPU time per cycle of one appended record and the fetch that brings it;
the two sessions take turns. Fails when the promise is broken.
"""

import argparse
import os
import statistics
import struct
import sys
import time
from pathlib import Path

COMPAT = Path(__file__).parent.parent
sys.path += [str(COMPAT / name) for name in ("run", "chaos", "differential")]

import asking
import batch
from confluent_kafka.admin import AdminClient, NewTopic
from targets import Broker, target
from timeline import PRODUCE, Lane

FETCH = 1
TOPICS, PER_TOPIC = 10, 1000
TIMES_MAX = 2.0
HOT = ("cold-0", 0)


class Session:
    """An incremental fetch session (KIP-227), by hand in version 11."""

    def __init__(self, port: int, partitions: list[tuple[str, int]]):
        self.lane = Lane(port, 30)
        self.id, self.epoch, self.offset = 0, 0, 0
        self.answer = self.ask([(name, index, 0) for name, index in partitions])

    def ask(self, wanted: list[tuple[str, int, int]]) -> asking.Reader:
        body = struct.pack(">iiiibiii", -1, 500, 1, 1 << 20, 0, self.id, self.epoch, len(wanted))
        for name, index, offset in wanted:
            body += struct.pack(">h", len(name)) + name.encode() + struct.pack(">iiiqqi", 1, index, -1, offset, -1, 1 << 20)
        answer = self.lane.ask(FETCH, 11, body + struct.pack(">ih", 0, 0))
        if answer is None:
            raise ConnectionError("the fetch has no answer")
        answer.take("i")
        if error := answer.take("h"):
            raise ValueError(f"the fetch is refused with error {error}")
        self.id = answer.take("i")
        self.epoch += 1
        return answer

    def next(self) -> int:
        """Asks for what comes next in the hot partition; how many partitions the answer has."""
        return self.ask([(*HOT, self.offset)]).take("i")


def append(lane: Lane, records: bytes) -> int:
    """Appends one record to the hot partition; its offset."""
    name = HOT[0].encode()
    body = struct.pack(">hhi", -1, 1, 1000) + struct.pack(">ih", 1, len(name)) + name + struct.pack(">iii", 1, HOT[1], len(records)) + records
    answer = lane.ask(PRODUCE, 7, body)
    answer.take("i"), answer.string(), answer.take("i"), answer.take("i")
    if error := answer.take("h"):
        raise ValueError(f"the record is refused with error {error}")
    return answer.take("q")


def cpu_s(broker: Broker) -> float:
    fields = Path(f"/proc/{broker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost_us(broker: Broker, session: Session, writer: Lane, records: bytes, cycles: int) -> float:
    """CPU µs per cycle."""
    session.offset = append(writer, records)
    session.next()
    began = cpu_s(broker)
    for _ in range(cycles):
        session.offset = append(writer, records)
        if session.next() != 1:
            raise ValueError("the fetch does not bring the hot partition, and it alone")
    return (cpu_s(broker) - began) / cycles * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat-tests/bench/fetch_session.py", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cycles", type=int, default=4000)
    arguments = parser.parse_args()
    broker = target()().start()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    topics = [NewTopic(f"cold-{number}", PER_TOPIC, 1) for number in range(TOPICS)]
    for future in admin.create_topics(topics, operation_timeout=60, request_timeout=60).values():
        future.result(120)
    port = next(iter(broker.ports.values()))
    time.sleep(1.0)  # so that what creating left to do is not counted
    sessions = {1: Session(port, [HOT]), TOPICS * PER_TOPIC: Session(port, [(f"cold-{number}", index) for number in range(TOPICS) for index in range(PER_TOPIC)])}
    writer, records = Lane(port), batch.batch(batch.records(b"hot"))
    costs: dict[int, list[float]] = {size: [] for size in sessions}
    for _ in range(arguments.rounds):
        for size, session in sessions.items():
            costs[size].append(cost_us(broker, session, writer, records, arguments.cycles))
    medians = {size: statistics.median(values) for size, values in costs.items()}
    for size, values in costs.items():
        print(f"  a session over {size} partitions: CPU {medians[size]:.1f} µs per append and fetch ({min(values):.1f}–{max(values):.1f})")
    times = medians[TOPICS * PER_TOPIC] / medians[1]
    print(f"  {times:.2f} times as much; at most {TIMES_MAX} is promised", flush=True)
    broker.discard()
    print(f"stories: {int(times <= TIMES_MAX)} passed, {int(times > TIMES_MAX)} failed")
    return int(times > TIMES_MAX)


if __name__ == "__main__":
    sys.exit(main())
