"""ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments, UnregisterBroker, UpdateFeatures (KIP-183, 455, 460, 584, 631, 860), AddRaftVoter and
RemoveRaftVoter (KIP-853)."""

from session import Session, script

ELR = "eligible.leader.replicas.version"
UPGRADE, SAFE, UNSAFE = 1, 2, 3


@script("ElectLeaders")
def elections(s: Session, version: int):
    topic = s.topic("led", partitions=2)
    kinds = {"preferred": 0} if version == 0 else {"preferred": 0, "unclean": 1, "unknown": 2, "negative": -1}
    for name, kind in kinds.items():
        asked = {"election_type": kind, "timeout_ms": 10_000}
        s.ask(f"{name}: what is led", asked | {"topic_partitions": [{"topic": topic, "partitions": [0, 1]}]})
        s.ask(f"{name}: unknown partition", asked | {"topic_partitions": [{"topic": topic, "partitions": [0, 9, -1]}]})
        s.ask(f"{name}: unknown topic", asked | {"topic_partitions": [{"topic": "never-created", "partitions": [0]}]})
        s.ask(f"{name}: no partitions", asked | {"topic_partitions": [{"topic": topic, "partitions": []}]})
        s.ask(f"{name}: nothing", asked | {"topic_partitions": []})

    def own(answer: dict) -> dict:
        return answer | {"replica_election_results": [one for one in answer["replica_election_results"] if one["topic"] == topic]}

    s.ask("everything", {"election_type": 0, "topic_partitions": None, "timeout_ms": 10_000}, keep=own)


@script("AlterPartitionReassignments")
def reassignments(s: Session, version: int):
    topic = s.topic("moved", partitions=2)

    def ask(label: str, *targets: tuple[str, int, list[int] | None], **more):
        topics = [{"name": name, "partitions": [{"partition_index": index, "replicas": replicas}]} for name, index, replicas in targets]
        s.ask(label, {"timeout_ms": 10_000, "topics": topics} | more)

    ask("where it is", (topic, 0, [1]))
    ask("nothing")
    ask("to nobody", (topic, 0, []))
    ask("twice to the same", (topic, 0, [1, 1]))
    ask("to an unknown broker", (topic, 0, [7]))
    ask("to a negative broker", (topic, 0, [-1]))
    ask("to a known and an unknown broker", (topic, 0, [1, 7]))
    ask("an unknown partition", (topic, 9, [1]))
    ask("an unknown topic", ("never-created", 0, [1]))
    ask("cancel what is not under way", (topic, 0, None))
    ask("cancel an unknown partition", (topic, 9, None))
    ask("cancel an unknown topic", ("never-created", 0, None))
    ask("a good and a bad", (topic, 0, [1]), (topic, 1, [7]))
    if version >= 1:
        ask("the factor stays", (topic, 0, [1]), allow_replication_factor_change=False)
        ask("the factor changes and may not", (topic, 0, [1, 7]), allow_replication_factor_change=False)


@script("ListPartitionReassignments")
def listed(s: Session, version: int):
    topic = s.topic("still", partitions=2)

    def named(*indexes: int, name: str = topic) -> dict:
        return {"topics": [{"name": name, "partition_indexes": list(indexes)}]}

    s.ask("everything", {"topics": None})
    s.ask("nothing", {"topics": []})
    s.ask("a partition at rest", named(0))
    s.ask("no partitions", named())
    s.ask("an unknown partition", named(9))
    s.ask("an unknown topic", named(0, name="never-created"))


@script("UnregisterBroker")
def unregistered(s: Session, version: int):
    s.ask("an unknown broker", {"broker_id": 77})
    s.ask("a negative broker", {"broker_id": -1})


@script("UpdateFeatures")
def features(s: Session, version: int):
    def ask(label: str, *updates: tuple[str, int, int], **more):
        kind = (lambda it: {"allow_downgrade": it != UPGRADE}) if version == 0 else (lambda it: {"upgrade_type": it})
        changes = [{"feature": feature, "max_version_level": level} | kind(it) for feature, level, it in updates]
        s.ask(label, {"timeout_ms": 10_000, "feature_updates": changes} | more)

    ask("nothing")
    ask("the level that is", (ELR, 1, UPGRADE))
    ask("a level too high", (ELR, 2, UPGRADE))
    ask("a negative level", (ELR, -1, UPGRADE))
    ask("a feature that does not exist", ("no.such.feature", 1, UPGRADE))
    ask("an empty name", ("", 1, UPGRADE))
    ask("down without saying so", (ELR, 0, UPGRADE))
    ask("a good and a bad", (ELR, 1, UPGRADE), ("no.such.feature", 1, UPGRADE))
    ask("metadata too high", ("metadata.version", 99, UPGRADE))
    ask("metadata too low", ("metadata.version", 1, UPGRADE))
    ask("quorum too high", ("kraft.version", 9, UPGRADE))
    ask("the quorum level that is", ("kraft.version", 1, UPGRADE))
    if version >= 1:
        ask("metadata down", ("metadata.version", 20, SAFE))
        ask("metadata down unsafely", ("metadata.version", 20, UNSAFE))
        ask("quorum down", ("kraft.version", 0, SAFE))
        ask("an unknown kind", (ELR, 0, 9))
        ask("up called down", (ELR, 1, SAFE))
        ask("down, tried only", (ELR, 0, SAFE), validate_only=True)
        ask("down", (ELR, 0, SAFE))
        ask("up again, called down", (ELR, 1, SAFE))
        ask("up again, tried only", (ELR, 1, UPGRADE), validate_only=True)
        ask("up again", (ELR, 1, UPGRADE))


DIRECTORY, NIL = "11111111-2222-4333-8444-555555555555", "00000000-0000-0000-0000-000000000000"


@script("AddRaftVoter")
def voters_added(s: Session, version: int):
    def ask(label: str, voter: int = 2, directory: str = DIRECTORY, listeners: list | None = None, **more):
        where = [{"name": "CONTROLLER", "host": "localhost", "port": 1}] if listeners is None else listeners
        s.ask(label, {"cluster_id": None, "timeout_ms": 300, "voter_id": voter, "voter_directory_id": directory, "listeners": where} | more)

    ask("another cluster", cluster_id="another")
    ask("a negative voter", -1)
    ask("without a directory", directory=NIL)
    ask("without listeners", listeners=[])
    ask("who votes already", 1)


@script("RemoveRaftVoter")
def voters_removed(s: Session, version: int):
    def ask(label: str, voter: int, directory: str = DIRECTORY, **more):
        s.ask(label, {"cluster_id": None, "voter_id": voter, "voter_directory_id": directory} | more)

    ask("another cluster", 1, cluster_id="another")
    ask("a negative voter", -1)
    ask("without a directory", 1, NIL)
    ask("who does not vote", 7)
    ask("the voter in another directory", 1)
