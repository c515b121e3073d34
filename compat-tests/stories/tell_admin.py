"""Shared stories: administration."""

import time
from collections.abc import Callable

from story import broker, topic, wait_for
from tell_groups import ClientCrowd
from tell_produce import read
from telling import told
from words import INVALID_PARTITIONS, TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_OR_PARTITION, Admin, Client, Record, Refused


def refused(call: Callable[[], object], code: int) -> None:
    try:
        call()
    except Refused as refusal:
        assert refusal.code == code, refusal
    else:
        raise AssertionError(f"accepted, where error {code} was due")


def there(admin: Admin, name: str) -> None:
    wait_for(lambda: name in admin.topics(), "the topic")


@told("admin-create")
def a_topic_is_created_once(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, 3, {"retention.ms": "60000"})
        there(admin, name)
        assert len(admin.describe(name)) == 3
        assert admin.config(name, "retention.ms") == ("60000", False)
        refused(lambda: admin.create(name, 3, {}), TOPIC_ALREADY_EXISTS)


@told("admin-describe")
def topics_and_the_cluster_are_described(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, 2, {})
        there(admin, name)
        described = admin.describe(name)
        assert sorted(described) == [0, 1]
        for leader, replicas in described.values():
            assert leader in replicas and sorted(replicas) == broker().ids, described
        assert sorted(admin.brokers()) == sorted(broker().addresses)


@told("admin-grow")
def a_topic_gets_more_partitions_but_never_fewer(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, 2, {})
        admin.grow(name, 5)
        wait_for(lambda: len(admin.describe(name)) == 5, "five partitions")
        refused(lambda: admin.grow(name, 4), INVALID_PARTITIONS)
        assert len(admin.describe(name)) == 5


@told("admin-alter-configs")
def a_config_is_altered_and_reset(client: Client) -> None:
    name, key = topic(), "max.message.bytes"
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, 1, {})
        assert admin.config(name, key) == ("1048588", True)
        admin.alter(name, key, "2000000")
        wait_for(lambda: admin.config(name, key) == ("2000000", False), "the altered config")
        with client.producer(broker().bootstrap) as send:
            send(name, [Record(bytes(1_500_000), partition=0)])
        admin.alter(name, key, None)
        wait_for(lambda: admin.config(name, key) == ("1048588", True), "the config reset")


@told("admin-delete")
def a_deleted_topic_is_gone(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin:
        admin.create(name, 2, {})
        there(admin, name)
        admin.delete(name)
        wait_for(lambda: name not in admin.topics(), "the topic gone")
        refused(lambda: admin.delete(name), UNKNOWN_TOPIC_OR_PARTITION)


@told("admin-list-groups")
def groups_are_listed(client: Client) -> None:
    with ClientCrowd(client, partitions=1) as crowd, client.admin(broker().bootstrap) as admin:
        assert crowd.group not in admin.groups()
        crowd.join()
        crowd.settle()
        assert crowd.group in admin.groups()
        crowd.leave()
        assert crowd.group in admin.groups(), "an empty group is still one: it may have offsets"


@told("admin-describe-groups")
def a_group_is_described_with_its_members(client: Client) -> None:
    with ClientCrowd(client, partitions=4) as crowd, client.admin(broker().bootstrap) as admin:
        crowd.join()
        crowd.join()
        crowd.settle()
        group = admin.describe_group(crowd.group)
        assert (group.state.lower(), group.protocol) == ("stable", "range"), group
        assert sorted(map(sorted, group.members)) == sorted(crowd.owned()), (group, crowd.owned())


@told("admin-delete-records")
def records_are_deleted_up_to_an_offset(client: Client) -> None:
    name = topic()
    with client.admin(broker().bootstrap) as admin, client.producer(broker().bootstrap) as send:
        send(name, [Record(str(number).encode(), partition=0) for number in range(10)])
        assert admin.delete_records(name, 0, 4) == 4
        assert admin.ends(name, 0) == (4, 10)
    assert [record.offset for record in read(client, name, 6)] == list(range(4, 10))


@told("admin-offsets-by-time")
def offsets_are_listed_for_ends_and_times(client: Client) -> None:
    name, now = topic(), int(time.time() * 1000)
    with client.admin(broker().bootstrap) as admin, client.producer(broker().bootstrap) as send:
        send(name, [Record(b"x", timestamp_ms=now - 5000 + number * 1000, partition=0) for number in range(4)])
        assert admin.ends(name, 0) == (0, 4)
        assert admin.offset_at(name, 0, now - 60_000) == 0
        assert admin.offset_at(name, 0, now - 3500) == 2
        assert admin.offset_at(name, 0, now) is None
