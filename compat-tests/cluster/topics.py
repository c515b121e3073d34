"""Topics on the three nodes, and records in them."""

from story import topic
from three import three


def created(partitions: int, replicas: str | None = None) -> str:
    name = topic()
    how = ["--replica-assignment", replicas] if replicas else ["--partitions", str(partitions), "--replication-factor", "3"]
    three().tool("kafka-topics", "--create", "--topic", name, *how)
    return name


def write(name: str, lines: list[str]) -> None:
    three().tool("kafka-console-producer", "--topic", name, "--command-property", "acks=all", stdin="".join(line + "\n" for line in lines))


def read(name: str, count: int) -> list[str]:
    said = three().tool("kafka-console-consumer", "--topic", name, "--from-beginning", "--max-messages", str(count), "--timeout-ms", "20000")
    return said.split()
