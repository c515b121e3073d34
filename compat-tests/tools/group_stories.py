"""kafka-consumer-groups and the console consumer, as people run them."""

import json
import re
import tempfile
from datetime import UTC, datetime, timedelta

from console import created, write
from member import Member, settled
from story import broker, proves, story, topic
from tool import tool


def written(lines: int, partitions: int = 1) -> str:
    name = created(partitions)
    write(name, [str(number) for number in range(lines)])
    return name


def read(name: str, group: str, count: int, *arguments: str) -> list[str]:
    limits = ["--max-messages", str(count), "--timeout-ms", "30000"]
    return tool("kafka-console-consumer", "--topic", name, "--group", group, "--from-beginning", *limits, *arguments).split()


def rows(group: str, out: str) -> list[list[str]]:
    """A table's rows without its head."""
    return [row for line in out.splitlines() if (row := line.split()) and row[0] == group]


def described(group: str, *arguments: str) -> list[list[str]]:
    return rows(group, tool("kafka-consumer-groups", "--describe", "--group", group, *arguments))


def reset(group: str, *how: str) -> dict[tuple[str, int], int]:
    """Where the reset puts partitions, by topic and number."""
    out = tool("kafka-consumer-groups", "--reset-offsets", "--group", group, *how, "--execute")
    return {(row[1], int(row[2])): int(row[3]) for row in rows(group, out)}


@story
@proves("admin-list-groups")
def the_console_consumer_reads_as_a_group_that_is_listed_with_state_and_type():
    name, group = written(5), topic("g")
    assert read(name, group, 5) == ["0", "1", "2", "3", "4"]
    assert group in tool("kafka-consumer-groups", "--list").split()
    assert [row[1:] for row in rows(group, tool("kafka-consumer-groups", "--list", "--state"))] == [["Empty"]]
    assert rows(group, tool("kafka-consumer-groups", "--list", "--state", "empty"))
    assert not rows(group, tool("kafka-consumer-groups", "--list", "--state", "stable"))
    assert [row[1:] for row in rows(group, tool("kafka-consumer-groups", "--list", "--type"))] == [["Classic"]]
    assert [row[1:] for row in rows(group, tool("kafka-groups", "--list"))] == [["Classic", "consumer"]]


@story
def an_empty_group_is_described_with_its_offsets_and_state():
    name, group = written(5), topic("g")
    read(name, group, 3)
    [row] = described(group, "--offsets")
    assert row[1:6] == [name, "0", "3", "5", "2"], row
    [verbose] = described(group, "--offsets", "--verbose")
    assert verbose[1:3] == [name, "0"] and verbose[4:7] == ["3", "5", "2"], f"with a column for the leader's epoch: {verbose}"
    assert re.search(rf"{group}.*Empty\s+0", tool("kafka-consumer-groups", "--describe", "--group", group, "--state"))
    assert group in tool("kafka-consumer-groups", "--describe", "--all-groups")


@story
@proves("admin-describe-groups")
def a_group_with_members_is_described_with_what_they_own():
    name, group = written(0, partitions=3), topic("g")
    members = [Member(group, name, instance="the-instance"), Member(group, name)]
    try:
        settled(members, 2, 1)
        [state] = described(group, "--state")
        coordinators = [[address, f"({id})"] for id, address in zip(broker().ids, broker().addresses, strict=True)]
        assert state[1:3] in coordinators and state[3:] == ["range", "Stable", "2"], state
        found = described(group, "--members", "--verbose")
        out = "\n".join(" ".join(row) for row in found)
        assert len(found) == 2 and all("/127.0.0.1" in row for row in found), out
        assert re.search(rf"^{group} the-instance\S+ the-instance /127.0.0.1 ", out, re.M), out
        owned = [number for row in found for word in row if word.startswith(f"{name}:") for number in word.removeprefix(f"{name}:").split(",")]
        assert sorted(owned) == ["0", "1", "2"], out
        assert len(described(group)) == 3
        refused = tool("kafka-consumer-groups", "--reset-offsets", "--group", group, "--topic", name, "--to-earliest", "--execute")
        assert "the current state is Stable" in refused, refused
        refused = tool("kafka-consumer-groups", "--delete", "--group", group)
        assert "could not be deleted" in refused and "not empty" in refused, refused
    finally:
        for member in members:
            member.crash()


@story
def offsets_are_reset_in_every_way():
    name, group = written(10), topic("g")
    read(name, group, 10)
    here = (name, 0)
    scope = ["--topic", name]
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000")
    for how, wanted in (
        (["--to-earliest"], 0), (["--to-latest"], 10), (["--to-offset", "4"], 4), (["--shift-by", "-2"], 2), (["--shift-by", "3"], 5),
        (["--to-current"], 5), (["--to-datetime", "2000-01-01T00:00:00.000"], 0), (["--to-datetime", soon], 10), (["--by-duration", "PT1H"], 0),
        (["--to-offset", "100"], 10), (["--shift-by", "-100"], 0), (["--to-offset", "2"], 2),
    ):
        assert reset(group, *scope, *how) == {here: wanted}, how
    assert described(group)[0][3] == "2"
    assert read(name, group, 8) == [str(number) for number in range(2, 10)]


@story
def a_reset_is_tried_exported_and_read_from_a_file():
    name, group = written(10, partitions=1), topic("g")
    other = written(10)
    read(name, group, 10)
    read(other, group, 10)
    plan = tool("kafka-consumer-groups", "--reset-offsets", "--group", group, "--all-topics", "--to-offset", "7", "--dry-run", "--export")
    lines = {line.replace('"', "") for line in plan.splitlines() if line.strip()}
    assert lines == {f"{name},0,7", f"{other},0,7"}, plan
    tried = tool("kafka-consumer-groups", "--reset-offsets", "--group", group, "--topic", f"{name}:0", "--to-earliest")
    assert rows(group, tried)[0][3] == "0", "a plan is what one is shown by default"
    assert {row[3] for row in described(group)} == {"10"}, "a plan changes nothing"
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(plan.strip() + "\n")
        file.flush()
        assert reset(group, "--from-file", file.name) == {(name, 0): 7, (other, 0): 7}
    assert {row[3] for row in described(group)} == {"7"}
    unread = topic("g")
    assert reset(unread, "--topic", name, "--to-latest") == {(name, 0): 10}, "a reset creates the group"
    refused = tool("kafka-consumer-groups", "--reset-offsets", "--group", topic("g"), "--topic", name, "--shift-by", "1", fails=True)
    assert "Cannot shift offset for partition" in refused, refused


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
    assert "could not be deleted" in tool("kafka-consumer-groups", "--delete", "--group", group)


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
