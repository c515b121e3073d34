"""Groups of verifiable consumers: members join, leave and crash, return as static ones, and go on after the broker's death."""

from console import created, write
from member import Member, settled
from story import broker, cases, proves, story, topic, wait_for
from tool import tool


def write_to_six(name: str, count: int) -> None:
    tool("kafka-verifiable-producer", "--topic", name, "--max-messages", str(count))


def all_read(members: list[Member], count: int) -> None:
    wait_for(lambda: len(set().union(*(member.read for member in members))) >= count, f"{count} records", limit_s=60)


@cases(**{"eager": ("eager", "range"), "cooperative": ("cooperative", "cooperative-sticky")})
@proves("group-{0}")
def three_members_share_six_partitions(_kind, assignor):
    name, group = created(6), topic("g")
    members: list[Member] = []
    try:
        for sizes in ((6,), (3, 3), (2, 2, 2)):
            members.append(Member(group, name, assignor))
            settled(members, *sizes)
        write_to_six(name, 300)
        all_read(members, 300)
        members[2].leave()
        settled(members[:2], 3, 3)
        members[1].crash()
        write_to_six(name, 300)
        settled(members[:1], 6)
        all_read(members, 600)
    finally:
        for member in members:
            member.crash()


@story
@proves("static-membership")
def a_static_member_that_returns_keeps_its_partitions_without_a_rebalance():
    name, group = created(4), topic("g")
    stays, goes = (Member(group, name, instance=instance, session_ms=30_000) for instance in ("stays", "goes"))
    members = [stays, goes]
    try:
        settled(members, 2, 2)
        owned, heard = goes.owned, len(stays.events)
        goes.leave()
        members[1] = Member(group, name, instance="goes", session_ms=30_000)
        settled(members, 2, 2)
        assert members[1].owned == owned
        described = tool("kafka-consumer-groups", "--describe", "--group", group, "--members", "--verbose")
        rows = [line.split() for line in described.splitlines() if line.startswith(group)]
        assert sorted(row[2] for row in rows) == ["goes", "stays"], described
        since = [event["name"] for event in stays.events[heard:]]
        assert "partitions_revoked" not in since and "partitions_assigned" not in since, since
    finally:
        for member in members:
            member.crash()


@story
@proves("commit-restart-resume")
def a_group_goes_on_where_it_had_committed_when_the_broker_was_killed():
    name, group = created(), topic("g")
    write(name, [str(number) for number in range(10)])
    arguments = ["--topic", name, "--group", group, "--from-beginning", "--timeout-ms", "30000"]
    assert tool("kafka-console-consumer", *arguments, "--max-messages", "4").split() == ["0", "1", "2", "3"]
    one = broker()
    one.kill()
    one.start()
    assert tool("kafka-console-consumer", *arguments, "--max-messages", "6").split() == ["4", "5", "6", "7", "8", "9"]
