//! Classic groups: members join, leave and crash, return as static ones, and find what was committed.

use crate::book::{Book, kill_broker};
use crate::cluster::{LIMIT, Record, consumer, name, producer, send, topic, value};
use crate::group::Group;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeSet;

pub fn tell(book: &mut Book) {
    book.put(
        "three_members_share_six_partitions_eagerly",
        &["group-eager"],
        || shared("range"),
    );
    book.put(
        "three_members_share_six_partitions_cooperatively",
        &["group-cooperative"],
        || shared("cooperative-sticky"),
    );
    book.put(
        "a_static_member_that_returns_keeps_its_partitions_without_a_rebalance",
        &["static-membership"],
        static_member,
    );
    book.put(
        "offsets_committed_before_the_broker_was_killed_are_where_the_group_goes_on",
        &["commit-restart-resume"],
        restarted,
    );
    book.put("committed_offsets_carry_metadata", &[], metadata);
}

fn write(topic: &str, partitions: i32, numbers: std::ops::Range<i32>) {
    let records: Vec<Record> = numbers
        .map(|number| Record {
            partition: Some(number % partitions),
            ..value(number.to_string())
        })
        .collect();
    for report in send(&producer(&[]), topic, &records) {
        report.expect("written");
    }
}

fn shared(assignor: &str) {
    let topic = topic(6, &[]);
    write(&topic, 6, 0..60);
    let mut group = Group::new(&topic, assignor);
    group.join("one", &[]);
    group.settle(&[6]);
    group.join("two", &[]);
    group.settle(&[3, 3]);
    group.crash_one(2, |group| {
        group.settle(&[2, 2]);
        group.read(60 - 20); // what the third has read is nobody else's yet
        write(&topic, 6, 60..600);
    });
    group.settle(&[3, 3]);
    group.read(600);
    group.leave("two");
    group.settle(&[6]);
    write(&topic, 6, 600..660);
    group.read(660);
}

fn static_member() {
    let topic = topic(4, &[]);
    let mut group = Group::new(&topic, "range");
    group.join("stays", &[("group.instance.id", "stays")]);
    group.join("goes", &[("group.instance.id", "goes")]);
    group.settle(&[2, 2]);
    let owned = group.owned();
    group.leave("goes");
    group.join("back", &[("group.instance.id", "goes")]);
    group.settle(&[2, 2]);
    assert_eq!(group.owned()["back"], owned["goes"]);
    assert_eq!(group.owned()["stays"], owned["stays"]);
}

fn restarted() {
    let topic = topic(1, &[]);
    write(&topic, 1, 0..10);
    let mut group = Group::new(&topic, "range");
    let id = group.id.clone();
    group.join("one", &[]);
    group.read(10);
    let mut committed = TopicPartitionList::new();
    committed
        .add_partition_offset(&topic, 0, Offset::Offset(4))
        .expect("a valid offset");
    group.commit("one", &committed);
    kill_broker();
    drop(group);
    let mut group = Group::new(&topic, "range");
    group.join("again", &[("group.id", &id)]);
    group.read(6);
    let wanted: BTreeSet<String> = (4..10).map(|number| number.to_string()).collect();
    assert_eq!(group.values, wanted);
}

fn metadata() {
    let topic = topic(1, &[]);
    let simple = consumer(&[("group.id", &name("simple"))]);
    let mut wanted = TopicPartitionList::new();
    {
        let mut one = wanted.add_partition(&topic, 0);
        one.set_offset(Offset::Offset(3)).expect("a valid offset");
        one.set_metadata("words of mine");
    }
    simple.commit(&wanted, CommitMode::Sync).expect("committed");
    let mut asked = TopicPartitionList::new();
    asked.add_partition(&topic, 0);
    let found = simple.committed_offsets(asked, LIMIT).expect("offsets");
    assert_eq!(found.elements()[0].offset(), Offset::Offset(3));
    assert_eq!(found.elements()[0].metadata(), "words of mine");
}
