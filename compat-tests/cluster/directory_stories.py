"""What Kafka's tools do with the log directories of a broker, and what they ask of controllers directly."""

import json
import re
import tempfile
from pathlib import Path

from story import story, wait_for
from three import three
from topics import created, read, write


def lies_in(name: str, node: int) -> dict[str, bool]:
    """The directories of a broker that a topic's first partition lies in, and whether it is only on its way there."""
    said = three().tool("kafka-log-dirs", "--describe", "--broker-list", str(node), "--topic-list", name)
    described = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    directories = described["brokers"][0]["logDirs"]
    assert {directory["logDir"] for directory in directories} == set(three().nodes[node].directories), said
    return {directory["logDir"]: partition["isFuture"] for directory in directories for partition in directory["partitions"]}


def move(name: str, node: int, directory: str, *arguments: str) -> str:
    plan = {"version": 1, "partitions": [{"topic": name, "partition": 0, "replicas": [node], "log_dirs": [directory]}]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(json.dumps(plan))
        return three().tool("kafka-reassign-partitions", "--reassignment-json-file", str(file), *arguments)


@story
def a_replica_is_moved_between_log_directories_with_a_throttle():
    name = created(1, "1")
    lines = [f"line-{number}" for number in range(200)]
    write(name, lines)
    (source,) = lies_in(name, 1)
    target = next(one for one in three().nodes[1].directories if one != source)
    started = move(name, 1, target, "--execute", "--replica-alter-log-dirs-throttle", "50000000")
    assert "Successfully started moving log directory" in started, started
    wait_for(lambda: f"Reassignment of replica {name}-0-1 completed successfully." in move(name, 1, target, "--verify"), "the move completed", 60)
    assert lies_in(name, 1) == {target: False}
    write(name, ["after"])
    assert read(name, 201) == [*lines, "after"]
    configs = three().tool("kafka-configs", "--describe", "--entity-type", "brokers", "--entity-name", "1")
    assert "replica.alter.log.dirs.io.max.bytes.per.second" not in configs, configs


@story
def a_replica_goes_to_the_log_directory_that_its_reassignment_names():
    name = created(1, "1")
    write(name, ["before"])
    target = three().nodes[2].directories[1]
    started = move(name, 2, target, "--execute")
    assert "Successfully started" in started, started
    wait_for(lambda: f"Reassignment of partition {name}-0 is completed." in move(name, 2, target, "--verify"), "reassigned", 60)
    wait_for(lambda: lies_in(name, 2) == {target: False}, "in the directory named", 60)
    assert read(name, 1) == ["before"]


@story
def controllers_are_asked_directly():
    status = three().tool("kafka-metadata-quorum", "describe", "--status", controllers=True)
    assert re.search(r"LeaderId:\s+[123]\b", status), status
    cluster = three().tool("kafka-cluster", "cluster-id", controllers=True)
    assert cluster == three().tool("kafka-cluster", "cluster-id"), cluster
