"""A record there and back by aiokafka for each case on standard input (speakers.py says what a case is)."""

import asyncio
import ssl

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import AbstractTokenProvider
from saying import LIMIT_S, answer


class Given(AbstractTokenProvider):
    def __init__(self, token: str):
        self.given = token

    async def token(self) -> str:
        return self.given


def settings(one: dict) -> dict:
    config = {"bootstrap_servers": one["bootstrap"], "security_protocol": one["protocol"]}
    if "ca" in one:
        context = ssl.create_default_context(cafile=one["ca"])
        if "certificate" in one:
            context.load_cert_chain(one["certificate"], one["key"])
        config["ssl_context"] = context
    if "mechanism" in one:
        config["sasl_mechanism"] = one["mechanism"]
        is_named = "user" in one
        config |= {"sasl_plain_username": one["user"], "sasl_plain_password": one["password"]} if is_named else {"sasl_oauth_token_provider": Given(one["token"])}
    return config


async def by_aiokafka(one: dict) -> None:
    producer = AIOKafkaProducer(**settings(one))
    try:
        await producer.start()
        await producer.send_and_wait(one["topic"], one["case"].encode(), partition=0)
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(**settings(one))
    await consumer.start()
    where = TopicPartition(one["topic"], 0)
    consumer.assign([where])
    await consumer.seek_to_beginning(where)
    try:
        async for record in consumer:
            if record.value.decode() == one["case"]:
                return
    finally:
        await consumer.stop()


def there_and_back(one: dict) -> None:
    asyncio.run(asyncio.wait_for(by_aiokafka(one), LIMIT_S))


answer(there_and_back)
