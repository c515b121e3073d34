"""A record there and back by kafka-python for each case on standard input (speakers.py says what a case is)."""

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.net.sasl.oauth import AbstractTokenProvider
from saying import LIMIT_S, answer


class Given(AbstractTokenProvider):
    def __init__(self, token: str):
        super().__init__()
        self.given = token

    def token(self) -> str:
        return self.given


def settings(one: dict) -> dict:
    config = {"bootstrap_servers": one["bootstrap"], "security_protocol": one["protocol"], "bootstrap_timeout_ms": one["patience_s"] * 1000}
    files = {"ssl_cafile": "ca", "ssl_certfile": "certificate", "ssl_keyfile": "key"}
    config |= {key: one[name] for key, name in files.items() if name in one}
    if "mechanism" in one:
        config["sasl_mechanism"] = one["mechanism"]
        is_named = "user" in one
        config |= {"sasl_plain_username": one["user"], "sasl_plain_password": one["password"]} if is_named else {"sasl_oauth_token_provider": Given(one["token"])}
    return config


def there_and_back(one: dict) -> None:
    producer = KafkaProducer(**settings(one))
    try:
        producer.send(one["topic"], one["case"].encode(), partition=0).get(LIMIT_S)
    finally:
        producer.close(5)
    consumer = KafkaConsumer(**settings(one), consumer_timeout_ms=LIMIT_S * 1000)
    where = TopicPartition(one["topic"], 0)
    consumer.assign([where])
    consumer.seek_to_beginning(where)
    came_back = any(record.value.decode() == one["case"] for record in consumer)
    consumer.close()
    if not came_back:
        raise TimeoutError("the record did not come back")


answer(there_and_back)
