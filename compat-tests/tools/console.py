"""The console producer and consumer in a few functions."""

from story import topic
from tool import tool


def created(partitions: int = 1, **configs: str) -> str:
    name = topic()
    settings = [word for key, value in configs.items() for word in ("--config", f"{key.replace('_', '.')}={value}")]
    tool("kafka-topics", "--create", "--topic", name, "--partitions", str(partitions), *settings)
    return name


def write(name: str, lines: list[str], *arguments: str) -> None:
    tool("kafka-console-producer", "--topic", name, *arguments, stdin="".join(line + "\n" for line in lines))


def read(name: str, count: int, *arguments: str, partition: int = 0, offset: str = "earliest") -> list[str]:
    """So many records of a partition, a line each."""
    where = ["--partition", str(partition), "--offset", offset, "--max-messages", str(count), "--timeout-ms", "30000"]
    return tool("kafka-console-consumer", "--topic", name, *where, *arguments).splitlines()


def offsets(name: str, *arguments: str) -> list[str]:
    """`topic:partition:offset`, once for each that has one."""
    return tool("kafka-get-offsets", "--topic", name, *arguments).split()


def reader(**properties: str) -> list[str]:
    """What the console producer makes of a line."""
    return [word for key, value in properties.items() for word in ("--reader-property", f"{key.replace('_', '.')}={value}")]


def shown(**properties: str) -> list[str]:
    """What the console consumer shows of a record."""
    return [word for key, value in properties.items() for word in ("--formatter-property", f"{key.replace('_', '.')}={value}")]
