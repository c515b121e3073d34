"""Apache Kafka's command-line tools, run by main class against the shared broker."""

import subprocess

import paths
from story import broker

MAIN = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-groups": "org.apache.kafka.tools.GroupsCommand",
    "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
    "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
}
JVM = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH]


def tool(name: str, *arguments: str, stdin: str | None = None, fails: bool = False, connects: bool = True) -> str:
    """Runs a tool; returns its standard output, or both outputs where it is expected to fail."""
    connection = ["--bootstrap-server", broker().bootstrap] if connects else []
    done = subprocess.run([*JVM, MAIN[name], *arguments, *connection], input=stdin, capture_output=True, text=True, timeout=90)
    if fails:
        assert done.returncode != 0, f"{name} {arguments} was expected to fail: {done.stdout}"
        return done.stdout + done.stderr
    assert done.returncode == 0, f"{name} {arguments} exited with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def started(name: str, *arguments: str) -> subprocess.Popen:
    """A tool that goes on until it is ended by its process."""
    command = [*JVM, MAIN[name], *arguments, "--bootstrap-server", broker().bootstrap]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
