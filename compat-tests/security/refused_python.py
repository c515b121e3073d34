"""What kafka-python raises for somebody who may read a topic, and neither write to it nor join a group: `BOOTSTRAP TOPIC`."""

import sys

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

BOOTSTRAP, TOPIC = sys.argv[1:]
LOGIN = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_plain_username": "alice", "sasl_plain_password": "alice-secret"}


def producing() -> None:
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, enable_idempotence=False, **LOGIN)
    try:
        producer.send(TOPIC, b"said").get(20)
    finally:
        producer.close(5)


def consuming() -> None:
    consumer = KafkaConsumer(TOPIC, bootstrap_servers=BOOTSTRAP, group_id=TOPIC, consumer_timeout_ms=20_000, **LOGIN)
    try:
        next(consumer, None)
    finally:
        consumer.close(autocommit=False)


for ask in (producing, consuming):
    try:
        ask()
        print("allowed")
    except KafkaError as error:
        print(type(error).__name__)
