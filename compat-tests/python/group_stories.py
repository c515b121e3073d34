"""Groups through confluent-kafka (librdkafka 2.16), beyond the shared stories: commits, offsets as an administrator, a broker that restarts."""

import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import NewTopic

from client import admin, done, producer, send
from story import broker, fresh, replicas, story, topic, wait_for


def member(group: str, name: str, bootstrap: str | None = None, **settings) -> Consumer:
    fixed = {
        "bootstrap.servers": bootstrap or broker().bootstrap,
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 300,
        "fetch.wait.max.ms": 20,
        "log_level": 2,
    }
    one = Consumer(fixed | {key.replace("_", "."): value for key, value in settings.items()})
    one.subscribe([name])
    return one


def created(partitions: int) -> str:
    name = topic()
    done(admin().create_topics([NewTopic(name, partitions, replicas())]))
    return name


@story
def what_a_member_committed_is_where_the_next_goes_on():
    name, group = created(1), topic("g")
    send(producer(), name, [{"value": f"{number}"} for number in range(10)])
    one = member(group, name)
    read = [wait_for(lambda: one.poll(1.0), "a record") for _ in range(4)]
    one.commit(message=read[-1], asynchronous=False)
    assert one.committed([TopicPartition(name, 0)])[0].offset == 4
    one.close()
    other = member(group, name)
    assert wait_for(lambda: other.poll(1.0), "a record").value() == b"4"
    other.close()


@story
def an_administrator_lists_describes_alters_and_deletes_a_group():
    name, group = created(2), topic("g")
    one = member(group, name)
    wait_for(lambda: one.poll(0.05) is None and len(one.assignment()) == 2, "both partitions")
    listed = {found.group_id: found for found in admin().list_consumer_groups().result(timeout=30).valid}
    assert group in listed
    described = done(admin().describe_consumer_groups([group]))[group]
    assert described.state.name == "STABLE" and len(described.members) == 1, described
    assert {(owned.topic, owned.partition) for owned in described.members[0].assignment.topic_partitions} == {(name, 0), (name, 1)}
    one.close()
    wanted = [ConsumerGroupTopicPartitions(group, [TopicPartition(name, 0, 7)])]
    done(admin().alter_consumer_group_offsets(wanted))
    offsets = done(admin().list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))[group]
    assert [(found.partition, found.offset) for found in offsets.topic_partitions] == [(0, 7)]
    done(admin().delete_consumer_groups([group]))
    listed = {found.group_id for found in admin().list_consumer_groups().result(timeout=30).valid}
    assert group not in listed


@story
def members_live_through_a_restart_of_the_broker():
    one = fresh()
    name, group = topic(), topic("g")
    send(producer(bootstrap_servers=one.bootstrap), name, [{"value": f"{number}"} for number in range(5)])
    consumer = member(group, name, one.bootstrap)
    read = [wait_for(lambda: consumer.poll(1.0), "a record").value() for _ in range(3)]
    assert read == [b"0", b"1", b"2"]
    consumer.commit(offsets=[TopicPartition(name, 0, 3)], asynchronous=False)
    one.kill()
    one.start()
    consumer.poll(0.1)
    began = time.monotonic()

    def recommitted() -> bool:
        try:
            consumer.poll(0.2)
            return consumer.commit(offsets=[TopicPartition(name, 0, 4)], asynchronous=False) is not None
        except Exception:
            return False

    wait_for(recommitted, "the member commits again")
    assert time.monotonic() - began < 20
    consumer.close()
    other = member(group, name, one.bootstrap)
    assert wait_for(lambda: other.poll(1.0), "a record").value() == b"4"
    other.close()
