"""A record there and back by confluent-kafka for each case on standard input (speakers.py says what a case is)."""

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from saying import LIMIT_S, answer


def settings(one: dict) -> dict:
    config = {"bootstrap.servers": one["bootstrap"], "security.protocol": one["protocol"], "log_level": 0}
    files = {"ssl.ca.location": "ca", "ssl.certificate.location": "certificate", "ssl.key.location": "key"}
    config |= {key: one[name] for key, name in files.items() if name in one}
    if "mechanism" in one:
        config |= {"sasl.mechanism": one["mechanism"]}
        config |= {"sasl.username": one["user"], "sasl.password": one["password"]} if "user" in one else {"oauth_cb": lambda _: (one["token"], time.time() + 300)}
    return config


def there_and_back(one: dict) -> None:
    errors: list[tuple[float, KafkaError]] = []
    told: list[KafkaError | None] = []
    config = settings(one)
    producer = Producer(config | {"error_cb": lambda error: errors.append((time.monotonic(), error))})
    producer.produce(one["topic"], one["case"].encode(), on_delivery=lambda error, _: told.append(error))
    deadline = time.monotonic() + LIMIT_S
    while not told and time.monotonic() < deadline:
        producer.poll(0.05)
        if error := final(errors, one["patience_s"]):
            producer.purge()
            raise KafkaException(error)
    if not told or told[0]:
        raise KafkaException(told[0] if told else KafkaError(KafkaError._TIMED_OUT))
    read_back(one, config)


def final(errors: list[tuple[float, KafkaError]], patience_s: float) -> KafkaError | None:
    """It tries again for ever where it is not let in. What is no refusal may be an address that does not answer, with another to come."""
    refused = [error for _, error in errors if error.code() == KafkaError._AUTHENTICATION]
    if refused or not errors:
        return refused[0] if refused else None
    return errors[0][1] if time.monotonic() > errors[0][0] + patience_s else None


def read_back(one: dict, config: dict) -> None:
    consumer = Consumer(config | {"group.id": one["topic"], "enable.auto.commit": False})
    consumer.assign([TopicPartition(one["topic"], 0, 0)])
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        record = consumer.poll(0.2)
        if record is not None and record.error() is None and record.value().decode() == one["case"]:
            consumer.close()
            return
    raise TimeoutError("the record did not come back")


answer(there_and_back)
