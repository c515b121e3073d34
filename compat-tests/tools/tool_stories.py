"""Kafka's own command-line tools for topics, configs and the cluster, as people run them."""

import json
import re
import tempfile
import time

from console import created, offsets, write
from story import broker, proves, replicas, story, wait_for
from tool import tool


@story
@proves("admin-create", "admin-describe", "admin-grow", "admin-delete")
def kafka_topics_creates_describes_alters_and_deletes():
    name = created(2, retention_ms="60000")
    described = tool("kafka-topics", "--describe", "--topic", name)
    assert re.search(rf"PartitionCount: 2\s+ReplicationFactor: {replicas()}\s+Configs: .*retention.ms=60000", described), described
    assert re.search(r"Partition: 1\s+Leader: 1\s+Replicas: 1\s+Isr: 1\s+Elr:\s+LastKnownElr:", described), described
    tool("kafka-topics", "--alter", "--topic", name, "--partitions", "4")
    wait_for(lambda: "PartitionCount: 4" in tool("kafka-topics", "--describe", "--topic", name), "four partitions")
    assert "would not be an increase" in tool("kafka-topics", "--alter", "--topic", name, "--partitions", "2", fails=True)
    assert "already exists" in tool("kafka-topics", "--create", "--topic", name, fails=True)
    assert name in tool("kafka-topics", "--list").split()
    tool("kafka-topics", "--delete", "--topic", name)
    wait_for(lambda: name not in tool("kafka-topics", "--list").split(), "the topic gone")
    assert "does not exist" in tool("kafka-topics", "--describe", "--topic", name, fails=True)
    assert "does not exist" in tool("kafka-topics", "--delete", "--topic", name, fails=True)


@story
@proves("admin-alter-configs")
def kafka_configs_alters_and_describes_topics_and_brokers():
    name = created()
    entity = ["--entity-type", "topics", "--entity-name", name]
    tool("kafka-configs", "--alter", *entity, "--add-config", "retention.ms=12345,cleanup.policy=[compact,delete]")
    described = tool("kafka-configs", "--describe", *entity)
    assert "retention.ms=12345 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=12345" in described, described
    assert "cleanup.policy=compact,delete" in described, described
    tool("kafka-configs", "--alter", *entity, "--delete-config", "retention.ms")
    assert "retention.ms=12345" not in tool("kafka-configs", "--describe", *entity)
    everything = tool("kafka-configs", "--describe", "--all", *entity)
    assert "segment.bytes=1073741824" in everything, everything
    assert "invalid" in tool("kafka-configs", "--alter", *entity, "--add-config", "retention.ms=soon", fails=True).lower()
    one = ["--entity-type", "brokers", "--entity-name", "1"]
    tool("kafka-configs", "--alter", *one, "--add-config", "log.cleaner.threads=2")
    assert "log.cleaner.threads=2" in tool("kafka-configs", "--describe", *one)
    tool("kafka-configs", "--alter", *one, "--delete-config", "log.cleaner.threads")
    default = tool("kafka-configs", "--describe", "--entity-type", "brokers", "--entity-default")
    assert "Default configs for brokers" in default, default
    assert "num.partitions=1" in tool("kafka-configs", "--describe", "--all", *one)


@story
def kafka_configs_changes_what_is_logged_until_a_restart():
    entity = ["--entity-type", "broker-loggers", "--entity-name", "1"]
    requests = "kafka.request.logger"

    def described() -> str:
        return tool("kafka-configs", "--describe", *entity)

    assert "root=INFO" in described(), described()
    assert f"{requests}=INFO" in described()
    before = len(broker().said())
    tool("kafka-configs", "--alter", *entity, "--add-config", f"{requests}=DEBUG")
    assert f"{requests}=DEBUG" in described()
    wait_for(lambda: requests in broker().said()[before:], "a line for each request")
    tool("kafka-configs", "--alter", *entity, "--delete-config", requests)
    assert f"{requests}=INFO" in described()
    assert "no.such.logger" in tool("kafka-configs", "--alter", *entity, "--add-config", "no.such.logger=INFO", fails=True)
    assert "not a supported log level" in tool("kafka-configs", "--alter", *entity, "--add-config", "root=LOUD", fails=True)


@story
@proves("admin-offsets-by-time")
def kafka_get_offsets_tells_ends_and_times():
    name = created(2)
    write(name, ["x"] * 5, "--sync")
    assert sum(int(line.split(":")[2]) for line in offsets(name)) == 5
    assert [line.split(":")[2] for line in offsets(name, "--time", "-2")] == ["0", "0"]
    assert len(offsets(name, "--time", "max-timestamp")) >= 1
    single = created()
    write(single, ["x"] * 5, "--sync")
    assert offsets(single, "--time", "max-timestamp")[0] in [f"{single}:0:{offset}" for offset in range(5)]
    assert offsets(single, "--time", "1") == [f"{single}:0:0"]
    assert offsets(single, "--time", str(int(time.time() * 1000) + 60_000)) == [], "a time after the last record"


@story
def kafka_producer_perf_test_writes_what_it_says():
    name = created(6)
    for codec in ("none", "lz4"):
        said = tool("kafka-producer-perf-test", "--topic", name, "--num-records", "20000", "--record-size", "1024", "--throughput", "-1",
                    "--command-property", "acks=all", "--command-property", f"compression.type={codec}")
        assert "20000 records sent" in said, said
    assert sum(int(line.split(":")[2]) for line in offsets(name)) == 40000


@story
@proves("admin-delete-records")
def kafka_delete_records_moves_the_start():
    name = created()
    write(name, [str(number) for number in range(10)])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"version": 1, "partitions": [{"topic": name, "partition": 0, "offset": 6}]}, file)
        file.flush()
        said = tool("kafka-delete-records", "--offset-json-file", file.name)
    assert "low_watermark: 6" in said, said
    assert offsets(name, "--time", "earliest") == [f"{name}:0:6"]


@story
def kafka_log_dirs_describes_sizes():
    name = created(2)
    write(name, ["x" * 1000])
    said = tool("kafka-log-dirs", "--describe", "--topic-list", name)
    answer = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    (directory,) = next(one for one in answer["brokers"] if one["broker"] == broker().ids[0])["logDirs"]
    assert directory["error"] is None and directory["logDir"] == str(broker().data), directory
    sizes = {entry["partition"]: entry["size"] for entry in directory["partitions"]}
    assert set(sizes) == {f"{name}-0", f"{name}-1"} and sum(sizes.values()) > 1000, sizes


@story
@proves("admin-describe")
def kafka_cluster_tells_the_id_and_the_endpoints():
    assert re.search(r"Cluster ID: [A-Za-z0-9_-]{22}", tool("kafka-cluster", "cluster-id"))
    listed = tool("kafka-cluster", "list-endpoints")
    for id, address in zip(broker().ids, broker().addresses, strict=True):
        host, port = address.split(":")
        assert re.search(rf"{id}\s+{host}\s+{port}\s", listed), listed


@story
def kafka_metadata_quorum_describes_its_voter():
    status = tool("kafka-metadata-quorum", "--bootstrap-server", broker().bootstrap, "describe", "--status", connects=False)
    leader = re.search(r"LeaderId:\s+(\d+)\b", status)
    assert leader and int(leader[1]) in broker().ids and re.search(r"CurrentVoters:\s+\[.*1", status), status
    replication = tool("kafka-metadata-quorum", "--bootstrap-server", broker().bootstrap, "describe", "--replication", connects=False)
    assert re.search(rf"^{leader[1]}\s.*Leader", replication, re.M), replication


@story
def kafka_features_describes_the_finalised_levels():
    said = tool("kafka-features", "--bootstrap-server", broker().bootstrap, "describe", connects=False)
    assert re.search(r"Feature: metadata.version\s.*FinalizedVersionLevel: 4\.\d-IV\d", said), said


@story
def kafka_broker_api_versions_lists_the_apis():
    said = tool("kafka-broker-api-versions", "--bootstrap-server", broker().bootstrap, connects=False)
    for line in (r"Produce\(0\): 0 to 13 \[usable: 13\]", r"Fetch\(1\): 4 to 18 \[usable: 18\]", r"ApiVersions\(18\): 0 to 4 \[usable: 4\]",
                 r"DescribeTopicPartitions\(75\): 0 \[usable: 0\]"):
        assert re.search(line, said), f"{line} in {said}"
