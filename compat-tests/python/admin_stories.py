"""confluent-kafka's admin client: topics, partitions, configs, records and offsets."""

from client import admin, done, producer, read, send
from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType)

from story import broker, replicas, story, topic, wait_for


def refused(futures: dict, code: int) -> None:
    try:
        done(futures)
    except KafkaException as error:
        assert error.args[0].code() == code, error
    else:
        raise AssertionError("the request was accepted")


@story
def a_topic_is_created_grown_and_deleted():
    name = topic()
    done(admin().create_topics([NewTopic(name, 3, replicas())]))
    refused(admin().create_topics([NewTopic(name, 3, replicas())]), KafkaError.TOPIC_ALREADY_EXISTS)
    assert len(admin().list_topics(name, timeout=10).topics[name].partitions) == 3
    done(admin().create_partitions([NewPartitions(name, 5)]))
    wait_for(lambda: len(admin().list_topics(name, timeout=10).topics[name].partitions) == 5, "five partitions")
    refused(admin().create_partitions([NewPartitions(name, 4)]), KafkaError.INVALID_PARTITIONS)
    done(admin().delete_topics([name]))
    wait_for(lambda: name not in admin().list_topics(timeout=10).topics, "the topic gone")
    refused(admin().delete_topics([name]), KafkaError.UNKNOWN_TOPIC_OR_PART)


@story
def a_recreated_topic_is_empty():
    name = topic()
    for _ in range(2):
        done(admin().create_topics([NewTopic(name, 1, replicas())]))
        wait_for(lambda: name in admin().list_topics(timeout=10).topics, "the topic")
        send(producer(), name, [{"value": b"x"}])
        assert [message.offset() for message in read(name)] == [0]
        done(admin().delete_topics([name]))
        wait_for(lambda: name not in admin().list_topics(timeout=10).topics, "the topic gone")


@story
def bad_topics_are_refused_with_kafkas_errors():
    refused(admin().create_topics([NewTopic("spaces are bad", 1, replicas())]), KafkaError.TOPIC_EXCEPTION)
    refused(admin().create_topics([NewTopic(topic(), 1, 4)]), KafkaError.INVALID_REPLICATION_FACTOR)
    refused(admin().create_topics([NewTopic(topic(), 1, replicas(), config={"retention.ms": "soon"})]), KafkaError.INVALID_CONFIG)
    refused(admin().create_topics([NewTopic(topic(), 1, replicas(), config={"no.such.key": "1"})]), KafkaError.INVALID_CONFIG)


@story
def validate_only_creates_nothing():
    name = topic()
    done(admin().create_topics([NewTopic(name, 1, replicas())], validate_only=True))
    assert name not in admin().list_topics(timeout=10).topics


@story
def a_topic_is_described_with_its_id():
    name = topic()
    done(admin().create_topics([NewTopic(name, 2, replicas())]))
    future = admin().describe_topics(TopicCollection([name]))[name]
    described = future.result(timeout=10)
    assert [partition.id for partition in described.partitions] == [0, 1]
    assert all(partition.leader.id in broker().ids for partition in described.partitions)
    assert described.topic_id is not None and not described.is_internal


@story
def topic_configs_are_altered_and_described_with_their_source():
    name = topic()
    done(admin().create_topics([NewTopic(name, 1, replicas(), config={"retention.ms": "60000"})]))
    resource = ConfigResource(ResourceType.TOPIC, name)
    configs = done(admin().describe_configs([resource]))[resource]
    assert configs["retention.ms"].value == "60000" and configs["retention.ms"].source == 1
    assert configs["cleanup.policy"].value == "delete" and configs["cleanup.policy"].is_default
    change = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[
        ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE),
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
        ConfigEntry("max.message.bytes", "2000000", incremental_operation=AlterConfigOpType.SET),
    ])
    done(admin().incremental_alter_configs([change]))

    def altered():
        now = done(admin().describe_configs([resource]))[resource]
        return now["max.message.bytes"].value == "2000000" and now

    configs = wait_for(altered, "the altered configs")
    assert configs["cleanup.policy"].value == "delete,compact"
    assert configs["retention.ms"].value == "604800000"
    bad = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[
        ConfigEntry("retention.ms", "never", incremental_operation=AlterConfigOpType.SET)])
    refused(admin().incremental_alter_configs([bad]), KafkaError.INVALID_CONFIG)


@story
def a_dynamic_limit_takes_effect_without_a_restart():
    name = topic()
    done(admin().create_topics([NewTopic(name, 1, replicas(), config={"max.message.bytes": "2000000"})]))
    client = producer(message_max_bytes=4_000_000)
    send(client, name, [{"value": bytes(1_500_000)}])
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[
        ConfigEntry("max.message.bytes", "1000", incremental_operation=AlterConfigOpType.SET)])
    done(admin().incremental_alter_configs([resource]))

    def too_large():
        try:
            send(client, name, [{"value": bytes(5000)}])
        except AssertionError as error:
            return error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE

    wait_for(too_large, "the new limit")


@story
def broker_configs_are_described():
    resource = ConfigResource(ResourceType.BROKER, "1")
    configs = done(admin().describe_configs([resource]))[resource]
    assert configs["log.dirs"].value == str(broker().data)
    assert configs["num.partitions"].value == "1"


@story
def records_are_deleted_up_to_an_offset():
    name = topic()
    send(producer(), name, [{"value": str(number)} for number in range(10)])
    (result,) = done(admin().delete_records([TopicPartition(name, 0, 4)])).values()
    assert result.low_watermark == 4
    assert [message.offset() for message in read(name)] == list(range(4, 10))
    refused(admin().delete_records([TopicPartition(name, 0, 50)]), KafkaError.OFFSET_OUT_OF_RANGE)
    (result,) = done(admin().delete_records([TopicPartition(name, 0, -1)])).values()
    assert result.low_watermark == 10
    assert read(name) == []


@story
def offsets_are_listed_by_every_specification():
    name = topic()
    send(producer(), name, [{"value": b"x", "timestamp": stamp, "partition": 0} for stamp in (1_700_000_000_000, 1_700_000_009_000, 1_700_000_005_000)])
    partition = TopicPartition(name, 0)

    def listed(spec):
        return done(admin().list_offsets({partition: spec}))[partition].offset

    assert listed(OffsetSpec.earliest()) == 0
    assert listed(OffsetSpec.latest()) == 3
    assert listed(OffsetSpec.max_timestamp()) == 1
    assert listed(OffsetSpec.for_timestamp(1_700_000_004_000)) == 1


@story
def the_cluster_is_described():
    cluster = admin().describe_cluster().result(timeout=10)
    assert cluster.cluster_id
    assert sorted(f"{node.host}:{node.port}" for node in cluster.nodes) == sorted(broker().addresses)
