"""confluent-kafka (librdkafka 2.16): writing and reading records, beyond the shared stories."""

import time

from client import consumer, producer, read, send
from confluent_kafka import OFFSET_END, KafkaError, KafkaException, TopicPartition

from story import broker, fresh, replicas, story, topic, wait_for


@story
def keys_headers_nulls_and_empties_come_back():
    name = topic()
    headers = [("a", b"1"), ("a", b"2"), ("null", None), ("empty", b""), ("binary", bytes(range(256)))]
    send(producer(), name, [
        {"key": b"k", "value": b"v", "headers": headers}, {"key": None, "value": None}, {"key": b"", "value": b""}, {"key": "ключ", "value": "значение"},
    ])
    found = read(name)
    assert found[0].headers() == headers
    assert [(message.key(), message.value()) for message in found] == [
        (b"k", b"v"), (None, None), (b"", b""), ("ключ".encode(), "значение".encode())]


@story
def a_given_timestamp_comes_back_and_reading_starts_by_time():
    name = topic()
    now = int(time.time() * 1000)
    send(producer(), name, [{"value": str(number), "timestamp": now - 10_000 + number * 1000, "partition": 0} for number in range(10)])
    assert [message.timestamp()[1] for message in read(name)] == [now - 10_000 + number * 1000 for number in range(10)]
    one = consumer()
    (found,) = one.offsets_for_times([TopicPartition(name, 0, now - 10_000 + 4500)], timeout=10)
    assert found.offset == 5
    (beyond,) = one.offsets_for_times([TopicPartition(name, 0, now + 60_000)], timeout=10)
    assert beyond.offset == OFFSET_END
    assert one.get_watermark_offsets(TopicPartition(name, 0), timeout=10) == (0, 10)
    one.close()
    assert [message.value() for message in read(name, offset=found.offset)] == [b"5", b"6", b"7", b"8", b"9"]


@story
def a_topic_with_log_append_time_carries_the_brokers_clock():
    from client import admin, done
    from confluent_kafka.admin import NewTopic

    name = topic()
    done(admin().create_topics([NewTopic(name, 1, replicas(), config={"message.timestamp.type": "LogAppendTime"})]))
    before = int(time.time() * 1000)
    send(producer(compression_type="zstd"), name, [{"value": b"x", "timestamp": 1000}])
    kind, stamp = read(name)[0].timestamp()
    assert kind == 2 and before - 1000 <= stamp <= int(time.time() * 1000) + 1000, (kind, stamp)


@story
def an_offset_out_of_range_is_an_error_where_no_reset_is_wanted():
    name = topic()
    send(producer(), name, [{"value": b"x"}])
    try:
        read(name, offset=100)
    except AssertionError as error:
        assert error.args[0].code() == KafkaError._AUTO_OFFSET_RESET, error
    else:
        raise AssertionError("an offset beyond the end was read")


@story
def a_consumer_at_the_end_is_handed_what_arrives():
    name = topic()
    send(producer(), name, [{"value": b"old"}])
    one = consumer(fetch_wait_max_ms=5000)
    one.assign([TopicPartition(name, 0, 1)])
    wait_for(lambda: (message := one.poll(1.0)) and message.error() and message.error().code() == KafkaError._PARTITION_EOF, "the end")
    started = time.monotonic()
    send(producer(linger_ms=0), name, [{"value": b"new"}])
    message = wait_for(lambda: (message := one.poll(5.0)) and not message.error() and message, "the new record")
    assert message.value() == b"new"
    assert time.monotonic() - started < 3, "the long poll did not wake"
    one.close()


@story
def an_unknown_topic_is_an_error_where_auto_creation_is_off():
    one = fresh({"auto.create.topics.enable": "false"})
    from confluent_kafka import Producer

    client = Producer({"bootstrap.servers": one.bootstrap, "message.timeout.ms": 8000, "topic.metadata.propagation.max.ms": 500, "log_level": 2})
    try:
        send(client, "absent", [{"value": b"x"}])
    except (AssertionError, KafkaException) as error:
        assert error.args[0].code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC), error
    else:
        raise AssertionError("a record for an absent topic was acknowledged")


@story
def an_idempotent_producer_outlives_a_kill_of_the_broker():
    one = broker()
    name = topic()
    client = producer(enable_idempotence=True, acks="all", reconnect_backoff_max_ms=200)
    send(client, name, [{"value": str(number)} for number in range(100)])
    one.kill()
    one.start()
    send(client, name, [{"value": str(number)} for number in range(100, 200)], limit_s=60)
    assert [int(message.value()) for message in read(name)] == list(range(200))
