"""Kafka's tools for replicas, leaders, features and brokers, on one node: what they say and do there."""

import json
import re
import tempfile
from pathlib import Path

from story import broker, story, topic, wait_for
from tool import tool


def created(partitions: int = 1) -> str:
    name = topic()
    tool("kafka-topics", "--create", "--topic", name, "--partitions", str(partitions))
    return name


def reassign(plan: dict, *arguments: str, fails: bool = False) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(json.dumps(plan))
        return tool("kafka-reassign-partitions", "--reassignment-json-file", str(file), *arguments, fails=fails)


def plan_of(*entries: tuple[str, int, list[int]]) -> dict:
    return {"version": 1, "partitions": [{"topic": name, "partition": index, "replicas": replicas} for name, index, replicas in entries]}


@story
def kafka_reassign_partitions_makes_a_plan():
    name = created(2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "topics.json"
        file.write_text(json.dumps({"version": 1, "topics": [{"topic": name}]}))
        said = tool("kafka-reassign-partitions", "--topics-to-move-json-file", str(file), "--broker-list", "1", "--generate")
    current, proposed = (json.loads(line) for line in said.splitlines() if line.startswith("{"))
    where = [(one["topic"], one["partition"], one["replicas"]) for one in proposed["partitions"]]
    assert sorted(where) == [(name, 0, [1]), (name, 1, [1])], proposed
    assert len(current["partitions"]) == 2, current


@story
def kafka_reassign_partitions_executes_verifies_lists_and_cancels_with_a_throttle():
    name = created(2)
    plan = plan_of((name, 0, [1]), (name, 1, [1]))
    executed = reassign(plan, "--execute", "--throttle", "50000")
    assert f"Successfully started partition reassignments for {name}-0,{name}-1" in executed, executed
    assert "The inter-broker throttle limit was set to 50000 B/s" in executed, executed
    throttles = tool("kafka-configs", "--describe", "--entity-type", "brokers", "--entity-name", "1")
    assert "leader.replication.throttled.rate=50000" in throttles and "follower.replication.throttled.rate=50000" in throttles, throttles
    verified = reassign(plan, "--verify")
    assert f"Reassignment of partition {name}-0 is completed." in verified, verified
    assert "Clearing broker-level throttles on broker 1" in verified, verified
    throttles = tool("kafka-configs", "--describe", "--entity-type", "brokers", "--entity-name", "1")
    assert "throttled.rate=50000" not in throttles, throttles
    assert "No partition reassignments found." in tool("kafka-reassign-partitions", "--list")
    cancelled = reassign(plan, "--cancel")
    assert "None of the specified partition reassignments are active." in cancelled, cancelled


@story
def kafka_reassign_partitions_says_what_it_cannot_do():
    name = created()
    said = reassign(plan_of((name, 0, [1, 7])), "--execute", fails=True)
    assert "Unknown broker id 7" in said, said
    said = reassign(plan_of(("never-created", 0, [1])), "--execute", fails=True)
    assert "Topic never-created not found." in said, said


@story
def kafka_leader_election_finds_every_leader_preferred_already():
    name = created(2)
    one = tool("kafka-leader-election", "--election-type", "preferred", "--topic", name, "--partition", "0")
    assert re.search(rf"Valid replica already elected for partitions .*{name}-0", one), one
    tool("kafka-leader-election", "--election-type", "preferred", "--all-topic-partitions")
    unclean = tool("kafka-leader-election", "--election-type", "unclean", "--topic", name, "--partition", "1")
    assert re.search(rf"Valid replica already elected for partitions .*{name}-1", unclean), unclean
    said = tool("kafka-leader-election", "--election-type", "preferred", "--topic", "never-created", "--partition", "0", fails=True)
    assert "never-created-0" in said and "UnknownTopicOrPartition" in said, said


@story
def kafka_features_downgrades_and_upgrades():
    elr = "eligible.leader.replicas.version"

    def features(*arguments: str, fails: bool = False) -> str:
        return tool("kafka-features", "--bootstrap-server", broker().bootstrap, *arguments, connects=False, fails=fails)

    assert f"{elr} was downgraded to 0." in features("downgrade", "--feature", f"{elr}=0")
    wait_for(lambda: re.search(rf"{elr}\s.*FinalizedVersionLevel: 0", features("describe")), "the level taken back")
    assert f"{elr} was upgraded to 1." in features("upgrade", "--feature", f"{elr}=1")
    wait_for(lambda: re.search(rf"{elr}\s.*FinalizedVersionLevel: 1", features("describe")), "the level raised")
    refused = features("upgrade", "--feature", f"{elr}=9", fails=True)
    assert "Could not upgrade" in refused, refused


@story
def kafka_cluster_unregisters_only_what_was_registered():
    said = tool("kafka-cluster", "unregister", "--id", "77", fails=True)
    assert "Broker ID 77 is not currently registered" in said, said
