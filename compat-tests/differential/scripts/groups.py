"""Classic groups and committed offsets: who may join, sync, beat, leave, commit, and what is shown of it."""

import struct

from session import Session, script
from wire import Connection

SUBSCRIBED = struct.pack(">hi", 0, 1) + struct.pack(">h", 4) + b"read" + struct.pack(">i", -1)
NOBODY = "nobody-0"


def coordinated(s: Session) -> None:
    """The offsets topic exists and every shard is loaded."""
    s.until(lambda: s.quietly("FindCoordinator", 3, {"key": "any", "key_type": 0})["error_code"] == 0)
    probes = [f"probe {number}" for number in range(500)]  # some for each of the fifty partitions
    s.until(lambda: all(one["error_code"] == 0 for one in s.quietly("DescribeGroups", 5, {"groups": probes})["groups"]), limit_s=60)


def joining(group: str, member: str = "", instance: str | None = None, kind: str = "consumer", protocols=(("range", SUBSCRIBED),), session_ms: int = 30_000) -> dict:
    offered = [{"name": name, "metadata": metadata} for name, metadata in protocols]
    return {
        "group_id": group, "session_timeout_ms": session_ms, "rebalance_timeout_ms": 30_000, "member_id": member, "group_instance_id": instance,
        "protocol_type": kind, "protocols": offered, "reason": None,
    }


def syncing(group: str, member: str, generation: int, assignments=(), instance: str | None = None, kind="consumer", protocol="range") -> dict:
    assigned = [{"member_id": who, "assignment": what} for who, what in assignments]
    return {
        "group_id": group, "generation_id": generation, "member_id": member, "group_instance_id": instance, "protocol_type": kind,
        "protocol_name": protocol, "assignments": assigned,
    }


def beating(group: str, member: str, generation: int, instance: str | None = None) -> dict:
    return {"group_id": group, "generation_id": generation, "member_id": member, "group_instance_id": instance}


def settled(s: Session, group: str, instance: str | None = None, **how) -> tuple[str, int]:
    """A stable group of one; its member and generation."""
    coordinated(s)
    made = s.quietly("JoinGroup", 7, joining(group, "", instance, **how))
    if made["error_code"] == 79:
        made = s.quietly("JoinGroup", 7, joining(group, made["member_id"], instance, **how))
    assert made["error_code"] == 0, made
    member, generation = made["member_id"], made["generation_id"]
    kind, protocol = how.get("kind", "consumer"), made["protocol_name"]
    done = s.quietly("SyncGroup", 5, syncing(group, member, generation, [(member, b"assigned")], instance, kind, protocol))
    assert done["error_code"] == 0, done
    return member, generation


def preparing(s: Session, group: str) -> Connection:
    """Another member's JoinGroup, parked on a connection of its own."""
    other = Connection(s.port)
    other.send(other.request("JoinGroup", 3, joining(group)))
    s.until(lambda: s.quietly("DescribeGroups", 5, {"groups": [group]})["groups"][0]["group_state"] == "PreparingRebalance")
    return other


@script("FindCoordinator")
def coordinators(s: Session, version: int):
    coordinated(s)
    for kind in (0, 7):
        s.ask(f"one, of kind {kind}", {"key": "g", "key_type": kind, "coordinator_keys": ["g"]})
    s.ask("an empty name", {"key": "", "key_type": 0, "coordinator_keys": [""]})
    s.ask("several", {"key": "h", "key_type": 0, "coordinator_keys": ["h", "g", "h"]})
    if version >= 4:
        s.ask("none", {"key_type": 0, "coordinator_keys": []})


@script("JoinGroup")
def strangers(s: Session, version: int):
    coordinated(s)
    group = s.prefix + "strangers"
    s.ask("no group", joining(""))
    s.ask("too short a session", joining(group, session_ms=5_999))
    s.ask("too long a session", joining(group, session_ms=1_800_001))
    s.ask("an id before there is a group", joining(group, NOBODY))
    s.ask("no protocols", joining(group, protocols=()))
    s.ask("no protocol type", joining(group, kind=""))
    s.ask("the group after that", {"groups": [group]}, api="DescribeGroups", version=5)
    s.ask("an id that the group does not know", joining(group, NOBODY))
    if version >= 5:
        s.ask("an id and an instance that the group does not know", joining(group, NOBODY, "one"))


@script("JoinGroup")
def alone(s: Session, version: int):
    coordinated(s)
    group = s.prefix + "alone"
    made = s.ask("joins", joining(group))
    if made["error_code"]:
        made = s.ask("joins with its id", joining(group, made["member_id"]))
    member = made["member_id"]
    s.ask("joins again before it syncs", joining(group, member))
    s.ask("syncs", syncing(group, member, made["generation_id"], [(member, b"assigned")]), api="SyncGroup", version=5)
    s.ask("joins again as the leader", joining(group, member))
    s.ask("offers nothing in common", joining(group, member, protocols=(("sticky", b""),)))
    s.ask("of another type", joining(group, member, kind="connect"))
    s.ask("described", {"groups": [group]}, api="DescribeGroups", version=5)
    s.ask("leaves", {"group_id": group, "member_id": member}, api="LeaveGroup", version=2)
    s.ask("comes back with the old id", joining(group, member))


@script("JoinGroup")
def static(s: Session, version: int):
    if version < 5:
        return
    group = s.prefix + "static"
    member, generation = settled(s, group, "one")
    s.ask("returns without an id", joining(group, "", "one"))
    s.ask("the old id", joining(group, member, "one"))
    s.ask("the old id beats", beating(group, member, generation, "one"), api="Heartbeat", version=4)
    s.ask("an instance nobody has", joining(group, member, "two"))
    s.ask("described", {"groups": [group]}, api="DescribeGroups", version=5)
    s.ask("returns with another protocol", joining(group, "", "one", protocols=(("sticky", b"s"),)))


@script("SyncGroup")
def generations(s: Session, version: int):
    coordinated(s)
    group = s.prefix + "sync"
    s.ask("no group id", syncing("", NOBODY, 1))
    s.ask("no such group", syncing(group, NOBODY, 1))
    member, generation = settled(s, group)
    s.ask("asks again", syncing(group, member, generation))
    s.ask("an old generation", syncing(group, member, generation - 1))
    s.ask("a stranger", syncing(group, NOBODY, generation))
    s.ask("another protocol", syncing(group, member, generation, protocol="sticky"))
    s.ask("another type", syncing(group, member, generation, kind="connect"))
    s.ask("no protocol", syncing(group, member, generation, protocol=None))
    s.ask("an instance nobody has", syncing(group, member, generation, instance="one" if version >= 3 else None))
    other = preparing(s, group)
    s.ask("while others join", syncing(group, member, generation))
    other.close()


@script("SyncGroup")
def assignments(s: Session, version: int):
    coordinated(s)
    group = s.prefix + "assigns"
    made = s.quietly("JoinGroup", 7, joining(group))
    made = s.quietly("JoinGroup", 7, joining(group, made["member_id"]))
    member, generation = made["member_id"], made["generation_id"]
    s.ask("beats before it syncs", beating(group, member, generation), api="Heartbeat", version=4)
    s.ask("assigns others only", syncing(group, member, generation, [(NOBODY, b"x")]))
    s.ask("described", {"groups": [group]}, api="DescribeGroups", version=5)


@script("Heartbeat")
def beats(s: Session, version: int):
    coordinated(s)
    group = s.prefix + "beats"
    s.ask("no group id", beating("", NOBODY, 1))
    s.ask("no such group", beating(group, NOBODY, 1))
    member, generation = settled(s, group)
    s.ask("a member", beating(group, member, generation))
    s.ask("a stranger", beating(group, NOBODY, generation))
    s.ask("no id", beating(group, "", -1))
    s.ask("an old generation", beating(group, member, generation - 1))
    s.ask("a coming generation", beating(group, member, generation + 1))
    if version >= 3:
        s.ask("an instance nobody has", beating(group, member, generation, "one"))
    other = preparing(s, group)
    s.ask("while others join", beating(group, member, generation))
    other.close()
    s.quietly("LeaveGroup", 2, {"group_id": group, "member_id": member})


@script("LeaveGroup")
def leaves(s: Session, version: int):
    coordinated(s)
    group = s.prefix + "leaves"

    def body(*members: tuple[str, str | None], of: str = group) -> dict:
        listed = [{"member_id": member, "group_instance_id": instance, "reason": None} for member, instance in members]
        return {"group_id": of, "member_id": members[0][0] if members else "", "members": listed}

    s.ask("no group id", body((NOBODY, None), of=""))
    s.ask("no such group", body((NOBODY, None)))
    member, generation = settled(s, group, "one" if version >= 3 else None)
    s.ask("a stranger", body((NOBODY, None)))
    s.ask("no id", body(("", None)))
    if version >= 3:
        s.ask("nobody", body())
        s.ask("each its own", body(("", "two"), (NOBODY, "one"), (NOBODY, None)))
        s.ask("by instance", body(("", "one")))
    else:
        s.ask("a member", body((member, None)))
    s.ask("once more", body((member, None)))
    s.ask("described", {"groups": [group]}, api="DescribeGroups", version=5)
    made = s.quietly("JoinGroup", 7, joining(group))
    s.ask("one that was given an id only", body((made["member_id"], None)))


def committing(s: Session, group: str, topic: str, *partitions: int, member: str = "", generation: int = -1, instance=None, metadata="m", offset: int = 5, topic_id: str = "") -> dict:
    stored = [{"partition_index": index, "committed_offset": offset + index, "committed_leader_epoch": 0, "committed_metadata": metadata} for index in partitions]
    return {
        "group_id": group, "generation_id_or_member_epoch": generation, "member_id": member, "group_instance_id": instance, "retention_time_ms": -1,
        "topics": [{"name": topic, "topic_id": topic_id or s.topic_id(topic), "partitions": stored}],
    }


def fetching(s: Session, group: str, *topics: tuple[str, list[int]], all_topics: bool = False, stable: bool = False) -> dict:
    asked = None if all_topics else [{"name": name, "topic_id": s.topic_id(name), "partition_indexes": indexes} for name, indexes in topics]
    one = {"group_id": group, "member_id": None, "member_epoch": -1, "topics": asked}
    return one | {"groups": [one], "require_stable": stable}


@script("OffsetCommit")
def commits(s: Session, version: int):
    coordinated(s)
    topic, group = s.topic("t", partitions=2), s.prefix + "commits"
    s.ask("a generation before there is a group", committing(s, group, topic, 0, generation=3, member=NOBODY))
    s.ask("without membership", committing(s, group, topic, 0, 1))
    s.ask("no metadata", committing(s, group, topic, 0, metadata=None))
    s.ask("a partition that is not there", committing(s, group, topic, 0, 7))
    s.ask("only partitions that are not there", committing(s, group, topic, 7))
    unknown = "11111111-2222-3333-4444-555555555555"
    s.ask("a topic that is not there", committing(s, group, "never-created", 0, topic_id=unknown))
    s.ask("no topics", committing(s, group, topic) | {"topics": []})
    s.ask("no partitions", committing(s, group, topic))
    s.ask("the longest metadata", committing(s, group, topic, 0, metadata="x" * 4096))
    s.ask("longer metadata", committing(s, group, topic, 1, metadata="x" * 4097))
    s.ask("a negative offset", committing(s, group, topic, 1, offset=-7))
    s.ask("an empty group", committing(s, "", topic, 0))
    s.ask("a stranger", committing(s, group, topic, 0, generation=1, member=NOBODY))
    if version < 5:
        s.ask("a retention of its own", committing(s, group, topic, 1) | {"retention_time_ms": 60_000})
    s.ask("what is stored", fetching(s, group, (topic, [0, 1])), api="OffsetFetch", version=9)


@script("OffsetCommit")
def members_commit(s: Session, version: int):
    topic, group = s.topic("members"), s.prefix + "members"
    member, generation = settled(s, group)
    s.ask("a member", committing(s, group, topic, 0, member=member, generation=generation))
    s.ask("an old generation", committing(s, group, topic, 0, member=member, generation=generation - 1))
    s.ask("a stranger", committing(s, group, topic, 0, member=NOBODY, generation=generation))
    s.ask("without membership", committing(s, group, topic, 0))
    s.ask("a member without generation", committing(s, group, topic, 0, member=member))
    if version >= 7:
        s.ask("an instance nobody has", committing(s, group, topic, 0, member=member, generation=generation, instance="one"))
    other = preparing(s, group)
    s.ask("while others join", committing(s, group, topic, 0, member=member, generation=generation))
    s.quietly("JoinGroup", 7, joining(group, member))
    s.ask("before the leader has assigned", committing(s, group, topic, 0, member=member, generation=generation + 1))
    other.close()


@script("OffsetFetch")
def fetches(s: Session, version: int):
    coordinated(s)
    topic, group = s.topic("t", partitions=3), s.prefix + "fetches"
    s.ask("no such group", fetching(s, group, (topic, [0, 2])))
    s.quietly("OffsetCommit", 8, committing(s, group, topic, 0, 1))
    s.ask("some", fetching(s, group, (topic, [0, 1, 2, 9])))
    s.ask("some, stable", fetching(s, group, (topic, [1]), stable=version >= 7))
    s.ask("nothing", fetching(s, group))
    s.ask("no partitions", fetching(s, group, (topic, [])))
    s.ask("an empty group", fetching(s, "", (topic, [0])))
    unknown = [{"name": "never-created", "topic_id": "11111111-2222-3333-4444-555555555555", "partition_indexes": [0]}]
    one = {"group_id": group, "member_id": None, "member_epoch": -1, "topics": unknown}
    s.ask("a topic that is not there", one | {"groups": [one], "require_stable": False})
    if version >= 2:
        s.ask("all", fetching(s, group, all_topics=True))
        s.ask("all of no such group", fetching(s, s.prefix + "nothing", all_topics=True))
    if version >= 8:
        both = fetching(s, group, all_topics=True)["groups"] + fetching(s, s.prefix + "nothing", (topic, [0]))["groups"]
        s.ask("two groups", {"groups": both, "require_stable": True})
        s.ask("no groups", {"groups": [], "require_stable": False})


@script("OffsetDelete")
def deletes(s: Session, version: int):
    coordinated(s)
    topic, group = s.topic("t", partitions=2), s.prefix + "deletes"

    def body(*topics: tuple[str, list[int]], of: str = group) -> dict:
        return {"group_id": of, "topics": [{"name": name, "partitions": [{"partition_index": index} for index in indexes]} for name, indexes in topics]}

    s.ask("no group id", body((topic, [0]), of=""))
    s.ask("no such group", body((topic, [0])))
    s.quietly("OffsetCommit", 8, committing(s, group, topic, 0, 1))
    s.ask("a topic that is not there", body(("never-created", [0])))
    s.ask("one, one without a commit and one that is not there", body((topic, [0, 9])))
    s.ask("once more", body((topic, [0])))
    s.ask("nothing", body())
    s.ask("what is left", fetching(s, group, all_topics=True), api="OffsetFetch", version=8)
    settled(s, s.prefix + "reads")
    s.ask("of a group with members", body((topic, [0]), of=s.prefix + "reads"))
    settled(s, s.prefix + "connects", kind="connect")
    s.ask("of a group of another type with members", body((topic, [0]), of=s.prefix + "connects"))


@script("DescribeGroups")
def descriptions(s: Session, version: int):
    topic, group = s.topic("t"), s.prefix + "described"
    member, generation = settled(s, group, "one", protocols=(("range", SUBSCRIBED), ("sticky", b"s")))
    s.ask("stable", {"groups": [group], "include_authorized_operations": False})
    s.ask("with operations", {"groups": [group], "include_authorized_operations": True})
    s.ask("no such group, and an empty name", {"groups": [s.prefix + "nothing", ""]})
    s.ask("none", {"groups": []})
    other = preparing(s, group)
    s.ask("preparing", {"groups": [group]}, keep=lambda answer: {"states": [one["group_state"] for one in answer["groups"]], "data": answer["groups"][0]["protocol_data"]})
    other.close()
    s.quietly("OffsetCommit", 8, committing(s, s.prefix + "simple", topic, 0))
    s.ask("without membership", {"groups": [s.prefix + "simple"]})


@script("ListGroups")
def lists(s: Session, version: int):
    topic = s.topic("t")
    settled(s, s.prefix + "stable", kind="connect")
    s.quietly("OffsetCommit", 8, committing(s, s.prefix + "simple", topic, 0))

    def mine(answer: dict) -> dict:
        return answer | {"groups": sorted((one for one in answer["groups"] if one["group_id"].startswith(s.prefix)), key=lambda one: one["group_id"])}

    s.ask("all", {"states_filter": [], "types_filter": []}, keep=mine)
    if version >= 4:
        for states in (["Stable"], ["stable"], ["empty", "dead"], ["nonsense"], ["PreparingRebalance", " STABLE "]):
            s.ask(f"states {states}", {"states_filter": states, "types_filter": []}, keep=mine)
    if version >= 5:
        for types in (["Classic"], ["classic", "consumer"], ["Consumer"], ["nonsense"], ["Share", "Streams"]):
            s.ask(f"types {types}", {"states_filter": [], "types_filter": types}, keep=mine)


@script("DeleteGroups")
def group_deletions(s: Session, version: int):
    topic, group = s.topic("t"), s.prefix + "deleted"
    member, generation = settled(s, group)
    s.quietly("OffsetCommit", 8, committing(s, group, topic, 0, member=member, generation=generation))
    s.ask("with members", {"groups_names": [group]})
    s.quietly("LeaveGroup", 2, {"group_id": group, "member_id": member})
    several = {"groups_names": [group, s.prefix + "nothing", ""]}
    s.ask("one, one that is not there, an empty name", several, keep=lambda answer: {one["group_id"] or "empty": one["error_code"] for one in answer["results"]})
    s.ask("its offsets", fetching(s, group, (topic, [0])), api="OffsetFetch", version=8)
    s.ask("once more, named twice", {"groups_names": [group, group]})
    s.ask("none", {"groups_names": []})
