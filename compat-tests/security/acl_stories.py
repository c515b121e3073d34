"""Who may do what: lists kept by `kafka-acls`, and what clients are told who may not. `admin` is a super user, `alice` is nobody at first."""

import subprocess
import time
import uuid
from collections.abc import Callable

import install
import paths
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from story import story
from targets import Broker, target

JVM = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH]
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
USERS = f'{PLAIN} required username="admin" password="admin-secret" user_admin="admin-secret" user_alice="alice-secret";'
SETTINGS = {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "listener.name.sasl.plain.sasl.jaas.config": USERS,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # Nodes talk to each other without credentials here.
    "super.users": "User:admin;User:ANONYMOUS",
}
_shared: list[Broker] = []


def guarded() -> Broker:
    """One broker for all stories."""
    if not _shared or not _shared[0].running():
        _shared[:] = [target()(SETTINGS, listeners=("SASL",)).start()]
    return _shared[0]


def common(bootstrap: str, user: str) -> dict[str, str]:
    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": f"{user}-secret"}
    return {"bootstrap.servers": bootstrap} | login


def acl(kind: ResourceType, name: str, operation: AclOperation) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.LITERAL, "User:alice", "*", operation, AclPermissionType.ALLOW)


def allow(admin: AdminClient, *bindings: AclBinding) -> None:
    for answer in admin.create_acls(list(bindings)).values():
        answer.result(30)


def forbid(admin: AdminClient, kind: ResourceType, name: str) -> int:
    """Removes alice's entries about a resource."""
    meant = AclBindingFilter(kind, name, ResourcePatternType.LITERAL, "User:alice", None, AclOperation.ANY, AclPermissionType.ANY)
    return sum(len(answer.result(30)) for answer in admin.delete_acls([meant]).values())


def topic_of(admin: AdminClient, partitions: int = 1, replicas: int = 1) -> str:
    name = f"t-{uuid.uuid4().hex}"
    for answer in admin.create_topics([NewTopic(name, partitions, replicas)]).values():
        answer.result(30)
    return name


def kafka_acls(broker: Broker, user: str, *arguments: str) -> str:
    install.kafka_jars()
    file = broker.home / f"client-{uuid.uuid4().hex}.properties"
    line = f'{PLAIN} required username="{user}" password="{user}-secret";'
    file.write_text(f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={line}\n")
    command = [*JVM, "org.apache.kafka.tools.AclCommand", "--bootstrap-server", broker.bootstrap, "--command-config", str(file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    return done.stdout + done.stderr


def delivery_error(producer: Producer, topic: str, partition: int = 0) -> KafkaError | None:
    errors: list[KafkaError | None] = []
    try:
        producer.produce(topic, b"said", partition=partition, on_delivery=lambda error, _: errors.append(error))
    except KafkaException as error:  # it remembers what it was told of the topic
        return error.args[0]
    assert producer.flush(30) == 0, "no answer"
    return errors[0]


def soon(condition: Callable[[], object]) -> None:
    """Apache Kafka's brokers hear of a new entry a moment after its controller has answered."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "not within 10 s"
        time.sleep(0.02)


def refused_with(code: int, ask: Callable[[], object]) -> None:
    try:
        ask()
    except KafkaException as error:
        assert error.args[0].code() == code, error
        return
    raise AssertionError("it was allowed")


@story
def kafka_acls_adds_lists_and_removes_entries():
    broker, topic = guarded(), f"t-{uuid.uuid4().hex}"
    said = kafka_acls(broker, "admin", "--add", "--allow-principal", "User:alice", "--producer", "--topic", topic)
    assert "Adding ACLs" in said, said
    said = kafka_acls(broker, "admin", "--add", "--deny-principal", "User:alice", "--deny-host", "10.1.2.3", "--operation", "Read", "--topic", topic)
    said = kafka_acls(broker, "admin", "--list", "--topic", topic)
    for part in ("operation=WRITE", "operation=DESCRIBE", "operation=CREATE", "permissionType=DENY", "host=10.1.2.3", "User:alice"):
        assert part in said, said
    said = kafka_acls(broker, "admin", "--remove", "--force", "--topic", topic)
    assert "operation=" not in kafka_acls(broker, "admin", "--list", "--topic", topic), said


@story
def kafka_acls_of_somebody_without_rights_is_refused():
    broker = guarded()
    said = kafka_acls(broker, "alice", "--list")
    assert "ClusterAuthorizationException" in said, said
    said = kafka_acls(broker, "alice", "--add", "--allow-principal", "User:alice", "--operation", "All", "--cluster")
    assert "ClusterAuthorizationException" in said, said


@story
def a_producer_is_refused_until_an_entry_allows_it():
    broker = guarded()
    admin = AdminClient(common(broker.bootstrap, "admin"))
    topic = topic_of(admin)
    producer = Producer(common(broker.bootstrap, "alice") | {"message.timeout.ms": "5000"})
    assert delivery_error(producer, topic).code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    allow(admin, acl(ResourceType.TOPIC, topic, AclOperation.WRITE))
    soon(lambda: delivery_error(producer, topic) is None)
    idempotent = Producer(common(broker.bootstrap, "alice") | {"enable.idempotence": "true"})
    assert delivery_error(idempotent, topic) is None


@story
def a_topic_that_somebody_may_not_see_is_not_listed():
    broker = guarded()
    admin = AdminClient(common(broker.bootstrap, "admin"))
    shown, hidden = topic_of(admin), topic_of(admin)
    allow(admin, acl(ResourceType.TOPIC, shown, AclOperation.DESCRIBE))
    alice = AdminClient(common(broker.bootstrap, "alice"))
    soon(lambda: shown in alice.list_topics(timeout=10).topics)
    assert hidden not in alice.list_topics(timeout=10).topics
    error = alice.list_topics(hidden, timeout=10).topics[hidden].error
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error
    missing = f"missing-{uuid.uuid4().hex}"
    error = alice.list_topics(missing, timeout=10).topics[missing].error
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, "nobody learns what exists"


@story
def a_consumer_needs_its_group_and_its_topic():
    broker = guarded()
    admin = AdminClient(common(broker.bootstrap, "admin"))
    topic = topic_of(admin)
    allow(admin, acl(ResourceType.TOPIC, topic, AclOperation.READ))
    consumer = Consumer(common(broker.bootstrap, "alice") | {"group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    assert error_of(consumer).code() == KafkaError.GROUP_AUTHORIZATION_FAILED
    consumer.close()
    allow(admin, acl(ResourceType.GROUP, topic, AclOperation.READ))
    assert delivery_error(Producer(common(broker.bootstrap, "admin")), topic) is None
    consumer = Consumer(common(broker.bootstrap, "alice") | {"group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    assert polled(consumer).value() == b"said"
    forbid(admin, ResourceType.TOPIC, topic)
    assert error_of(consumer).code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    consumer.close()


def polled(consumer: Consumer):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (message := consumer.poll(0.5)) is not None:
            return message
    raise AssertionError("neither a record nor an error")


def error_of(consumer: Consumer) -> KafkaError:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (error := polled(consumer).error()) is not None:
            return error
    raise AssertionError("no error")


@story
def an_administrator_without_rights_is_refused():
    broker = guarded()
    alice = AdminClient(common(broker.bootstrap, "alice"))
    topic = topic_of(AdminClient(common(broker.bootstrap, "admin")))
    refused = KafkaError.TOPIC_AUTHORIZATION_FAILED
    refused_with(refused, lambda: topic_of(alice))
    refused_with(refused, lambda: alice.delete_topics([topic])[topic].result(30))
    entry = acl(ResourceType.TOPIC, topic, AclOperation.ALL)
    refused_with(KafkaError.CLUSTER_AUTHORIZATION_FAILED, lambda: allow(alice, entry))


@story
def kafka_python_is_told_the_same():
    install.kafka_python()
    broker = guarded()
    admin = AdminClient(common(broker.bootstrap, "admin"))
    topic = topic_of(admin)
    allow(admin, acl(ResourceType.TOPIC, topic, AclOperation.READ))
    command = [str(paths.KAFKA_PYTHON_PYTHON), str(paths.COMPAT / "security" / "refused_python.py"), broker.bootstrap, topic]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.stdout.split() == ["TopicAuthorizationFailedError", "GroupAuthorizationFailedError"], done.stdout + done.stderr
