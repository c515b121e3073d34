"""Shared stories: groups, their members processes of their own (member.py)."""

import json
import sys
from pathlib import Path

from crowd import Crowd, Process, keeps_what_it_keeps, returns_without_a_rebalance, three_share
from story import broker, fresh, wait_for
from targets import Broker
from telling import told
from words import Client, Record

PROGRAM = Path(__file__).with_name("member.py")


class ClientProcess(Process):
    commits = 0

    def hear(self, line: str) -> None:
        match line.split():
            case ["owned", *partitions]:
                self.owned.append([int(partition) for partition in partitions])
            case ["read", value]:
                self.read.append(value)
            case ["rebalanced", count]:
                self.rebalances = int(count)
            case ["committed"]:
                self.commits += 1

    def leave(self) -> None:
        self.child.stdin.write("leave\n")
        self.child.stdin.flush()
        self.ended()
        assert self.said[-1] == "left", self.said[-5:]


class ClientCrowd(Crowd):
    def __init__(self, client: Client, partitions: int, strategy: str = "range", session_ms: int = 6000, one: Broker | None = None):
        super().__init__((one or broker()).bootstrap, partitions, strategy, session_ms)
        self.client = client

    def create(self) -> None:
        with self.client.admin(self.bootstrap) as admin:
            admin.create(self.topic, self.partitions, {})
            wait_for(lambda: self.topic in admin.topics(), "the topic")

    def start(self, instance: str | None) -> ClientProcess:
        folder = Path(sys.modules[type(self.client).__module__].__file__).parent
        settings = {
            "bootstrap": self.bootstrap, "group": self.group, "topic": self.topic, "strategy": self.strategy, "instance": instance,
            "session_ms": self.session_ms,
        }
        return ClientProcess([sys.executable, str(PROGRAM), str(folder), json.dumps(settings)])

    def send(self, numbers: range) -> None:
        with self.client.producer(self.bootstrap) as send:
            send(self.topic, [Record(str(number).encode(), partition=number % self.partitions) for number in numbers])


@told("group-eager")
def three_members_share_six_partitions_eagerly(client: Client) -> None:
    with ClientCrowd(client, 6, "range") as crowd:
        three_share(crowd)


@told("group-cooperative")
def three_members_share_six_partitions_cooperatively(client: Client) -> None:
    with ClientCrowd(client, 6, "cooperative-sticky") as crowd:
        three_share(crowd)
        keeps_what_it_keeps(crowd)


@told("static-membership")
def a_static_member_that_returns_keeps_its_partitions_without_a_rebalance(client: Client) -> None:
    with ClientCrowd(client, 2, session_ms=30_000) as crowd:
        returns_without_a_rebalance(crowd)


@told("commit-restart-resume")
def a_group_resumes_after_a_kill_of_the_broker_where_it_committed(client: Client) -> None:
    one = fresh()
    with ClientCrowd(client, 1, one=one) as crowd:
        first = crowd.join()
        crowd.write(5)
        wait_for(lambda: len(first.read) == 5 and first.commits, "five records read and committed", 60)  # Kafka makes its offsets topic now
        crowd.leave()
        one.kill()
        one.start()
        second = crowd.join()
        crowd.write(5)
        wait_for(lambda: len(second.read) >= 5, "what follows", 60)
        crowd.leave()
        assert second.read == ["5", "6", "7", "8", "9"], second.read
