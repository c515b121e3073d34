//! The administrator: topics, configs, groups, and records deleted.

use crate::book::{Book, wait_for};
use crate::cluster::{
    LIMIT, address, administrator, ask, consumer, name, nodes, read, replicas, text, topic, write,
};
use crate::group::Group;
use rdkafka::admin::{
    AdminOptions, AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier,
};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::groups::GroupList;
use rdkafka::metadata::Metadata;
use rdkafka::{Offset, TopicPartitionList};

pub fn tell(book: &mut Book) {
    book.put(
        "a_topic_is_created_once_with_what_was_asked_for",
        &["admin-create"],
        created,
    );
    book.put(
        "topics_and_the_cluster_are_listed_and_described",
        &["admin-describe"],
        described,
    );
    book.put(
        "a_topic_gets_more_partitions_and_never_fewer",
        &["admin-grow"],
        grown,
    );
    book.put(
        "configs_of_a_topic_are_altered_and_reset",
        &["admin-alter-configs"],
        configs,
    );
    book.put("a_topic_is_deleted_once", &["admin-delete"], deleted);
    book.put(
        "groups_are_listed_and_deleted",
        &["admin-list-groups"],
        groups,
    );
    book.put(
        "a_group_is_described_with_its_member_and_assignment",
        &["admin-describe-groups"],
        group,
    );
    book.put(
        "records_before_an_offset_are_deleted",
        &["admin-delete-records"],
        records,
    );
}

fn options() -> AdminOptions {
    AdminOptions::new()
}

fn create(name: &str) -> Result<String, (String, RDKafkaErrorCode)> {
    let topic = NewTopic::new(name, 3, replicas()).set("retention.ms", "1234567");
    ask(administrator().create_topics(&[topic], &options()))
        .expect("an answer")
        .remove(0)
}

fn metadata(topic: Option<&str>) -> Metadata {
    consumer(&[])
        .fetch_metadata(topic, LIMIT)
        .expect("metadata")
}

fn is_listed(topic: &str) -> bool {
    metadata(None)
        .topics()
        .iter()
        .any(|one| one.name() == topic)
}

fn created() {
    let name = name("new");
    create(&name).expect("created");
    wait_for("the listing", || is_listed(&name).then_some(()));
    assert_eq!(config(&name, "retention.ms").0.as_deref(), Some("1234567"));
    let (_, error) = create(&name).expect_err("a second time");
    assert_eq!(error, RDKafkaErrorCode::TopicAlreadyExists);
}

fn described() {
    let topic = topic(2, &[]);
    let found = metadata(Some(&topic));
    let mut brokers: Vec<String> = (found.brokers().iter())
        .map(|broker| format!("{}:{}", broker.host(), broker.port()))
        .collect();
    brokers.sort();
    let address = address();
    let mut told: Vec<&str> = address.split(',').collect();
    told.sort();
    assert_eq!(brokers, told);
    let partitions = found.topics()[0].partitions();
    assert_eq!(partitions.len(), 2);
    for partition in partitions {
        assert!(nodes().contains(&partition.leader()));
        for ids in [partition.replicas(), partition.isr()] {
            let mut ids = ids.to_vec();
            ids.sort();
            assert_eq!(ids, nodes());
        }
    }
    assert!(is_listed(&topic));
    let client = consumer(&[]);
    let id = client.client().fetch_cluster_id(LIMIT).expect("an id");
    assert_eq!(id.len(), 22);
}

fn grown() {
    let topic = topic(2, &[]);
    let grow = |to: usize| {
        let wanted = NewPartitions::new(&topic, to);
        ask(administrator().create_partitions([&wanted], &options()))
            .expect("an answer")
            .remove(0)
    };
    grow(4).expect("grown");
    wait_for("four partitions", || {
        (metadata(Some(&topic)).topics()[0].partitions().len() == 4).then_some(())
    });
    let (_, error) = grow(3).expect_err("fewer");
    assert_eq!(error, RDKafkaErrorCode::InvalidPartitions);
}

/// A topic's config, and whether it is the topic's own.
fn config(topic: &str, key: &str) -> (Option<String>, bool) {
    let resource = ResourceSpecifier::Topic(topic);
    let found = ask(administrator().describe_configs([&resource], &options()))
        .expect("an answer")
        .remove(0)
        .expect("described");
    let entry = found.get(key).expect("a config of topics");
    (
        entry.value.clone(),
        entry.source == ConfigSource::DynamicTopic,
    )
}

fn configs() {
    let topic = topic(1, &[]);
    let alter = |settings: &[(&'static str, &'static str)]| {
        let wanted = settings.iter().fold(
            AlterConfig::new(ResourceSpecifier::Topic(&topic)),
            |wanted, (key, value)| wanted.set(key, value),
        );
        ask(administrator().alter_configs([&wanted], &options()))
            .expect("an answer")
            .remove(0)
    };
    alter(&[("retention.ms", "1000")]).expect("altered");
    wait_for("the new value", || {
        (config(&topic, "retention.ms") == (Some("1000".to_owned()), true)).then_some(())
    });
    alter(&[]).expect("reset");
    wait_for("the default", || {
        (config(&topic, "retention.ms") == (Some("604800000".to_owned()), false)).then_some(())
    });
    // The crate does not look at a resource's error; that nothing changed is what there is to see.
    let _ = alter(&[("retention.ms", "soon")]);
    let found = config(&topic, "retention.ms");
    assert_eq!(found, (Some("604800000".to_owned()), false));
}

fn deleted() {
    let topic = topic(1, &[]);
    let delete = || {
        ask(administrator().delete_topics(&[&topic], &options()))
            .expect("an answer")
            .remove(0)
    };
    delete().expect("deleted");
    wait_for("the topic is gone", || (!is_listed(&topic)).then_some(()));
    let (_, error) = delete().expect_err("a second time");
    assert_eq!(error, RDKafkaErrorCode::UnknownTopicOrPartition);
}

fn list(group: Option<&str>) -> GroupList {
    consumer(&[])
        .fetch_group_list(group, LIMIT)
        .expect("groups")
}

fn groups() {
    let topic = topic(1, &[]);
    let mut group = Group::new(&topic, "range");
    group.join("one", &[]);
    group.settle(&[1]);
    let is_listed = |id: &str| list(None).groups().iter().any(|one| one.name() == id);
    assert!(is_listed(&group.id));
    group.leave("one");
    wait_for("an empty group", || {
        (list(Some(&group.id)).groups()[0].state() == "Empty").then_some(())
    });
    ask(administrator().delete_groups(&[&group.id], &options()))
        .expect("an answer")
        .remove(0)
        .expect("deleted");
    assert!(!is_listed(&group.id));
}

fn group() {
    let topic = topic(2, &[]);
    let mut group = Group::new(&topic, "range");
    group.join("one", &[("client.id", "the-client")]);
    group.settle(&[2]);
    let found = list(Some(&group.id));
    let [found] = found.groups() else {
        panic!("one group");
    };
    assert_eq!(found.state(), "Stable");
    assert_eq!(found.protocol_type(), "consumer");
    assert_eq!(found.protocol(), "range");
    let [member] = found.members() else {
        panic!("one member");
    };
    assert_eq!(member.client_id(), "the-client");
    assert_eq!(member.client_host(), "/127.0.0.1");
    assert_eq!(
        assignment(member.assignment().expect("bytes")),
        (topic, vec![0, 1])
    );
}

/// A consumer's assignment to one topic: version, [topic, [partition]], bytes of its own.
fn assignment(bytes: &[u8]) -> (String, Vec<i32>) {
    let number = |at: usize| i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
    assert_eq!(number(2), 1, "one topic");
    let end = 8 + u16::from_be_bytes([bytes[6], bytes[7]]) as usize;
    let topic = String::from_utf8(bytes[8..end].to_vec()).expect("text");
    let count = number(end) as usize;
    let partitions = (0..count)
        .map(|index| number(end + 4 + index * 4))
        .collect();
    (topic, partitions)
}

fn records() {
    let topic = topic(1, &[]);
    write(&topic, (0..10).map(|number| number.to_string()));
    let before = |offset: i64| {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, 0, Offset::Offset(offset))
            .expect("a valid offset");
        let answer = ask(administrator().delete_records(&list, &options())).expect("an answer");
        answer.elements()[0]
            .error()
            .map(|()| answer.elements()[0].offset())
    };
    assert_eq!(before(6), Ok(Offset::Offset(6)));
    assert_eq!(text(&read(&topic, 0, Offset::Beginning)[0]), "6");
    let (low, high) = consumer(&[])
        .fetch_watermarks(&topic, 0, LIMIT)
        .expect("watermarks");
    assert_eq!((low, high), (6, 10));
    assert!(before(11).is_err());
}
