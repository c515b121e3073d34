"""Every client at every kind of listener by every mechanism that it has, and what each says when it is not let in. One broker, one table.

A client gets all its cases at once, in one process; the clients take turns, a few at a time. A story is one cell: it looks up what was said.
"""

import functools
import re
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import paths
from authority import Authority, Issued
from confluent_kafka.admin import AdminClient, NewTopic, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from speakers import SPEAKERS, ask
from story import Skip, cases
from targets import Broker, target
from tokens import Issuer

MODULE = "org.apache.kafka.common.security"
# Listeners by name: what they speak. MUTUAL wants certificates of its clients.
LISTENERS = {"PLAINTEXT": "PLAINTEXT", "TLS": "SSL", "MUTUAL": "SSL", "SASL": "SASL_PLAINTEXT", "SASL_TLS": "SASL_SSL"}
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
SALTED = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}
AT_ONCE = 3


class Scene:
    """The broker, and who may enter."""

    def __init__(self) -> None:
        paths.WORK.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="clients-", dir=paths.WORK))
        self.authority = Authority(folder, "authority")
        self.own: Issued = self.authority.issue("client")
        self.issuer = Issuer(folder / "jwks.json")
        self.tokens = {"good": self.issuer.token("erin", 3000), "expired": self.issuer.token("erin", -300), "foreign": Issuer(folder / "foreign.json").token("erin", 3000)}
        for name, token in self.tokens.items():
            (folder / f"{name}.jwt").write_text(token)
        self.folder = folder
        self.broker: Broker = target()(self.settings(), listeners=tuple(LISTENERS))
        # Kafka reads keys only from where its JVM says that it may.
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://{self.issuer.keys_file}"
        own_environment = self.broker.environment
        self.broker.environment = lambda: own_environment() | {"JDK_JAVA_OPTIONS": allowed}
        self.broker.start()
        self.populate()

    def settings(self) -> dict[str, str]:
        issued = self.authority.issue("broker", "localhost")
        spoken = ",".join(f"{name}:{protocol}" for name, protocol in LISTENERS.items())
        settings = {
            "listener.security.protocol.map": f"{spoken},CONTROLLER:PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(issued.both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.file),
            "listener.name.mutual.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            "connection.failed.authentication.delay.ms": "50",
        }
        for listener in ("sasl", "sasl_tls"):
            settings |= {f"listener.name.{listener}.plain.sasl.jaas.config": f'{MODULE}.plain.PlainLoginModule required user_alice="alice-secret";'}
            settings |= {f"listener.name.{listener}.{name.lower()}.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;" for name in SALTED}
            settings |= self.issuer.settings(listener)
        return settings

    def populate(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.broker.bootstrap})
        topics = [NewTopic(topic_of(speaker.name), 1, 1) for speaker in SPEAKERS]
        users = [UserScramCredentialUpsertion("bob", ScramCredentialInfo(kind, 4096), b"bob-secret") for kind in SALTED.values()]
        for answer in [*admin.create_topics(topics).values(), *(admin.alter_user_scram_credentials([user])["bob"] for user in users)]:
            answer.result(30)

    def case(self, client: str, name: str, listener: str, mechanism: str = "", password: str = "", token: str = "", shows: bool = False) -> dict:
        patience_s = 2 if name in REFUSED else 20
        one = {"case": name, "patience_s": patience_s, "topic": topic_of(client), "bootstrap": f"localhost:{self.broker.ports[listener]}", "protocol": LISTENERS[listener]}
        if LISTENERS[listener].endswith("SSL"):
            one["ca"] = str(self.authority.file)
        if shows:
            one |= {"certificate": str(self.own.certificate), "key": str(self.own.key), "both": str(self.own.both)}
        if mechanism:
            one["mechanism"] = mechanism
        if token:
            one |= {"token": self.tokens[token], "token_file": str(self.folder / f"{token}.jwt")}
        elif mechanism:
            user = "alice" if mechanism == "PLAIN" else "bob"
            one |= {"user": user, "password": password or f"{user}-secret"}
        return one


def topic_of(client: str) -> str:
    return "by-" + re.sub(r"\W", "-", client)


# The table: each client's cases, by their names.
LET_IN = {"SSL": {"listener": "TLS"}, "mTLS": {"listener": "MUTUAL", "shows": True}} | {
    f"{LISTENERS[listener]}-{mechanism}": {"listener": listener, "mechanism": mechanism} | ({"token": "good"} if mechanism == "OAUTHBEARER" else {})
    for listener in ("SASL", "SASL_TLS")
    for mechanism in MECHANISMS
}
REFUSED = (
    {"no-certificate": {"listener": "MUTUAL"}}
    | {f"wrong-password-{mechanism}": {"listener": "SASL_TLS", "mechanism": mechanism, "password": "wrong"} for mechanism in ("PLAIN", *SALTED)}
    | {f"{token}-token": {"listener": "SASL_TLS", "mechanism": "OAUTHBEARER", "token": token} for token in ("expired", "foreign")}
)


@functools.cache
def everything_said() -> dict[str, Future]:
    """By client, what it says to its cases; asked for once."""
    scene, pool = Scene(), ThreadPoolExecutor(AT_ONCE)
    told = {}
    for speaker in SPEAKERS:
        speaker.needs()
        meant = {name: case for name, case in (LET_IN | REFUSED).items() if case.get("mechanism") not in speaker.cannot}
        told[speaker.name] = pool.submit(ask, speaker, [scene.case(speaker.name, name, **case) for name, case in meant.items()])
    return told


# What the broker says, word for word as Kafka does.
PASSWORD = {"PLAIN": "Authentication failed: Invalid username or password"} | {
    name: f"Authentication failed during authentication due to invalid credentials with SASL mechanism {name}" for name in SALTED
}
TOKEN = '{"status":"invalid_token"}'
# And what becomes of it: {} is the above. Of a refused token some clients take no notice and go on: Kafka answers whatever they ask, Ottla ApiVersions
# (see src/api/api_versions.rs), and kafka-python does not look at what it has received once the connection is closed.
TOLD = {
    "java": ("SaslAuthenticationException: {}", "SaslAuthenticationException: {}"),
    "librdkafka": ("code=_AUTHENTICATION.*SASL authentication error: {}", "code=_AUTHENTICATION.*SASL authentication error: {}"),
    "franz-go": ("SASL_AUTHENTICATION_FAILED: SASL Authentication failed.: {}", "unexpected data in oauth response"),
    "kafkajs": ("KafkaJSSASLAuthenticationError: SASL .* authentication failed: {}", "Request is not valid given the current SASL state|Closed connection"),
    "aiokafka": (r"\[Error 58\] SaslAuthenticationFailed: {}", "KafkaConnectionError: Unable to bootstrap|TimeoutError"),
    "kcat": ("SASL authentication error: {}", ""),
    "@platformatic/kafka": ("SASL authentication failed.", "Request is not valid given the current SASL state"),
    "kafka-python": ("Unable to bootstrap", "Unable to bootstrap"),
}


def said(client: str, name: str) -> str | None:
    told = everything_said()[client].result()
    if name not in told:
        raise Skip(next(one.cannot for one in SPEAKERS if one.name == client)[(LET_IN | REFUSED)[name]["mechanism"]])
    return told[name]["error"]


def table(names: dict[str, dict]) -> dict[str, tuple[str, str]]:
    return {f"{speaker.name} {name}": (speaker.name, name) for speaker in SPEAKERS for name in names}


@cases(**table(LET_IN))
def a_record_is_sent_and_comes_back_by(client, name):
    if target().name == "kafka" and client == "kcat" and "SCRAM" in name:
        raise Skip("Kafka 4.3 refuses SCRAM by librdkafka before 2.6.1, which Debian's kcat is built with")
    assert said(client, name) is None, said(client, name)


@cases(**table(REFUSED))
def nobody_enters_and_the_client_says_why(client, name):
    error = said(client, name)
    assert error is not None, "it was let in"
    password, token = TOLD[client]
    mechanism = REFUSED[name].get("mechanism")
    if mechanism in PASSWORD:
        assert re.search(password.format(re.escape(PASSWORD[mechanism])), error), error
    elif mechanism:
        assert re.search(token.format(re.escape(TOKEN)), error), error
