"""DescribeConfigs, AlterConfigs, IncrementalAlterConfigs, ListConfigResources (KIP-133, KIP-226, KIP-339, KIP-569, KIP-1142)."""

from session import Session, script

TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)


def asked(kind: int, name: str, keys: list[str] | None = None) -> dict:
    return {"resource_type": kind, "resource_name": name, "configuration_keys": keys}


def resources(*entries: dict, **more) -> dict:
    return {"resources": list(entries)} | more


@script("DescribeConfigs")
def topics(s: Session, version: int):
    plain, changed = s.topic("plain"), s.topic("changed", retention_ms="1000", cleanup_policy="compact,delete")
    rich = {"include_synonyms": True, "include_documentation": True}
    s.ask("every config", resources(asked(TOPIC, plain)))
    s.ask("every config with synonyms and documentation", resources(asked(TOPIC, plain), **rich))
    s.ask("changed", resources(asked(TOPIC, changed, ["retention.ms", "cleanup.policy", "segment.bytes"]), **rich))
    s.ask("no keys", resources(asked(TOPIC, plain, [])))
    s.ask("unknown key", resources(asked(TOPIC, plain, ["no.such.key"])))
    s.ask("known and unknown key", resources(asked(TOPIC, plain, ["retention.ms", "no.such.key"])))
    s.ask("unknown topic", resources(asked(TOPIC, "never-created")))
    s.ask("invalid topic", resources(asked(TOPIC, "bad name")))
    s.ask("empty topic", resources(asked(TOPIC, "")))
    s.ask("two topics", resources(asked(TOPIC, plain, ["retention.ms"]), asked(TOPIC, changed, ["retention.ms"])))
    s.ask("the same topic twice", resources(asked(TOPIC, plain, ["retention.ms"]), asked(TOPIC, plain, ["segment.bytes"])))
    s.ask("no resources", resources())


@script("DescribeConfigs")
def brokers(s: Session, version: int):
    rich = {"include_synonyms": True, "include_documentation": True}
    s.ask("this broker", resources(asked(BROKER, "1"), **rich))
    s.ask("some keys", resources(asked(BROKER, "1", ["log.retention.ms", "log.retention.hours", "log.dirs", "num.io.threads", "sasl.jaas.config"]), **rich))
    s.ask("the cluster's default", resources(asked(BROKER, ""), **rich))
    s.ask("another broker", resources(asked(BROKER, "2")))
    s.ask("a broker that is no number", resources(asked(BROKER, "one")))


@script("DescribeConfigs")
def others(s: Session, version: int):
    for kind in (0, 1, 3, 5, 64, -1, 127):
        s.ask(f"resource type {kind}", resources(asked(kind, "x")))
    s.ask("a logger of another broker", resources(asked(LOGGER, "2")))
    s.ask("a logger of no broker", resources(asked(LOGGER, "")))
    s.ask("a logger of a broker that is no number", resources(asked(LOGGER, "one")))
    rich = {"include_synonyms": True, "include_documentation": True}
    s.ask("the root logger", resources(asked(LOGGER, "1", ["root"]), **rich))
    s.ask("the root logger, plainly", resources(asked(LOGGER, "1", ["root"])))
    s.ask("a logger that does not exist", resources(asked(LOGGER, "1", ["no.such.logger"])))


def legacy(kind: int, name: str, configs: dict) -> dict:
    return {"resource_type": kind, "resource_name": name, "configs": [{"name": key, "value": value} for key, value in configs.items()]}


def shown(s: Session, label: str, topic: str, keys: list[str]) -> None:
    s.ask(label, resources(asked(TOPIC, topic, keys), include_synonyms=True), api="DescribeConfigs", version=4)


def settled(s: Session, topic: str, key: str, value: str) -> None:
    def now():
        (found,) = s.quietly("DescribeConfigs", 4, resources(asked(TOPIC, topic, [key])))["results"][0]["configs"]
        return found["value"] == value

    s.until(now)


@script("AlterConfigs")
def replaced(s: Session, version: int):
    topic = s.topic("replaced", retention_ms="1000", segment_bytes="2000000")
    s.ask("validate only", resources(legacy(TOPIC, topic, {"retention.ms": "5"}), validate_only=True))
    s.ask("one key replaces all", resources(legacy(TOPIC, topic, {"max.message.bytes": "5000"})))
    settled(s, topic, "max.message.bytes", "5000")
    shown(s, "after replacing", topic, ["retention.ms", "segment.bytes", "max.message.bytes"])
    s.ask("nothing", resources(legacy(TOPIC, topic, {})))
    settled(s, topic, "max.message.bytes", "1048588")
    shown(s, "after nothing", topic, ["retention.ms", "segment.bytes", "max.message.bytes"])
    for label, configs in {
        "unknown key": {"no.such.key": "1"}, "bad value": {"retention.ms": "soon"}, "null value": {"retention.ms": None}, "a good and a bad": {"retention.ms": "1", "preallocate": "x"},
    }.items():
        s.ask(label, resources(legacy(TOPIC, topic, configs)))
    s.ask("unknown topic", resources(legacy(TOPIC, "never-created", {"retention.ms": "1"})))
    s.ask("invalid topic", resources(legacy(TOPIC, "bad name", {"retention.ms": "1"})))
    s.ask("empty topic", resources(legacy(TOPIC, "", {"retention.ms": "1"})))
    if version == 2:  # Apache Kafka never answers this one, so once is enough
        s.ask("the same topic twice", resources(legacy(TOPIC, topic, {"retention.ms": "1"}), legacy(TOPIC, topic, {"retention.ms": "2"})))
    s.ask("a known and an unknown topic", resources(legacy(TOPIC, topic, {"retention.ms": "9"}), legacy(TOPIC, "never-created", {"retention.ms": "1"})))
    s.ask("resource type 3", resources(legacy(3, "x", {"a": "b"})))
    s.ask("loggers", resources(legacy(LOGGER, "1", {"root": "INFO"})))
    s.ask("another broker", resources(legacy(BROKER, "2", {"log.cleaner.threads": "2"})))
    s.ask("a broker that is no number", resources(legacy(BROKER, "one", {"log.cleaner.threads": "2"})))
    s.ask("a read-only key of this broker", resources(legacy(BROKER, "1", {"log.dirs": "/x"})))
    s.ask("no resources", resources())


def step(name: str, value: str | None, operation: int = SET) -> dict:
    return {"name": name, "value": value, "config_operation": operation}


def incremental(kind: int, name: str, *steps: dict) -> dict:
    return {"resource_type": kind, "resource_name": name, "configs": list(steps)}


@script("IncrementalAlterConfigs")
def topic_steps(s: Session, version: int):
    topic = s.topic("stepped", retention_ms="1000")
    show = ["retention.ms", "segment.bytes", "cleanup.policy", "leader.replication.throttled.replicas"]

    def ask(label: str, *steps: dict, **more):
        return s.ask(label, resources(incremental(TOPIC, topic, *steps), **more))

    ask("validate only", step("retention.ms", "5"), validate_only=True)
    ask("set", step("retention.ms", "2000"))
    settled(s, topic, "retention.ms", "2000")
    ask("append to the default", step("cleanup.policy", "compact", APPEND))
    settled(s, topic, "cleanup.policy", "delete,compact")
    ask("append what is there", step("cleanup.policy", "compact", APPEND))
    ask("subtract", step("cleanup.policy", "delete", SUBTRACT))
    settled(s, topic, "cleanup.policy", "compact")
    ask("subtract what is not there", step("cleanup.policy", "delete", SUBTRACT))
    ask("append two", step("leader.replication.throttled.replicas", "0:1,1:1", APPEND))
    settled(s, topic, "leader.replication.throttled.replicas", "0:1,1:1")
    shown(s, "so far", topic, show)
    ask("delete", step("retention.ms", None, DELETE))
    settled(s, topic, "retention.ms", "-1")
    ask("delete what is not set", step("segment.bytes", None, DELETE))
    ask("delete with a value", step("cleanup.policy", "ignored", DELETE))
    settled(s, topic, "cleanup.policy", "delete")
    shown(s, "at last", topic, show)
    for label, steps in {
        "append to a number": [step("retention.ms", "5", APPEND)], "subtract from a number": [step("retention.ms", "5", SUBTRACT)],
        "null value": [step("retention.ms", None)], "append null": [step("cleanup.policy", None, APPEND)], "unknown key": [step("no.such.key", "1")],
        "delete an unknown key": [step("no.such.key", None, DELETE)], "bad value": [step("retention.ms", "soon")], "operation 4": [step("retention.ms", "5", 4)],
        "operation -1": [step("retention.ms", "5", -1)], "the same key twice": [step("retention.ms", "5"), step("retention.ms", "6")],
        "a good and a bad": [step("retention.ms", "77"), step("preallocate", "x")], "nothing": [], "append a bad policy": [step("cleanup.policy", "burn", APPEND)],
        "tiered storage": [step("remote.storage.enable", "true")], "level out of range": [step("compression.zstd.level", "99")],
    }.items():
        ask(f"wrong: {label}", *steps)
    shown(s, "unchanged by what was refused", topic, show)


@script("IncrementalAlterConfigs")
def other_resources(s: Session, version: int):
    def ask(label: str, *entries: dict, **more):
        return s.ask(label, resources(*entries, **more))

    topic, one = s.topic("known"), step("retention.ms", "5")
    ask("unknown topic", incremental(TOPIC, "never-created", one))
    ask("invalid topic", incremental(TOPIC, "bad name", one))
    ask("empty topic", incremental(TOPIC, "", one))
    ask("the same topic twice", incremental(TOPIC, topic, one), incremental(TOPIC, topic, step("segment.bytes", "3000000")))
    ask("a known and an unknown topic", incremental(TOPIC, topic, one), incremental(TOPIC, "never-created", one))
    ask("no resources")
    for kind in (0, 1, 3, 64):
        ask(f"resource type {kind}", incremental(kind, "x", one))
    ask("another broker", incremental(BROKER, "2", step("log.cleaner.threads", "2")))
    ask("a broker that is no number", incremental(BROKER, "one", step("log.cleaner.threads", "2")))
    for key, value in {
        "log.dirs": "/x", "num.partitions": "3", "node.id": "5", "broker.id": "5", "no.such.key": "1", "log.cleaner.threads": "none", "num.io.threads": "1000",
        "listeners": "nonsense", "message.max.bytes": "-1", "min.insync.replicas": "2", "socket.request.max.bytes": "5",
    }.items():
        ask(f"this broker: {key}={value}", incremental(BROKER, "1", step(key, value)), validate_only=True)
        ask(f"every broker: {key}={value}", incremental(BROKER, "", step(key, value)), validate_only=True)


@script("IncrementalAlterConfigs")
def broker_steps(s: Session, version: int):
    show = ["log.retention.ms", "log.retention.minutes", "message.max.bytes", "log.cleaner.threads", "log.segment.bytes"]

    def described(label: str):
        s.ask(label, resources(asked(BROKER, "1", show), asked(BROKER, "", show), include_synonyms=True), api="DescribeConfigs", version=4)

    def settled_broker(key: str, value: str):
        s.until(lambda: [entry["value"] for entry in s.quietly("DescribeConfigs", 4, resources(asked(BROKER, "1", [key])))["results"][0]["configs"]] == [value])

    described("before")
    s.ask("every broker", resources(incremental(BROKER, "", step("message.max.bytes", "2000000"), step("log.segment.bytes", "50000000"))))
    settled_broker("log.segment.bytes", "50000000")
    s.ask("this broker", resources(incremental(BROKER, "1", step("message.max.bytes", "3000000"))))
    settled_broker("message.max.bytes", "3000000")
    described("both set")
    topic = s.topic("inherits")
    shown(s, "a topic inherits", topic, ["max.message.bytes", "segment.bytes"])
    s.ask("undo this broker", resources(incremental(BROKER, "1", step("message.max.bytes", None, DELETE))))
    settled_broker("message.max.bytes", "2000000")
    s.ask("undo every broker", resources(incremental(BROKER, "", step("message.max.bytes", None, DELETE), step("log.segment.bytes", None, DELETE))))
    settled_broker("message.max.bytes", "1048588")
    settled_broker("log.segment.bytes", "1073741824")
    described("after")


@script("IncrementalAlterConfigs")
def loggers(s: Session, version: int):
    requests = "kafka.request.logger"

    def level(label: str):
        s.ask(label, resources(asked(LOGGER, "1", ["root", requests]), include_synonyms=True), api="DescribeConfigs", version=4)

    def ask(label: str, *steps: dict, name: str = "1", **more):
        s.ask(label, resources(incremental(LOGGER, name, *steps), **more))

    level("before")
    ask("validate only", step("root", "WARN"), validate_only=True)
    level("only validated")
    for word in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
        ask(f"set to {word}", step(requests, word))
        level(f"is {word}")
    ask("back to the root", step(requests, None, DELETE))
    level("as the root")
    ask("set the root", step("root", "WARN"))
    level("both follow")
    ask("and back", step("root", "INFO"))
    level("both are back")
    for label, steps in {
        "no such logger": [step("no.such.logger", "INFO")], "unset no such logger": [step("no.such.logger", None, DELETE)], "unset the root": [step("root", None, DELETE)],
        "OFF": [step("root", "OFF")], "small letters": [step("root", "info")], "empty": [step("root", "")], "null": [step("root", None)], "empty name": [step("", "INFO")],
        "append": [step("root", "INFO", APPEND)], "subtract": [step("root", "INFO", SUBTRACT)], "operation 4": [step("root", "INFO", 4)], "twice": [step("root", "WARN"), step("root", "INFO")],
        "a good and a bad": [step(requests, "ERROR"), step("root", "LOUD")], "nothing": [], "delete with a value": [step(requests, "INFO", DELETE)],
    }.items():
        ask(f"wrong: {label}", *steps)
    level("unchanged by what was refused")
    for name in ("2", "one", "", "-1", "01", "+1"):
        ask(f"of broker '{name}'", step("root", "INFO"), name=name)
    one, topic = incremental(LOGGER, "1", step("root", "INFO")), s.topic("beside")
    s.ask("the same broker twice", resources(one, one))
    s.ask("beside a topic", resources(incremental(TOPIC, topic, step("retention.ms", "5")), one))
    s.ask("another broker twice", resources(incremental(BROKER, "2", step("a", "b")), incremental(BROKER, "2", step("a", "b"))))


@script("ListConfigResources")
def listed(s: Session, version: int):
    def own(answer: dict) -> dict:
        return answer | {"config_resources": [entry for entry in answer["config_resources"] if entry.get("resource_type") != TOPIC or entry["resource_name"].startswith(s.prefix)]}

    s.topic("listed")
    s.ask("all", {"resource_types": []}, keep=own)
    if version >= 1:
        for kind in (TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP):
            s.ask(f"type {kind}", {"resource_types": [kind]}, keep=own)
        s.ask("two types", {"resource_types": [TOPIC, BROKER]}, keep=own)
        s.ask("a type twice", {"resource_types": [BROKER, BROKER]}, keep=own)
        for kind in (0, 1, 3, 64, -1):
            s.ask(f"unknown type {kind}", {"resource_types": [kind]}, keep=own)
