"""Three brokers that are one cluster, of whichever kind is under test: all of them controllers, on loopback, with the tools of Kafka."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import paths
from story import wait_for
from targets import CLUSTER_ID, JVM, Broker, end_with_this_process, free_port, target

sys.path.append(str(paths.COMPAT / "differential"))  # its codec and its connection

MAIN = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
}
# These read the address as an option of the tool, before the verb.
BEFORE_THE_VERB = ("kafka-metadata-quorum", "kafka-features")
QUICK = {"broker.session.timeout.ms": "6000", "broker.heartbeat.interval.ms": "500", "default.replication.factor": "3"}


def member(kind: type[Broker]) -> type[Broker]:
    """A node that names all three controllers; `voters` is set before it starts."""

    class Member(kind):
        voters = ""

        def __init__(self, node: int, controller_port: int):
            super().__init__()
            self.node, self.controller_port = node, controller_port
            self.directories = [str(self.data), str(self.home / "more")]

        def properties(self) -> dict[str, str]:
            own = super().properties()
            clients = f"PLAINTEXT://localhost:{self.ports['PLAINTEXT']}"
            dropped = "controller.quorum.bootstrap.servers"
            return {key: value for key, value in own.items() if key != dropped} | QUICK | {
                "node.id": str(self.node),
                "log.dirs": ",".join(self.directories),
                "process.roles": "broker,controller",
                "listeners": f"{clients},CONTROLLER://localhost:{self.controller_port}",
                "advertised.listeners": clients,
                "controller.listener.names": "CONTROLLER",
                "controller.quorum.voters": self.voters,
                "offsets.topic.replication.factor": "3",
            }

        def spawn(self) -> None:
            """Starts without waiting: none is ready before a majority is there."""
            command = self.command()
            self.log_start = self.log.stat().st_size if self.log.exists() else 0
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.home, env=self.environment())

        def until_ready(self) -> None:
            def is_ready() -> bool:
                assert self.running(), f"node {self.node} exited:\n{self.said()[-3000:]}"
                return bool(self.ready.search(self.said()))

            wait_for(is_ready, f"node {self.node} ready", 90)

        def signal(self, number: signal.Signals) -> None:
            os.kill(self.process.pid, number)

        def _format(self, file: Path) -> None:
            command = [*JVM, "kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", str(file)]
            subprocess.run(command, check=True, capture_output=True)

    return Member


class Three:
    """The cluster of one story or of all of them."""

    def __init__(self):
        kind = member(target())
        ports = {node: free_port() for node in (1, 2, 3)}
        self.nodes = {node: kind(node, port) for node, port in ports.items()}
        kind.voters = ",".join(f"{node}@localhost:{port}" for node, port in ports.items())
        for node in self.nodes.values():
            node.spawn()
        for node in self.nodes.values():
            node.until_ready()

    @property
    def bootstrap(self) -> str:
        return ",".join(node.bootstrap for node in self.nodes.values() if node.running())

    def tool(self, name: str, *arguments: str, stdin: str | None = None, fails: bool = False, controllers: bool = False) -> str:
        """Runs a tool against the nodes that run, or their controllers; its standard output, or both where it is expected to fail."""
        nodes = ",".join(f"localhost:{node.controller_port}" for node in self.nodes.values() if node.running())
        address = ["--bootstrap-controller", nodes] if controllers else ["--bootstrap-server", self.bootstrap]
        words = [*address, *arguments] if name in BEFORE_THE_VERB else [*arguments, *address]
        jvm = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH, MAIN[name]]
        done = subprocess.run([*jvm, *words], input=stdin, capture_output=True, text=True, timeout=120)
        if fails:
            assert done.returncode != 0, f"{name} {arguments} was expected to fail: {done.stdout}"
            return done.stdout + done.stderr
        assert done.returncode == 0, f"{name} {arguments} exited with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def ask(self, api: str, version: int, body: dict) -> dict:
        """The answer of a node that runs to a request as it is on the wire."""
        from wire import Connection

        node = next(node for node in self.nodes.values() if node.running())
        connection = Connection(node.ports["PLAINTEXT"])
        try:
            connection.send(connection.request(api, version, body))
            return connection.answer(api, version)
        finally:
            connection.close()


_shared: list[Three] = []


def three() -> Three:
    """The cluster that the stories of this run share. A story that ends a node starts it again."""
    if not _shared:
        cluster = Three()
        _shared.append(cluster)
        end_with_this_process(lambda: [node.discard() for node in cluster.nodes.values()])
    return _shared[0]


