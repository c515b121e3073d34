"""Metadata: by name, by id, all, none, automatic creation, errors, authorized operations."""

from session import Session, script

ALL_ZERO = "00000000-0000-0000-0000-000000000000"
UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


def own(s: Session):
    """Keeps the script's own topics of an answer that lists all."""
    return lambda answer: answer | {"topics": [topic for topic in answer["topics"] or [] if (topic["name"] or "").startswith(s.prefix)]}


@script("Metadata")
def by_name(s: Session, version: int):
    one, two = s.topic("one"), s.topic("two", partitions=3)
    s.ask("two topics", {"topics": [{"name": one}, {"name": two}]})
    s.ask("the same topic twice", {"topics": [{"name": one}, {"name": one}]})
    s.ask("empty list", {"topics": []}, keep=own(s) if version == 0 else None)
    if version >= 1:
        s.ask("null list", {"topics": None}, keep=own(s))


@script("Metadata")
def unknown_and_invalid_names(s: Session, version: int):
    body = {"allow_auto_topic_creation": False}
    missing = {"topics": [{"name": s.prefix + "missing"}]}
    if version >= 4:
        s.ask("unknown, not created", missing | body)
        s.ask("unknown, still not created", missing | body)
    for label, name in {"empty": "", "a dot": ".", "two dots": "..", "a space": "a b", "a slash": "a/b", "250 letters": "x" * 250, "not ascii": "ü"}.items():
        s.ask(f"invalid name: {label}", {"topics": [{"name": name}]})


@script("Metadata")
def automatic_creation(s: Session, version: int):
    fresh = s.prefix + "automatic"
    s.ask("the first mention", {"topics": [{"name": fresh}]})
    s.until_served(fresh)
    s.ask("once created", {"topics": [{"name": fresh}]})
    s.ask("249 letters are created", {"topics": [{"name": (s.prefix + "y" * 249)[:249]}]})
    s.topic("collides.here")
    s.ask("a name that collides", {"topics": [{"name": s.prefix + "collides_here"}]})


@script("Metadata")
def by_id(s: Session, version: int):
    if version < 10:
        return
    one = s.topic("by-id")
    topic_id = s.topic_id(one)
    s.ask("by id", {"topics": [{"topic_id": topic_id, "name": None if version >= 12 else ""}]})
    s.ask("unknown id", {"topics": [{"topic_id": UNKNOWN_ID, "name": None if version >= 12 else ""}]})
    s.ask("known and unknown id", {"topics": [{"topic_id": topic_id, "name": None if version >= 12 else ""}, {"topic_id": UNKNOWN_ID, "name": None if version >= 12 else ""}]})
    s.ask("id and name", {"topics": [{"topic_id": topic_id, "name": one}]})
    s.ask("an id and another's name", {"topics": [{"topic_id": UNKNOWN_ID, "name": one}]})
    s.ask("an id and a name in one request", {"topics": [{"topic_id": topic_id, "name": None if version >= 12 else ""}, {"name": one}]})
    if version >= 12:
        s.ask("neither id nor name", {"topics": [{"topic_id": ALL_ZERO, "name": None}]})


@script("Metadata")
def authorized_operations(s: Session, version: int):
    one = s.topic("authorized")
    flags = {"include_topic_authorized_operations": True, "include_cluster_authorized_operations": True}
    s.ask("operations of topic and cluster", {"topics": [{"name": one}]} | flags)
    s.ask("operations, no topics", {"topics": [], "allow_auto_topic_creation": False} | flags, keep=own(s))
    if version >= 4:
        s.ask("operations of an unknown topic", {"topics": [{"name": s.prefix + "nowhere"}], "allow_auto_topic_creation": False} | flags)
