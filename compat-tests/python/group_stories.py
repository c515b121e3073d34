"""Groups through confluent-kafka (librdkafka 2.16): subscribe, rebalance eagerly and cooperatively, static members, offsets."""

import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import NewTopic

from client import admin, done, producer, send
from story import broker, fresh, story, topic, wait_for


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
    done(admin().create_topics([NewTopic(name, partitions, 1)]))
    return name


def settled(members: list[Consumer], name: str, partitions: int, limit_s: float = 30.0) -> list[list[int]]:
    """Polls until every partition is assigned, none twice and each member has some."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        for one in members:
            one.poll(0.05)
        owned = [sorted(assigned.partition for assigned in one.assignment()) for one in members]
        if sorted(sum(owned, [])) == list(range(partitions)) and all(owned):
            return owned
    raise AssertionError(f"not settled within {limit_s} s: {owned}")


def closed(members: list[Consumer]) -> None:
    for one in members:
        one.close()


def shared_by_three(strategy: str) -> None:
    name, group = created(6), topic("g")
    members = [member(group, name, partition_assignment_strategy=strategy)]
    assert settled(members, name, 6) == [[0, 1, 2, 3, 4, 5]]
    members += [member(group, name, partition_assignment_strategy=strategy) for _ in range(2)]
    assert [len(owned) for owned in settled(members, name, 6)] == [2, 2, 2]
    members.pop().close()
    assert sorted(len(owned) for owned in settled(members, name, 6)) == [3, 3]
    closed(members)


@story
def three_members_share_six_partitions_eagerly():
    shared_by_three("range")


@story
def three_members_share_six_partitions_cooperatively():
    shared_by_three("cooperative-sticky")


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
def a_static_member_that_returns_keeps_its_partitions_without_a_rebalance():
    name, group = created(2), topic("g")
    first = member(group, name, group_instance_id="one")
    second = member(group, name, group_instance_id="two")
    owned = settled([first, second], name, 2)
    second.close()  # says nothing to the broker
    returned = member(group, name, group_instance_id="two")
    began = time.monotonic()
    assert settled([first, returned], name, 2) == owned
    assert time.monotonic() - began < 5, "within the session timeout"
    closed([first, returned])


@story
def a_crashed_member_is_replaced_after_its_session_timeout():
    name, group = created(2), topic("g")
    stays = member(group, name)
    crashes = member(group, name, group_instance_id="crashes")
    settled([stays, crashes], name, 2)
    crashes.close()  # a static member that closes does not leave
    assert settled([stays], name, 2, limit_s=20) == [[0, 1]]
    stays.close()


@story
def an_administrator_lists_describes_alters_and_deletes_a_group():
    name, group = created(2), topic("g")
    one = member(group, name)
    settled([one], name, 2)
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
