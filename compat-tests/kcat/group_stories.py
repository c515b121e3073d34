"""kcat's balanced consumer: a group as librdkafka 2.0 makes one."""

import subprocess

from kcat import produce
from story import broker, fresh, story, topic


def group(name: str, *topics: str, bootstrap: str | None = None, limit_s: float = 30.0) -> list[str]:
    """Joins, reads to the end of what was there, commits and leaves."""
    command = ["kcat", "-b", bootstrap or broker().bootstrap, "-X", "auto.offset.reset=earliest", "-X", "fetch.wait.max.ms=20", "-e", "-q", "-G", name, *topics]
    done = subprocess.run(command, capture_output=True, timeout=limit_s)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@story
def a_group_goes_on_where_it_stopped():
    name, members = topic(), topic("g")
    produce(name, ["one", "two"])
    assert group(members, name) == ["one", "two"]
    produce(name, ["three"])
    assert group(members, name) == ["three"]
    assert group(topic("g"), name) == ["one", "two", "three"], "another group begins anew"


@story
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
