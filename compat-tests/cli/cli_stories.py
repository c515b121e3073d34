"""`ottla topic`, `group`, `produce`, `consume` and `cluster status` beside other clients: what one writes the other reads, on Apache Kafka as on Ottla."""

import json
import sys

import paths
from confluent_kafka import Consumer, TopicPartition
from ottla import of_json, run
from story import Skip, broker, cases, story, topic, wait_for
from targets import Ottla, target

sys.path.insert(0, str(paths.COMPAT / "kcat"))

import kcat  # noqa: E402


def created(partitions: int = 1, *more: str) -> str:
    name = topic()
    run("topic", "create", name, "--partitions", str(partitions), "--replication-factor", "1", *more)
    return name


@story
def a_topic_is_made_described_changed_and_deleted():
    name = created(2, "--config", "retention.ms=60000")
    run("topic", "create", name, code=1)
    run("topic", "create", name, "--if-not-exists")
    listed = {one["topic"]: one for one in of_json("topic", "list")}
    assert listed[name]["partitions"] == 2, listed
    run("topic", "alter", name, "--set", "max.message.bytes=2000000", "--unset", "retention.ms", "--partitions", "3")

    def is_changed() -> bool:
        described = of_json("topic", "describe", name)[0]
        return described["configs"] == [{"key": "max.message.bytes", "value": "2000000"}] and len(described["partitions"]) == 3

    wait_for(is_changed, "the topic is as it was changed to")
    run("topic", "delete", name)
    wait_for(lambda: name not in {one["topic"] for one in of_json("topic", "list")}, "the topic is gone")
    run("topic", "delete", name, code=1)
    run("topic", "delete", name, "--if-exists")


@cases(none=("none",), gzip=("gzip",), snappy=("snappy",), lz4=("lz4",), zstd=("zstd",))
def what_one_writes_the_other_reads(codec: str):
    name = created()
    run("produce", name, "-K", ":", "-Z", "-H", "from=ottla", "-z", codec, stdin=b"a:1\nb:\n:3\n")
    assert kcat.consume(name, form="%K %k %S %s %h\n") == ["1 a 1 1 from=ottla", "1 b -1  from=ottla", "-1  1 3 from=ottla"]
    kcat.produce(name, ["c:4", "d:5"], "-K", ":", "-z", codec)
    assert run("consume", name, "-e", "-o", "3", "-f", "%o %k %s\\n") == "3 c 4\n4 d 5\n"


@story
def reading_begins_where_it_was_asked_to_and_json_tells_everything():
    name = created()
    run("produce", name, stdin=b"".join(b"%d\n" % number for number in range(100)))
    assert run("consume", name, "-o", "-3", "-c", "2") == "97\n98\n"
    assert run("consume", name, "-o", "end", "-e") == ""
    last = json.loads(run("consume", name, "-o", "99", "-e", "--json"))
    assert last | {"timestamp": 0} == {"topic": name, "partition": 0, "offset": 99, "timestamp": 0, "key": None, "value": "99", "headers": []}, last
    assert run("consume", name, "-o", f"@{last['timestamp'] + 1}", "-e") == ""
    assert run("consume", name, "-o", f"@{last['timestamp']}", "-e").endswith("99\n")


@cases(classic=("classic",), consumer=("consumer",))
def a_group_is_described_with_its_lag_and_reset_when_it_has_no_members(protocol: str):
    if protocol == "consumer" and target() is Ottla:
        raise Skip("Ottla does not serve the groups of KIP-848 yet")
    features = {"group.protocol": protocol}
    name, group = created(2), topic("g")
    for partition in ("0", "1"):
        run("produce", name, "-p", partition, stdin=b"1\n2\n3\n")
    consumer = Consumer({"bootstrap.servers": broker().bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False} | features)
    consumer.subscribe([name])
    try:
        wait_for(lambda: consumer.poll(0.2) is not None and len(consumer.assignment()) == 2, "it has both partitions")
        consumer.commit(offsets=[TopicPartition(name, 0, 1), TopicPartition(name, 1, 3)], asynchronous=False)

        def is_shown() -> bool:
            described = of_json("group", "describe", group)[0]
            lags = {one["partition"]: (one["committed"], one["lag"], one["member"]) for one in described["partitions"]}
            member = described["members"][0]["id"] if described["members"] else None
            return described["state"] == "Stable" and lags == {0: (1, 2, member), 1: (3, 0, member)} and described["type"] == protocol

        wait_for(is_shown, "the group as it is")
        assert group in {one["group"] for one in of_json("group", "list")}
        assert "it has members" in run("group", "reset", group, "--to", "earliest", code=3)
        assert "it has members" in run("group", "delete", group, code=3)
    finally:
        consumer.close()
    wait_for(lambda: of_json("group", "describe", group)[0]["state"] == "Empty", "nobody is left")
    changed = of_json("group", "reset", group, "--to", "-1", "--topic", f"{name}:1")
    assert [(one["before"], one["after"]) for one in changed["partitions"]] == [(3, 2)], changed
    run("group", "reset", group, "--to", "latest")
    assert of_json("group", "describe", group)[0]["lag"] == 0
    run("group", "delete", group)
    run("group", "describe", group, code=1)


@story
def the_cluster_is_shown_as_well():
    status = of_json("cluster", "status")
    assert status["healthy"] and [one["id"] for one in status["brokers"]] == broker().ids, status
