"""CreateTopics, DeleteTopics and CreatePartitions (KIP-4, KIP-195, KIP-464, KIP-525, KIP-516)."""

from session import Session, script

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"
NIL = "00000000-0000-0000-0000-000000000000"


def new(name: str, partitions: int = 1, replicas: int = 1, configs: dict | None = None, assignments: list | None = None) -> dict:
    return {
        "name": name, "num_partitions": partitions, "replication_factor": replicas,
        "configs": [{"name": key, "value": value} for key, value in (configs or {}).items()],
        "assignments": [{"partition_index": index, "broker_ids": brokers} for index, brokers in assignments or []],
    }


def many(*topics: dict, **more) -> dict:
    return {"topics": list(topics), "timeout_ms": 10_000} | more


@script("CreateTopics")
def created(s: Session, version: int):
    name = s.prefix.__add__
    s.ask("one", many(new(name("one"))))
    s.ask("one again", many(new(name("one"))))
    if version >= 4:
        s.ask("defaults", many(new(name("defaults"), -1, -1)))
        s.ask("default partitions", many(new(name("default-partitions"), -1, 1)))
    s.ask("seven partitions and configs", many(new(name("seven"), 7, configs={"retention.ms": "1000", "cleanup.policy": "compact"})))
    s.ask("assigned", many(new(name("assigned"), -1, -1, assignments=[(0, [1]), (1, [1])])))
    s.ask("assigned backwards", many(new(name("backwards"), -1, -1, assignments=[(1, [1]), (0, [1])])))
    s.ask("two topics", many(new(name("first")), new(name("second"))))
    s.ask("no topics", many())
    s.ask("timeout 0", many(new(name("hasty")), timeout_ms=0))
    s.ask("timeout negative", many(new(name("hastier")), timeout_ms=-1))
    s.ask("validate only", many(new(name("imagined"), 3), validate_only=True))
    s.ask("validate only, it exists", many(new(name("one"), 3), validate_only=True))
    s.until_served(name("second"))
    s.ask("the imagined is not there", {"topics": [{"name": name("imagined")}], "allow_auto_topic_creation": False}, api="Metadata", version=9)


@script("CreateTopics")
def refused(s: Session, version: int):
    name = s.prefix.__add__
    for label, bad in {"empty": "", "a dot": ".", "two dots": "..", "a space": "a b", "a slash": "a/b", "250 letters": "x" * 250, "not ascii": "ü"}.items():
        s.ask(f"name: {label}", many(new(bad)))
    s.ask("249 letters", many(new((name("z") + "z" * 249)[:249])))
    for count in (0, -1, -2, -100):
        s.ask(f"{count} partitions", many(new(name(f"partitions{count}"), count)))
    for count in (0, -1, -2, 2, 32767):
        s.ask(f"{count} replicas", many(new(name(f"replicas{count}"), 1, count)))
    s.topic("has.dots")
    s.ask("collides", many(new(name("has_dots"))))
    s.ask("the same twice", many(new(name("twice")), new(name("twice"))))
    s.ask("the same twice and another", many(new(name("twice")), new(name("other")), new(name("twice"))))
    s.ask("a good and a bad", many(new(name("good")), new("bad name")))
    s.ask("too many partitions", many(new(name("huge"), 20_000)))
    s.ask("too many partitions together", many(new(name("huge"), 6_000), new(name("huger"), 6_000)))
    s.ask("two that collide", many(new(name("both.a")), new(name("both_a"))))


@script("CreateTopics")
def refused_assignments(s: Session, version: int):
    name = s.prefix.__add__
    for label, assignments in {
        "unknown broker": [(0, [5])], "negative broker": [(0, [-1])], "the same broker twice": [(0, [1, 1])], "nobody": [(0, [])], "starts at 1": [(1, [1])],
        "a gap": [(0, [1]), (2, [1])], "the same partition twice": [(0, [1]), (0, [1])], "negative partition": [(-1, [1])],
        "unequal": [(0, [1]), (1, [1, 2])],
    }.items():
        s.ask(f"assignment: {label}", many(new(name("assigned"), -1, -1, assignments=assignments)))
    s.ask("assignment and a count", many(new(name("assigned"), 1, -1, assignments=[(0, [1])])))
    s.ask("assignment and a replication factor", many(new(name("assigned"), -1, 1, assignments=[(0, [1])])))


@script("CreateTopics")
def refused_configs(s: Session, version: int):
    name = s.prefix.__add__
    for label, configs in {
        "unknown": {"no.such.key": "1"}, "not a number": {"retention.ms": "soon"}, "null": {"retention.ms": None}, "empty": {"retention.ms": ""},
        "too small": {"segment.bytes": "1"}, "too big": {"retention.ms": "99999999999999999999"}, "not a policy": {"cleanup.policy": "burn"},
        "not a boolean": {"preallocate": "maybe"}, "not a codec": {"compression.type": "rar"}, "a broker's key": {"log.retention.ms": "1"},
        "spaces around": {"retention.ms": " 5 "}, "policy list": {"cleanup.policy": "compact,delete"}, "policy twice": {"cleanup.policy": "delete,delete"},
        "empty policy": {"cleanup.policy": ""}, "level out of range": {"compression.gzip.level": "50"}, "fraction": {"min.cleanable.dirty.ratio": "2"},
        "min ISR 0": {"min.insync.replicas": "0"}, "min ISR 2": {"min.insync.replicas": "2"}, "lags crossed": {"min.compaction.lag.ms": "10", "max.compaction.lag.ms": "5"},
        "throttled": {"leader.replication.throttled.replicas": "0:1,1:1"}, "throttled wrongly": {"leader.replication.throttled.replicas": "x"},
        "tiered": {"remote.storage.enable": "true"}, "good": {"max.message.bytes": "0"}, "negative size": {"max.message.bytes": "-1"},
    }.items():
        s.ask(f"config: {label}", many(new(name(f"config-{label.replace(' ', '-')}"), configs=configs)))
    twice = new(name("config-key-twice"))
    twice["configs"] = [{"name": "retention.ms", "value": "1"}, {"name": "retention.ms", "value": "2"}]
    s.ask("config: the same key twice", many(twice))


@script("DeleteTopics")
def deleted(s: Session, version: int):
    one, two, three = s.topic("one"), s.topic("two"), s.topic("three")

    def names(*found: str) -> dict:
        return {"topic_names": list(found), "topics": [{"name": name} for name in found], "timeout_ms": 10_000}

    s.ask("one", names(one))
    s.until(lambda: s.ends(one)[0]["error_code"] == 3)
    s.ask("one again", names(one))
    s.ask("unknown", names("never-created"))
    s.ask("invalid name", names("bad name"))
    s.ask("empty name", names(""))
    s.ask("no topics", names())
    s.ask("the same twice", names(two, two))
    s.ask("one known, one unknown", names(three, "never-created"))
    s.ask("timeout 0", names(s.topic("hasty")) | {"timeout_ms": 0})
    s.ask("an internal name that is not there", names("__consumer_offsets"))


@script("DeleteTopics")
def deleted_by_id(s: Session, version: int):
    if version < 6:
        return
    one, two = s.topic("by-id"), s.topic("by-id-too")
    first, second = s.topic_id(one), s.topic_id(two)
    s.ask("unknown id", {"topics": [{"topic_id": UNKNOWN_ID}]})
    s.ask("neither", {"topics": [{"topic_id": NIL, "name": None}]})
    s.ask("both", {"topics": [{"topic_id": first, "name": one}]})
    s.ask("id and, apart, its name", {"topics": [{"topic_id": first}, {"name": one}]})
    s.ask("the same id twice", {"topics": [{"topic_id": second}, {"topic_id": second}]})
    s.ask("known and unknown id", {"topics": [{"topic_id": second}, {"topic_id": UNKNOWN_ID}]})
    s.ask("by id", {"topics": [{"topic_id": first}]})


@script("CreatePartitions")
def grown(s: Session, version: int):
    topic = s.topic("grown", partitions=2)

    def grow(name: str, count: int, assignments: list | None = None) -> dict:
        return {"name": name, "count": count, "assignments": None if assignments is None else [{"broker_ids": brokers} for brokers in assignments]}

    s.ask("validate only", many(grow(topic, 9), validate_only=True))
    s.ask("to four", many(grow(topic, 4)))
    s.until_served(topic, 4)
    s.ask("to four again", many(grow(topic, 4)))
    for count in (3, 1, 0, -1):
        s.ask(f"to {count}", many(grow(topic, count)))
    s.ask("unknown topic", many(grow("never-created", 3)))
    s.ask("invalid name", many(grow("bad name", 3)))
    s.ask("no topics", many())
    s.ask("the same twice", many(grow(topic, 6), grow(topic, 7)))
    s.ask("known and unknown", many(grow(s.topic("other"), 2), grow("never-created", 2)))
    for label, assignments in {
        "right": [[1]], "none": [], "too many": [[1], [1]], "unknown broker": [[7]], "twice the same": [[1, 1]], "nobody": [[]], "negative": [[-1]],
    }.items():
        s.ask(f"assignment: {label}", many(grow(topic, 5, assignments), validate_only=True))
    s.ask("assigned", many(grow(topic, 5, [[1]])))
    s.ask("too many for one request", many(grow(topic, 20_000), validate_only=True))
    s.ask("timeout 0", many(grow(s.topic("hasty"), 2), timeout_ms=0))
    s.until_served(topic, 5)
    s.ask("what it is now", {"topics": [{"name": topic}]}, api="Metadata", version=9)
