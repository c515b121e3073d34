"""kafka-consumer-groups and the console consumer, as people run them."""

import json
import re

from story import broker, story, topic
from tool import tool


def written(lines: int, partitions: int = 1) -> str:
    name = topic()
    tool("kafka-topics", "--create", "--topic", name, "--partitions", str(partitions))
    text = "".join(f"{number}\n" for number in range(lines))
    tool("kafka-console-producer", "--topic", name, stdin=text)
    return name


def read(name: str, group: str, count: int, *arguments: str) -> list[str]:
    limits = ["--max-messages", str(count), "--timeout-ms", "30000"]
    return tool("kafka-console-consumer", "--topic", name, "--group", group, "--from-beginning", *limits, *arguments).split()


def described(group: str, *arguments: str) -> list[list[str]]:
    """The table's rows without its head."""
    rows = [line.split() for line in tool("kafka-consumer-groups", "--describe", "--group", group, *arguments).splitlines() if line.strip()]
    return [row for row in rows if row[0] == group]


def reset(group: str, name: str, *how: str) -> int:
    """Where the reset puts partition 0."""
    out = tool("kafka-consumer-groups", "--reset-offsets", "--group", group, "--topic", name, *how, "--execute")
    row = next(line.split() for line in out.splitlines() if line.startswith(group))
    assert row[:3] == [group, name, "0"], out
    return int(row[3])


@story
def the_console_consumer_reads_as_a_group_and_commits():
    name, group = written(5), topic("g")
    assert read(name, group, 5) == ["0", "1", "2", "3", "4"]
    [row] = described(group)
    assert row[1:6] == [name, "0", "5", "5", "0"], row
    assert group in tool("kafka-consumer-groups", "--list").split()
    state = tool("kafka-consumer-groups", "--describe", "--group", group, "--state")
    assert re.search(rf"{group}.*Empty\s+0", state), state


@story
def offsets_are_reset_in_every_way():
    name, group = written(10), topic("g")
    read(name, group, 10)
    assert reset(group, name, "--to-earliest") == 0
    assert reset(group, name, "--to-latest") == 10
    assert reset(group, name, "--to-offset", "4") == 4
    assert reset(group, name, "--shift-by", "-2") == 2
    assert reset(group, name, "--to-current") == 2
    assert reset(group, name, "--to-datetime", "2000-01-01T00:00:00.000") == 0
    assert reset(group, name, "--by-duration", "PT1H") == 0
    assert reset(group, name, "--to-offset", "2") == 2
    plan = tool("kafka-consumer-groups", "--reset-offsets", "--group", group, "--topic", name, "--to-offset", "7", "--dry-run", "--export")
    assert f'"{name}",0,7' in plan or f"{name},0,7" in plan, plan
    assert described(group)[0][3] == "2", "a dry run changes nothing"
    assert read(name, group, 8) == [str(number) for number in range(2, 10)]


@story
def groups_and_their_offsets_are_deleted():
    name, group = written(3), topic("g")
    read(name, group, 3)
    out = tool("kafka-consumer-groups", "--delete-offsets", "--group", group, "--topic", name)
    assert "Successful" in out, out
    read(name, group, 3)
    out = tool("kafka-consumer-groups", "--delete", "--group", group)
    assert "was successful" in out, out
    assert group not in tool("kafka-consumer-groups", "--list").split()
    assert f"Group {group} not found" in tool("kafka-consumer-groups", "--describe", "--group", group)


@story
def the_offsets_topic_is_read_by_kafkas_formatters():
    name, group = written(2), topic("g")
    read(name, group, 2)

    def formatted(formatter: str) -> list[dict]:
        out = tool(
            "kafka-console-consumer", "--topic", "__consumer_offsets", "--from-beginning", "--timeout-ms", "4000",
            "--formatter", f"org.apache.kafka.tools.consumer.{formatter}",
        )
        found, decoder = [], json.JSONDecoder()
        out = out[max(out.find("{"), 0) :].strip()
        while out.startswith("{"):  # one after the other, on one line
            record, end = decoder.raw_decode(out)
            found.append(record)
            out = out[end:].strip()
        return found

    offsets = [found for found in formatted("OffsetsMessageFormatter") if found["key"]["data"]["group"] == group]
    last = offsets[-1]
    assert (last["key"]["data"]["topic"], last["key"]["data"]["partition"], last["value"]["data"]["offset"]) == (name, 0, 2), last
    groups = [found for found in formatted("GroupMetadataMessageFormatter") if found["key"]["data"]["group"] == group]
    with_members = [found for found in groups if found["value"] and found["value"]["data"]["members"]]
    assert with_members and with_members[-1]["value"]["data"]["protocolType"] == "consumer", groups
    assert groups[-1]["value"]["data"]["members"] == [], "the last record is of the empty group"
    assert broker().running()
