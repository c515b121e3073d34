"""Quotas as their users meet them: set with kafka-configs, felt by librdkafka, kafka-python and Kafka's own producer."""

import re
import subprocess
import time
import uuid

import install
import paths
from confluent_kafka import Consumer, Producer
from speakers import BY_NAME, ask_each
from story import story
from targets import Broker, target

MAIN = {
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
}
JVM = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", paths.CLASSPATH]
# A short window, so that stories about it are short.
WINDOW = {"quota.window.num": "2", "controller.quota.window.num": "2"}
# kafka-python lives in an environment of its own.
SNAKE = """
import sys, time
from kafka import KafkaProducer
producer = KafkaProducer(bootstrap_servers=sys.argv[1], client_id="snake", linger_ms=0, batch_size=1)
for _ in range(15):
    producer.send(sys.argv[2], b"x" * 5000).get(timeout=60)
time.sleep(0.5)
print(max(group.get("throttle-time-max", 0) for group in producer.metrics().values()))
producer.close(timeout=10)
"""
_shared: list[Broker] = []


def limited() -> Broker:
    if not _shared or not _shared[0].running():
        _shared[:] = [target()(WINDOW).start()]
    return _shared[0]


def tool(name: str, *arguments: str, fails: bool = False) -> str:
    install.kafka_jars()
    command = [*JVM, MAIN[name], *arguments]
    done = subprocess.run([*command, "--bootstrap-server", limited().bootstrap], capture_output=True, text=True, timeout=90)
    assert (done.returncode != 0) == fails, f"{name} {arguments} exited with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout + done.stderr


def configs(*arguments: str, fails: bool = False) -> str:
    return tool("kafka-configs", *arguments, fails=fails)


def set_limit(kind: str, name: str, limits: str) -> None:
    configs("--alter", "--entity-type", kind, "--entity-name", name, "--add-config", limits)


def created() -> str:
    name = f"quota-{uuid.uuid4().hex[:8]}"
    tool("kafka-topics", "--create", "--topic", name, "--partitions", "1", "--replication-factor", "1")
    return name


@story
def kafka_configs_sets_describes_and_deletes_the_limits_of_users_and_clients():
    both = ("--entity-type", "users", "--entity-name", "ann", "--entity-type", "clients", "--entity-name", "app")
    configs("--alter", *both, "--add-config", "producer_byte_rate=1024,consumer_byte_rate=2048")
    configs("--alter", "--entity-type", "users", "--entity-default", "--add-config", "request_percentage=150")
    said = configs("--describe", *both)
    assert "user-principal 'ann', client-id 'app'" in said and "producer_byte_rate=1024.0" in said and "consumer_byte_rate=2048.0" in said, said
    said = configs("--describe", "--entity-type", "users", "--entity-default")
    assert "the default user-principal" in said and "request_percentage=150.0" in said, said
    configs("--alter", *both, "--delete-config", "producer_byte_rate")
    said = configs("--describe", *both)
    assert "producer_byte_rate" not in said and "consumer_byte_rate=2048.0" in said, said
    configs("--alter", *both, "--delete-config", "consumer_byte_rate")
    configs("--alter", "--entity-type", "users", "--entity-default", "--delete-config", "request_percentage")
    assert "consumer_byte_rate" not in configs("--describe", *both)


@story
def kafka_configs_sets_the_connection_rate_of_an_address():
    address = ("--entity-type", "ips", "--entity-name", "10.1.2.3")
    configs("--alter", *address, "--add-config", "connection_creation_rate=7")
    assert "connection_creation_rate=7" in configs("--describe", *address)
    configs("--alter", *address, "--delete-config", "connection_creation_rate")


@story
def a_limit_that_makes_no_sense_is_refused_with_the_reason():
    said = configs("--alter", "--entity-type", "clients", "--entity-name", "app", "--add-config", "producer_byte_rate=0", fails=True)
    assert "must be greater than 0" in said, said


@story
def librdkafka_is_told_that_it_is_throttled_and_loses_nothing():
    name, told = created(), []
    set_limit("clients", "noisy", "producer_byte_rate=50000")
    producer = Producer(
        {"bootstrap.servers": limited().bootstrap, "client.id": "noisy", "linger.ms": 0, "batch.num.messages": 10, "throttle_cb": told.append}
    )
    delivered = []
    for _ in range(40):
        producer.produce(name, b"x" * 5000, on_delivery=lambda error, _: delivered.append(error))
        producer.poll(0.05)
    assert producer.flush(60) == 0
    assert delivered == [None] * 40, delivered
    producer.poll(0.5)
    assert any(event.throttle_time > 0 for event in told), told


@story
def a_consumer_over_its_limit_reads_everything_in_the_end_and_not_too_fast():
    name = created()
    producer = Producer({"bootstrap.servers": limited().bootstrap, "linger.ms": 0})
    for _ in range(60):
        producer.produce(name, b"x" * 5000)
        producer.flush(10)
    set_limit("clients", "reader", "consumer_byte_rate=60000")
    consumer = Consumer(
        {"bootstrap.servers": limited().bootstrap, "client.id": "reader", "group.id": name, "auto.offset.reset": "earliest", "fetch.max.bytes": 20000}
        | {"message.max.bytes": 20000, "max.partition.fetch.bytes": 20000}
    )
    consumer.subscribe([name])
    read, began = 0, None
    deadline = time.monotonic() + 60
    while read < 60 and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message and not message.error():
            began = began or time.monotonic()
            read += 1
    took = time.monotonic() - began
    consumer.close()
    assert read == 60, read
    # 300 kB at 60 kB/s, less a window's burst.
    assert took > 2, took


@story
def kafka_python_measures_that_it_is_throttled():
    set_limit("clients", "snake", "producer_byte_rate=20000")
    command = [str(paths.KAFKA_PYTHON_PYTHON), "-c", SNAKE, limited().bootstrap, created()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0 and float(done.stdout) > 0, done.stdout + done.stderr


@story
def java_franz_go_and_kafkajs_are_told_that_they_are_throttled_and_go_on():
    speakers = [BY_NAME[name] for name in ("java", "franz-go", "kafkajs")]
    configs("--alter", "--entity-type", "clients", "--entity-default", "--add-config", "producer_byte_rate=20000")
    try:
        case = {"bootstrap": limited().bootstrap, "protocol": "PLAINTEXT", "patience_s": 20, "stays_s": 4}
        for name, said in ask_each(speakers, lambda: case | {"topic": created()}).items():
            assert said["error"] is None and said["throttled_ms"] > 0, f"{name}: {said}"
    finally:
        configs("--alter", "--entity-type", "clients", "--entity-default", "--delete-config", "producer_byte_rate")


@story
def kafkas_own_producer_is_held_to_its_rate():
    name = created()
    set_limit("clients", "perf", "producer_byte_rate=200000")
    properties = ["bootstrap.servers=" + limited().bootstrap, "client.id=perf", "linger.ms=0"]
    said = subprocess.run(
        [*JVM, MAIN["kafka-producer-perf-test"], "--topic", name, "--num-records", "1500", "--record-size", "1000", "--throughput", "-1"]
        + ["--producer-props", *properties],
        capture_output=True,
        text=True,
        timeout=90,
    ).stdout
    rate = float(re.findall(r"\(([\d.]+) MB/sec\)", said)[-1])
    assert "1500 records sent" in said and rate < 0.35, said


@story
def a_client_that_creates_too_many_partitions_is_made_to_wait():
    def created(partitions: int, fails: bool = False) -> str:
        name = f"many-{uuid.uuid4().hex[:6]}"
        return tool("kafka-topics", "--create", "--topic", name, "--partitions", str(partitions), "--replication-factor", "1", fails=fails)

    configs("--alter", "--entity-type", "users", "--entity-default", "--add-config", "controller_mutation_rate=2")
    try:
        # Taken whole from what a rested client may; at two in a second it is a minute and a half until the next.
        created(200)
        # The tool does not try again when it is told to wait (`TopicCommand`, retryOnQuotaViolation).
        assert "quota" in created(1, fails=True)
    finally:
        configs("--alter", "--entity-type", "users", "--entity-default", "--delete-config", "controller_mutation_rate")
