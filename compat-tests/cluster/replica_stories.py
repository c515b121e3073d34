"""What Kafka's tools do with replicas, leaders, the quorum and brokers of a cluster of three."""

import json
import re
import tempfile
from pathlib import Path

from story import story, wait_for
from three import three
from topics import created, read, write


def described(name: str) -> dict[int, dict[str, list[int]]]:
    """Leader, replicas and ISR of each partition, as kafka-topics tells them."""
    said = three().tool("kafka-topics", "--describe", "--topic", name)
    pattern = r"Partition: (\d+)\s+Leader: (\S+)\s+Replicas: ([\d,]*)\s+Isr: ([\d,]*)"

    def numbers(text: str) -> list[int]:
        return [int(one) for one in text.split(",") if one.isdigit()]

    return {
        int(index): {"leader": numbers(leader), "replicas": numbers(replicas), "isr": sorted(numbers(isr))}
        for index, leader, replicas, isr in re.findall(pattern, said)
    }


def until(name: str, what: str, limit_s: float = 60, **wanted: list[int]) -> None:
    def is_so() -> bool:
        found = described(name).get(0, {})
        return all(found.get(key) == value for key, value in wanted.items())

    wait_for(is_so, f"{what}: {wanted}", limit_s)


def reassign(name: str, replicas: list[int], *arguments: str) -> str:
    plan = {"version": 1, "partitions": [{"topic": name, "partition": 0, "replicas": replicas}]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(json.dumps(plan))
        return three().tool("kafka-reassign-partitions", "--reassignment-json-file", str(file), *arguments)


@story
def a_topic_is_on_three_brokers_in_sync_and_its_preferred_leaders_are_spread():
    partitions = described(created(6))
    assert sorted(partitions) == [0, 1, 2, 3, 4, 5], partitions
    assert all(sorted(one["replicas"]) == one["isr"] == [1, 2, 3] for one in partitions.values()), partitions
    assert {one["replicas"][0] for one in partitions.values()} == {1, 2, 3}, partitions


@story
def records_move_with_their_partition_when_it_is_reassigned():
    name = created(1, "1:2")
    lines = [f"line-{number}" for number in range(100)]
    write(name, lines)
    started = reassign(name, [2, 3], "--execute", "--throttle", "10000000")
    assert "Successfully started partition reassignment" in started, started
    wait_for(lambda: f"Reassignment of partition {name}-0 is completed." in reassign(name, [2, 3], "--verify"), "the reassignment completed", 60)
    until(name, "moved", leader=[2], replicas=[2, 3], isr=[2, 3])
    assert read(name, 100) == lines


@story
def a_reassignment_that_waits_for_a_dead_broker_is_listed_and_cancelled():
    name = created(1, "1:2")
    three().nodes[3].kill()
    try:
        # The tool moves nothing to a broker that is not alive; the protocol does.
        partition = {"partition_index": 0, "replicas": [1, 3]}
        body = {"timeout_ms": 10_000, "topics": [{"name": name, "partitions": [partition]}]}
        answer = three().ask("AlterPartitionReassignments", 0, body)
        assert answer["responses"][0]["partitions"][0]["error_code"] == 0, answer
        wait_for(lambda: f"{name}-0" in three().tool("kafka-reassign-partitions", "--list"), "listed")
        found = described(name)[0]
        assert found["replicas"] == [1, 3, 2] and found["isr"] == [1, 2], found
        assert f"Reassignment of partition {name}-0 is still in progress." in reassign(name, [1, 3], "--verify")
        cancelled = reassign(name, [1, 3], "--cancel", "--preserve-throttles")
        assert f"Successfully cancelled partition reassignment for: {name}-0" in cancelled, cancelled
        until(name, "as before", replicas=[1, 2], isr=[1, 2])
    finally:
        three().nodes[3].start()


@story
def leadership_moves_when_a_leader_dies_and_back_when_it_is_asked_for():
    name = created(1, "1:2:3")
    write(name, ["before"])
    three().nodes[1].kill()
    try:
        wait_for(lambda: described(name)[0]["leader"] in ([2], [3]), "another leader", 30)
        until(name, "out of sync", isr=[2, 3])
        write(name, ["meanwhile"])
    finally:
        three().nodes[1].start()
    until(name, "in sync again", isr=[1, 2, 3])
    elected = three().tool("kafka-leader-election", "--election-type", "preferred", "--topic", name, "--partition", "0")
    assert "Successfully completed leader election" in elected, elected
    until(name, "the preferred leader", leader=[1])
    assert read(name, 2) == ["before", "meanwhile"]


@story
def kafka_metadata_quorum_shows_three_voters_and_one_leader():
    status = three().tool("kafka-metadata-quorum", "describe", "--status")
    assert re.search(r"LeaderId:\s+[123]\b", status), status
    voters = re.search(r"CurrentVoters:\s+(.*)", status).group(1)
    assert all(f'"id": {node}' in voters for node in (1, 2, 3)) or voters.strip() == "[1,2,3]", status
    assert int(re.search(r"MaxFollowerLag:\s+(\d+)", status).group(1)) < 1000, status

    def replicas() -> dict[str, list[str]]:
        lines = three().tool("kafka-metadata-quorum", "describe", "--replication").splitlines()[1:]
        return {line.split()[0]: line.split() for line in lines if line.strip()}

    found = replicas()
    assert sorted(found) == ["1", "2", "3"], found
    assert sorted(one[-1] for one in found.values()) == ["Follower", "Follower", "Leader"], found


@story
def kafka_features_are_raised_for_all_nodes():
    elr = "eligible.leader.replicas.version"
    three().tool("kafka-features", "downgrade", "--feature", f"{elr}=0")
    for node in three().nodes.values():
        wait_for(lambda: re.search(rf"{elr}\s.*FinalizedVersionLevel: 0", three().tool("kafka-features", "describe")), f"node {node.node} knows")
    three().tool("kafka-features", "upgrade", "--feature", f"{elr}=1")
    wait_for(lambda: re.search(rf"{elr}\s.*FinalizedVersionLevel: 1", three().tool("kafka-features", "describe")), "raised again")


@story
def a_broker_that_is_gone_can_be_unregistered_and_comes_back_by_itself():
    def endpoints() -> set[str]:
        return set(re.findall(r"^(\d)\s+localhost", three().tool("kafka-cluster", "list-endpoints"), re.MULTILINE))

    assert endpoints() == {"1", "2", "3"}
    three().nodes[3].kill()
    wait_for(lambda: endpoints() == {"1", "2"}, "node 3 fenced", 30)
    three().tool("kafka-cluster", "unregister", "--id", "3")
    fenced = three().tool("kafka-cluster", "list-endpoints", "--include-fenced-brokers")
    assert not re.search(r"^3\s", fenced, re.MULTILINE), fenced
    three().nodes[3].start()
    wait_for(lambda: endpoints() == {"1", "2", "3"}, "node 3 back", 30)
