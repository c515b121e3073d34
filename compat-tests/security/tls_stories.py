"""TLS with clients as they are: one way and both ways, strangers refused, names checked, stores made by keytool, certificates replaced under load."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import paths
from authority import Authority, Issued, keytool
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError
from story import Skip, fresh, story, topic, wait_for
from targets import Broker

sys.path.insert(0, str(paths.COMPAT / "kcat"))
sys.path.insert(0, str(paths.COMPAT / "tools"))

from kcat import kcat  # noqa: E402
from tool import MAIN  # noqa: E402

JVM = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", paths.CLASSPATH]
LISTENERS = ("PLAINTEXT", "SSL")


def folder() -> Path:
    paths.WORK.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="tls-", dir=paths.WORK))


def serving(issued: Issued | None, more: dict[str, str] | None = None) -> Broker:
    """A broker with a listener for TLS beside the one for itself."""
    overrides = {"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT"}
    if issued:
        overrides |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(issued.both)}
    return fresh(overrides | (more or {}), listeners=LISTENERS)


def both_ways(authority: Authority) -> dict[str, str]:
    return {"ssl.client.auth": "required", "ssl.truststore.type": "PEM", "ssl.truststore.location": str(authority.file)}


def address(broker: Broker) -> str:
    return f"localhost:{broker.ports['SSL']}"


def librdkafka(broker: Broker, authority: Authority, own: Issued | None = None, **more: str) -> dict[str, str]:
    config = {"bootstrap.servers": address(broker), "security.protocol": "SSL", "ssl.ca.location": str(authority.file)}
    config["ssl.endpoint.identification.algorithm"] = "https"
    if own:
        config |= {"ssl.certificate.location": str(own.certificate), "ssl.key.location": str(own.key)}
    return config | {key.replace("_", "."): value for key, value in more.items()}


def there_and_back_by_librdkafka(config: dict[str, str], value: str) -> None:
    name, failures = topic(), []
    producer = Producer(config)
    producer.produce(name, value.encode(), on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(30) == 0 and not failures, failures
    consumer = Consumer(config | {"group.id": name, "auto.offset.reset": "earliest"})
    consumer.subscribe([name])
    got = wait_for(lambda: consumer.poll(1.0), "the record", 30)
    assert got.value() == value.encode()
    consumer.close()


def is_refused(config: dict[str, str]) -> str:
    """What librdkafka says when it cannot connect."""
    said = []
    client = AdminClient(config | {"error_cb": lambda error: said.append(str(error)), "log_level": "0"})
    try:
        client.list_topics(timeout=4)
    except KafkaException as error:
        client.poll(0)
        return " ".join([*said, str(error)])
    raise AssertionError("it was let in")


def kafka_python(broker: Broker, authority: Authority, own: Issued | None = None) -> dict:
    config = {"bootstrap_servers": address(broker), "security_protocol": "SSL", "ssl_cafile": str(authority.file)}
    if own:
        config |= {"ssl_certfile": str(own.certificate), "ssl_keyfile": str(own.key)}
    return config


def there_and_back_by_kafka_python(config: dict) -> None:
    name = topic()
    producer = KafkaProducer(**config)
    producer.send(name, b"by kafka-python").get(timeout=30)
    producer.close()
    consumer = KafkaConsumer(name, **config, auto_offset_reset="earliest", consumer_timeout_ms=15000)
    assert next(iter(consumer)).value == b"by kafka-python"
    consumer.close()


def topics_by_tool(broker: Broker, authority: Authority, own: Issued | None = None) -> subprocess.CompletedProcess:
    lines = ["security.protocol=SSL", "ssl.truststore.type=PEM", f"ssl.truststore.location={authority.file}", "default.api.timeout.ms=60000", "request.timeout.ms=30000"]
    if own:
        lines += ["ssl.keystore.type=PEM", f"ssl.keystore.location={own.both}"]
    config = folder() / "client.properties"
    config.write_text("\n".join(lines) + "\n")
    command = [*JVM, MAIN["kafka-topics"], "--bootstrap-server", address(broker), "--command-config", str(config), "--list"]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


@story
def every_client_is_served_over_tls():
    authority = Authority(folder(), "authority")
    broker = serving(authority.issue("broker", "localhost"))
    config = librdkafka(broker, authority)
    there_and_back_by_librdkafka(config, "by librdkafka")
    there_and_back_by_kafka_python(kafka_python(broker, authority))
    options = [part for key, value in config.items() if key != "bootstrap.servers" for part in ("-X", f"{key}={value}")]
    assert "topics" in kcat("-L", *options, bootstrap=address(broker))
    done = topics_by_tool(broker, authority)
    assert done.returncode == 0, done.stdout + done.stderr


@story
def where_clients_must_show_a_certificate_those_with_one_are_served_and_others_not():
    authority = Authority(folder(), "authority")
    stranger = Authority(authority.folder, "stranger")
    broker = serving(authority.issue("broker", "localhost"), both_ways(authority))
    own, foreign = authority.issue("client"), stranger.issue("client")
    there_and_back_by_librdkafka(librdkafka(broker, authority, own), "both ways")
    there_and_back_by_kafka_python(kafka_python(broker, authority, own))
    done = topics_by_tool(broker, authority, own)
    assert done.returncode == 0, done.stdout + done.stderr
    is_refused(librdkafka(broker, authority))
    is_refused(librdkafka(broker, authority, foreign))
    done = topics_by_tool(broker, authority)
    assert done.returncode != 0 and "Ssl" in done.stdout + done.stderr, done.stdout + done.stderr
    try:
        KafkaProducer(**kafka_python(broker, authority), bootstrap_timeout_ms=4000).close()
    except KafkaError:
        pass
    else:
        raise AssertionError("kafka-python was let in without a certificate")


@story
def a_client_that_trusts_another_authority_refuses_the_broker():
    authority = Authority(folder(), "authority")
    stranger = Authority(authority.folder, "stranger")
    broker = serving(authority.issue("broker", "localhost"))
    said = is_refused(librdkafka(broker, stranger))
    assert "certificate verify failed" in said or "SSL" in said, said
    there_and_back_by_librdkafka(librdkafka(broker, authority), "still served")


@story
def a_certificate_for_another_name_is_refused_unless_names_are_not_checked():
    authority = Authority(folder(), "authority")
    broker = serving(authority.issue("broker", "elsewhere.example"))
    is_refused(librdkafka(broker, authority))
    there_and_back_by_librdkafka(librdkafka(broker, authority) | {"ssl.endpoint.identification.algorithm": "none"}, "unchecked")


@story
def stores_that_keytool_makes_are_served_from():
    home = folder()
    store, certificate = home / "broker.p12", home / "broker.crt"
    keytool("-genkeypair", "-alias", "broker", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=broker,O=Ottla", "-ext", "SAN=DNS:localhost",
            "-validity", "30", "-keystore", str(store), "-storetype", "PKCS12", "-storepass", "changeit")
    keytool("-exportcert", "-rfc", "-alias", "broker", "-keystore", str(store), "-storepass", "changeit", "-file", str(certificate))
    trust = home / "trust.p12"
    keytool("-importcert", "-alias", "broker", "-file", str(certificate), "-keystore", str(trust), "-storetype", "PKCS12", "-storepass", "changeit")
    broker = serving(None, {
        "ssl.keystore.location": str(store), "ssl.keystore.password": "changeit", "ssl.key.password": "changeit", "ssl.client.auth": "requested",
        "ssl.truststore.location": str(trust), "ssl.truststore.password": "changeit",
    })
    config = {"bootstrap.servers": address(broker), "security.protocol": "SSL", "ssl.ca.location": str(certificate)}
    there_and_back_by_librdkafka(config, "by a keystore of Java's")


@story
def a_jks_file_stops_the_start_with_the_command_that_converts_it():
    only_ottla()
    home = folder()
    store = home / "old.jks"
    keytool("-genkeypair", "-alias", "broker", "-keyalg", "RSA", "-dname", "CN=broker", "-keystore", str(store), "-storetype", "JKS",
            "-storepass", "changeit", "-keypass", "changeit")
    try:
        serving(None, {"ssl.keystore.location": str(store), "ssl.keystore.password": "changeit"})
    except RuntimeError as error:
        assert "keytool -importkeystore" in str(error), error
    else:
        raise AssertionError("it started")


@story
def certificates_are_replaced_under_load_without_a_failed_delivery():
    only_ottla()
    authority = Authority(folder(), "authority")
    later = Authority(authority.folder, "later")
    issued = authority.issue("broker", "localhost")
    trusted = authority.folder / "both.pem"
    trusted.write_bytes(authority.file.read_bytes() + later.file.read_bytes())
    broker = serving(issued)
    config = librdkafka(broker, authority) | {"ssl.ca.location": str(trusted), "retries": "0", "linger.ms": "1"}
    name, failures, delivered, is_over = topic(), [], [], threading.Event()

    def report(error, _message) -> None:
        (failures if error else delivered).append(error)

    def load() -> None:
        producer = Producer(config)
        while not is_over.is_set():
            producer.produce(name, b"x", on_delivery=report)
            producer.poll(0.002)
        producer.flush(30)

    there_and_back_by_librdkafka(config, "before")
    loading = threading.Thread(target=load)
    loading.start()
    for number, which in enumerate([later, authority, later]):
        before = shown(broker)
        new = which.issue("broker", "localhost")
        if new.both != issued.both:
            os.replace(new.both, issued.both)
        wait_for(lambda before=before: shown(broker) != before, f"replacement {number}", 20)
        there_and_back_by_librdkafka(config, f"after replacement {number}")
    is_over.set()
    loading.join()
    assert not failures and len(delivered) > 100, (failures[:3], len(delivered))


def shown(broker: Broker) -> bytes:
    """The certificate that a new connection is shown."""
    import ssl

    return ssl.get_server_certificate(("localhost", broker.ports["SSL"])).encode()


def only_ottla() -> None:
    if os.environ.get("COMPAT_TARGET") == "kafka":
        raise Skip("Apache Kafka reads JKS, and reloads when told to")
