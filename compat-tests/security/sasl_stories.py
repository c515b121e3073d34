"""Logging in: what is refused, logging in again, and the lives of SCRAM users and delegation tokens, by Kafka's own tools. All clients: client_stories.py."""

import subprocess
import time
import uuid

import install
import paths
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from speakers import BY_NAME, SPEAKERS, ask_each
from story import Skip, cases, fresh, story
from targets import Broker, target
from tokens import Issuer

MAIN = {
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-delegation-tokens": "org.apache.kafka.tools.DelegationTokenCommand",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
}
JVM = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH]
MODULE = "org.apache.kafka.common.security"
PLAIN_USERS = f'{MODULE}.plain.PlainLoginModule required username="admin" password="admin-secret" user_admin="admin-secret" user_alice="alice-secret";'
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_shared: list[Broker] = []


def settings(**more: str) -> dict[str, str]:
    return {
        "listener.security.protocol.map": "SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": PLAIN_USERS,
        "listener.name.sasl.scram-sha-256.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
        "delegation.token.secret.key": "shared-by-all-nodes",
        "connection.failed.authentication.delay.ms": "50",
    } | more


def secured() -> Broker:
    """One broker for most stories, with a SCRAM user of each mechanism."""
    if not _shared or not _shared[0].running():
        _shared[:] = [started(settings())]
        for mechanism in SCRAM:
            set_user(_shared[0], "bob", "bob-secret", mechanism)
    return _shared[0]


def started(overrides: dict[str, str]) -> Broker:
    return target()(overrides, listeners=("SASL",)).start()


def login(mechanism: str, user: str, password: str) -> dict[str, str]:
    """librdkafka's words."""
    return {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password}


def java_login(mechanism: str, user: str, password: str, *, token: bool = False) -> str:
    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    extra = ' tokenauth="true"' if token else ""
    line = f'{MODULE}.{module} required username="{user}" password="{password}"{extra};'
    return f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism={mechanism}\nsasl.jaas.config={line}\n"


def tool(broker: Broker, name: str, *arguments: str, configuration: str | None = None, fails: bool = False) -> str:
    install.kafka_jars()
    file = broker.home / f"client-{uuid.uuid4().hex}.properties"
    file.write_text(configuration or java_login("PLAIN", "admin", "admin-secret"))
    command = [*JVM, MAIN[name], "--bootstrap-server", broker.bootstrap, "--command-config", str(file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    said = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, f"{name} {arguments} exited with {done.returncode}: {said[-2000:]}"
    return said


def set_user(broker: Broker, user: str, password: str, mechanism: str) -> None:
    """By librdkafka; the life of a user below goes by Kafka's tool."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap} | login("PLAIN", "admin", "admin-secret"))
    kind = ScramMechanism.SCRAM_SHA_256 if mechanism == SCRAM[0] else ScramMechanism.SCRAM_SHA_512
    change = UserScramCredentialUpsertion(user, ScramCredentialInfo(kind, 4096), password.encode())
    for answer in admin.alter_user_scram_credentials([change]).values():
        answer.result(30)


def configs(broker: Broker, user: str, *arguments: str) -> None:
    tool(broker, "kafka-configs", "--alter", *arguments, "--entity-type", "users", "--entity-name", user)


def round_trip(broker: Broker, credentials: dict[str, str]) -> None:
    """A record there and back by librdkafka."""
    topic, failures = f"t-{uuid.uuid4().hex}", []
    common = {"bootstrap.servers": broker.bootstrap} | credentials
    producer = Producer(common | {"message.timeout.ms": "20000"})
    producer.produce(topic, b"said", on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(30) == 0 and not failures, failures
    consumer = Consumer(common | {"group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        record = consumer.poll(0.5)
        if record is not None and record.error() is None:
            assert record.value() == b"said"
            consumer.close()
            return
    raise AssertionError("the record did not come back")


def refusal(broker: Broker, credentials: dict[str, str]) -> str:
    """What librdkafka says when it is not let in."""
    said: list[str] = []
    common = {"bootstrap.servers": broker.bootstrap, "log_level": 0, "error_cb": lambda error: said.append(str(error))}
    client = AdminClient(common | credentials)
    try:
        client.list_topics(timeout=1)
    except KafkaException as error:
        client.poll(0.1)
        return " ".join([*said, str(error)])
    raise AssertionError("it was let in")


@cases(plain=("PLAIN", "alice", "alice-secret"), sha256=("SCRAM-SHA-256", "bob", "bob-secret"), sha512=("SCRAM-SHA-512", "bob", "bob-secret"))
def librdkafka_logs_in_and_a_wrong_password_does_not(mechanism, user, password):
    broker = secured()
    round_trip(broker, login(mechanism, user, password))
    for wrong in ((user, "wrong"), ("nobody", password)):
        said = refusal(broker, login(mechanism, *wrong))
        assert "uthentication fail" in said, said


@story
def kafkas_tools_log_in_and_a_wrong_password_is_told():
    broker, mechanism, user, password = secured(), SCRAM[1], "bob", "bob-secret"  # the others are spoken in the stories below
    tool(broker, "kafka-topics", "--list", configuration=java_login(mechanism, user, password))
    said = tool(broker, "kafka-topics", "--list", configuration=java_login(mechanism, user, "wrong"), fails=True)
    assert "SaslAuthenticationException" in said, said[-2000:]


@story
def a_mechanism_that_is_not_enabled_is_refused_with_those_that_are():
    broker = fresh(settings(**{"sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512"}), listeners=("SASL",))
    said = tool(broker, "kafka-topics", "--list", configuration=java_login("SCRAM-SHA-256", "a", "b"), fails=True)
    assert "SCRAM-SHA-256" in said and "SCRAM-SHA-512" in said, said[-2000:]


@story
def a_scram_user_is_made_changed_and_removed():
    broker = secured()
    mechanism, user = SCRAM[1], f"user-{uuid.uuid4().hex}"
    assert "uthentication fail" in refusal(broker, login(mechanism, user, "first"))
    configs(broker, user, "--add-config", f"{mechanism}=[iterations=8192,password=first]")
    round_trip(broker, login(mechanism, user, "first"))
    set_user(broker, user, "second", mechanism)
    assert "uthentication fail" in refusal(broker, login(mechanism, user, "first"))
    round_trip(broker, login(mechanism, user, "second"))
    assert "uthentication fail" in refusal(broker, login(SCRAM[0], user, "second")), "of the other mechanism"
    configs(broker, user, "--delete-config", mechanism)
    assert "uthentication fail" in refusal(broker, login(mechanism, user, "second"))


@story
def a_delegation_token_is_made_used_renewed_and_expired():
    broker = secured()
    made = tool(broker, "kafka-delegation-tokens", "--create", "--max-life-time-period", "-1", "--renewer-principal", "User:alice")
    columns = made.strip().splitlines()[-1].split()
    token_id, hmac = columns[0], columns[1]
    configuration = java_login("SCRAM-SHA-256", token_id, hmac, token=True)
    tool(broker, "kafka-topics", "--list", configuration=configuration)
    refused = tool(broker, "kafka-delegation-tokens", "--create", "--max-life-time-period", "-1", configuration=configuration, fails=True)
    assert "DelegationToken" in refused, refused[-2000:]
    described = tool(broker, "kafka-delegation-tokens", "--describe", "--owner-principal", "User:admin")
    assert token_id in described and "User:alice" in described, described
    alice = java_login("PLAIN", "alice", "alice-secret")
    tool(broker, "kafka-delegation-tokens", "--renew", "--renew-time-period", "3600000", "--hmac", hmac, configuration=alice)
    tool(broker, "kafka-delegation-tokens", "--expire", "--expiry-time-period", "-1", "--hmac", hmac)
    said = tool(broker, "kafka-topics", "--list", configuration=configuration, fails=True)
    assert "SaslAuthenticationException" in said, said[-2000:]


@story
def a_delegation_token_logs_java_and_franz_go_in_until_it_is_expired():
    broker, speakers = secured(), [BY_NAME["java"], BY_NAME["franz-go"]]
    made = tool(broker, "kafka-delegation-tokens", "--create", "--max-life-time-period", "-1")
    token_id, hmac = made.strip().splitlines()[-1].split()[:2]
    by_token = {"mechanism": SCRAM[0], "user": token_id, "password": hmac, "is_delegation_token": True}
    for name, said in ask_each(speakers, lambda: case_of(broker) | by_token).items():
        assert said["error"] is None, f"{name}: {said}"
    tool(broker, "kafka-delegation-tokens", "--expire", "--expiry-time-period", "-1", "--hmac", hmac)
    for name, said in ask_each(speakers, lambda: case_of(broker) | by_token).items():
        assert said["error"] and "invalid credentials with SASL mechanism SCRAM-SHA-256" in said["error"], f"{name}: {said}"


def case_of(broker: Broker) -> dict:
    """For speakers.py: alice's, with a topic of its own."""
    topic = f"t-{uuid.uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": broker.bootstrap} | login("PLAIN", "admin", "admin-secret"))
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    one = {"topic": topic, "bootstrap": broker.bootstrap, "protocol": "SASL_PLAINTEXT", "patience_s": 20}
    return one | {"mechanism": "PLAIN", "user": "alice", "password": "alice-secret"}


@story
def clients_that_never_try_again_authenticate_again_while_they_work():
    broker = fresh(settings(**{"connections.max.reauth.ms": "3000"}), listeners=("SASL",))
    left = [one for one in SPEAKERS if one.stays]
    # They begin a moment before the session ends; who is held up for longer than that by a busy machine may try once more.
    for _ in range(3):
        said = ask_each(left, lambda: case_of(broker) | {"stays_s": 7})
        left = [one for one in left if said[one.name]["error"] is not None]
        if not left:
            return
    raise AssertionError(said)


@story
def clients_authenticate_again_while_they_work():
    broker = fresh(settings(**{"connections.max.reauth.ms": "1500"}), listeners=("SASL",))
    topic, failures = f"t-{uuid.uuid4().hex}", []
    common = {"bootstrap.servers": broker.bootstrap} | login("PLAIN", "alice", "alice-secret")
    producer = Producer(common | {"linger.ms": "0"})
    deadline, sent = time.monotonic() + 6, 0
    while time.monotonic() < deadline:
        producer.produce(topic, b"said", on_delivery=lambda error, _: failures.append(error) if error else None)
        producer.poll(0.02)
        sent += 1
    assert producer.flush(30) == 0 and not failures and sent > 50, (failures[:3], sent)


@story
def a_signed_bearer_token_logs_in_and_an_expired_or_foreign_one_does_not():
    issuer = Issuer(paths.WORK / f"jwks-{uuid.uuid4().hex}.json")
    broker = with_bearer(issuer)

    def credentials(token: str) -> dict:
        return {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "OAUTHBEARER",
            "oauth_cb": lambda _: (token, time.time() + 300),
        }

    good = issuer.token("erin")
    round_trip(broker, credentials(good))
    unsecured = "eyJhbGciOiJub25lIn0." + good.split(".")[1] + "."
    for bad in (issuer.token("erin", lives_s=-300), issuer.token("erin", aud="others"), unsecured):
        said = refusal(broker, credentials(bad))
        assert "uthentication fail" in said or "invalid_token" in said, said
    broker.discard()
    issuer.keys_file.unlink()


def with_bearer(issuer: Issuer) -> Broker:
    if target().name == "kafka":
        raise Skip("Kafka wants the URL of keys allowed by a system property of its JVM")
    more = {"listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,OAUTHBEARER"} | issuer.settings("sasl")
    return fresh(settings(**more), listeners=("SASL",))
