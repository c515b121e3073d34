"""kcat's balanced consumer: a group as librdkafka 2.0 makes one."""

import re
import subprocess

from crowd import Crowd, Process, keeps_what_it_keeps, returns_without_a_rebalance, three_share
from kcat import kcat, produce
from story import broker, fresh, proves, story, topic

CHANGE = re.compile(r"% Group \S+ rebalanced(?: \(memberid \S+\))?: (assigned|revoked|incremental assignment|incremental revoke)(.*)")


def group(name: str, *topics: str, bootstrap: str | None = None, limit_s: float = 30.0) -> list[str]:
    """Joins, reads to the end of what was there, commits and leaves."""
    command = ["kcat", "-b", bootstrap or broker().bootstrap, "-X", "auto.offset.reset=earliest", "-X", "fetch.wait.max.ms=20", "-e", "-q", "-G", name, *topics]
    done = subprocess.run(command, capture_output=True, timeout=limit_s)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


class KcatProcess(Process):
    """kcat tells of its rebalances on standard error; its values start with `read`."""

    errors_go_to = subprocess.STDOUT
    leaving = False

    def hear(self, line: str) -> None:
        if line.startswith("read "):
            self.read.append(line.removeprefix("read "))
        elif (match := CHANGE.match(line)) and not self.leaving:
            partitions = {int(number) for number in re.findall(r"\[(\d+)\]", match[2])}
            before = set(self.owned[-1]) if self.owned else set()
            self.owned.append(sorted(before - partitions if "revoke" in match[1] else before | partitions))
            self.rebalances += 1

    def leave(self) -> None:
        self.leaving = True
        self.child.terminate()
        self.ended()


class KcatCrowd(Crowd):
    """On a broker that makes topics of that many partitions: kcat cannot ask for them."""

    def create(self) -> None:
        kcat("-L", "-t", self.topic, bootstrap=self.bootstrap)

    def start(self, instance: str | None) -> KcatProcess:
        settings = {
            "auto.offset.reset": "earliest", "session.timeout.ms": self.session_ms, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 20,
            "partition.assignment.strategy": self.strategy, "auto.commit.interval.ms": 500,
        } | ({"group.instance.id": instance} if instance else {})
        options = [word for key, value in settings.items() for word in ("-X", f"{key}={value}")]
        return KcatProcess(["kcat", "-b", self.bootstrap, *options, "-u", "-f", r"read %s\n", "-G", self.group, self.topic])

    def send(self, numbers: range) -> None:
        for partition in range(self.partitions):
            lines = [str(number) for number in numbers if number % self.partitions == partition]
            if lines:
                produce(self.topic, lines, "-p", str(partition), bootstrap=self.bootstrap)


@story
@proves("group-eager")
def three_members_share_six_partitions_eagerly():
    with KcatCrowd(fresh({"num.partitions": "6"}).bootstrap, 6, "range") as crowd:
        three_share(crowd)


@story
@proves("group-cooperative")
def three_members_share_six_partitions_cooperatively():
    with KcatCrowd(fresh({"num.partitions": "6"}).bootstrap, 6, "cooperative-sticky") as crowd:
        three_share(crowd)
        keeps_what_it_keeps(crowd)


@story
@proves("static-membership")
def a_static_member_that_returns_keeps_its_partitions_without_a_rebalance():
    with KcatCrowd(fresh({"num.partitions": "2"}).bootstrap, 2, "range", session_ms=30_000) as crowd:
        returns_without_a_rebalance(crowd)


@story
def a_group_goes_on_where_it_stopped():
    name, members = topic(), topic("g")
    produce(name, ["one", "two"])
    assert group(members, name) == ["one", "two"]
    produce(name, ["three"])
    assert group(members, name) == ["three"]
    assert group(topic("g"), name) == ["one", "two", "three"], "another group begins anew"


@story
@proves("commit-restart-resume")
def committed_offsets_survive_kill_9_and_a_restart():
    one, name, members = fresh(), topic(), topic("g")
    produce(name, ["one", "two"], bootstrap=one.bootstrap)
    assert group(members, name, bootstrap=one.bootstrap) == ["one", "two"]
    one.kill()
    one.start()
    produce(name, ["three"], bootstrap=one.bootstrap)
    assert group(members, name, bootstrap=one.bootstrap) == ["three"]
    one.stop()
    one.start()
    produce(name, ["four"], bootstrap=one.bootstrap)
    assert group(members, name, bootstrap=one.bootstrap) == ["four"]
