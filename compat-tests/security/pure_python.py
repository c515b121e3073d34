"""A record there and back by kafka-python or aiokafka, logged in: `pure_python.py CLIENT BOOTSTRAP MECHANISM USER PASSWORD TOPIC`.

Prints what came back. Exits with 3 when the login is refused. Each client lives in an environment of its own, so this is a program.
"""

import asyncio
import sys

REFUSED = 3


def by_kafka_python(bootstrap: str, login: dict, topic: str) -> str:
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.errors import KafkaError, SaslAuthenticationFailedError

    try:
        # Where it is not let in, kafka-python tries for this long.
        limit = {key: 3000 for key in ("bootstrap_timeout_ms",) if key in KafkaProducer.DEFAULT_CONFIG}
        producer = KafkaProducer(bootstrap_servers=bootstrap, **login, **limit)
        producer.send(topic, b"said").get(30)
        producer.close()
        consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20000, **login)
        return next(iter(consumer)).value.decode()
    except SaslAuthenticationFailedError:
        sys.exit(REFUSED)
    except KafkaError as error:
        print(repr(error), file=sys.stderr)
        sys.exit(REFUSED if "uthentication" in repr(error) or "bootstrap" in repr(error) else 1)


async def by_aiokafka(bootstrap: str, login: dict, topic: str) -> str:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.errors import AuthenticationFailedError, KafkaError

    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **login)
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"said")
    except AuthenticationFailedError:
        sys.exit(REFUSED)
    except KafkaError as error:
        print(repr(error), file=sys.stderr)
        sys.exit(REFUSED if "uthentication" in repr(error) or "bootstrap" in repr(error) else 1)
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", **login)
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()
    return record.value.decode()


def main() -> None:
    client, bootstrap, mechanism, user, password, topic = sys.argv[1:]
    login = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism, "sasl_plain_username": user, "sasl_plain_password": password}
    if client == "kafka-python":
        print(by_kafka_python(bootstrap, login, topic))
    else:
        print(asyncio.run(by_aiokafka(bootstrap, login, topic)))


main()
