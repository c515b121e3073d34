//! Reading by assignment, from where one wants to.

use crate::book::{Book, wait_for};
use crate::cluster::{
    LIMIT, Record, assigned, consumer, next, producer, read, send, text, topic, value, write,
};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, SystemTime};

pub fn tell(book: &mut Book) {
    book.put(
        "reading_from_the_earliest_offset_yields_everything",
        &["from-earliest"],
        earliest,
    );
    book.put(
        "reading_from_the_latest_offset_yields_what_is_written_afterwards",
        &["from-latest"],
        latest,
    );
    book.put(
        "reading_from_an_offset_yields_that_record_first",
        &["from-offset"],
        offset,
    );
    book.put(
        "records_are_found_by_time",
        &["from-timestamp", "admin-offsets-by-time"],
        by_time,
    );
    book.put(
        "an_offset_out_of_range_is_an_error_without_a_reset",
        &[],
        out_of_range,
    );
}

fn numbers(topic: &str, offset: Offset) -> Vec<String> {
    read(topic, 0, offset).iter().map(text).collect()
}

fn texts(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

fn earliest() {
    let topic = topic(1, &[]);
    write(&topic, texts(0..100));
    assert_eq!(numbers(&topic, Offset::Beginning), texts(0..100));
}

fn latest() {
    let topic = topic(1, &[]);
    write(&topic, texts(0..5));
    let consumer = consumer(&[("enable.partition.eof", "true")]);
    assigned(&consumer, &topic, 0, Offset::End);
    wait_for("the end", || {
        let polled = consumer.poll(Duration::from_millis(200))?;
        matches!(polled, Err(rdkafka::error::KafkaError::PartitionEOF(0))).then_some(())
    });
    write(&topic, texts(5..6));
    let found = wait_for("the new record", || {
        let polled = consumer.poll(Duration::from_millis(200))?;
        polled.ok().map(|message| message.detach())
    });
    assert_eq!(text(&found), "5");
}

fn offset() {
    let topic = topic(1, &[]);
    write(&topic, texts(0..10));
    assert_eq!(numbers(&topic, Offset::Offset(7)), texts(7..10));
}

fn by_time() {
    let topic = topic(1, &[]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let start_ms = now.expect("after 1970").as_millis() as i64 - 10_000;
    let records: Vec<Record> = (0..10)
        .map(|number| Record {
            timestamp_ms: Some(start_ms + number * 1000),
            ..value(number.to_string())
        })
        .collect();
    send(&producer(&[]), &topic, &records);
    let found = |at_ms: i64| {
        let mut asked = TopicPartitionList::new();
        asked
            .add_partition_offset(&topic, 0, Offset::Offset(at_ms))
            .expect("a valid time");
        let answer = consumer(&[])
            .offsets_for_times(asked, LIMIT)
            .expect("offsets");
        answer.elements()[0].offset()
    };
    assert_eq!(found(start_ms + 4500), Offset::Offset(5));
    assert_eq!(found(0), Offset::Offset(0));
    assert_eq!(found(start_ms + 60_000), Offset::End);
    assert_eq!(numbers(&topic, found(start_ms + 4500)), texts(5..10));
    let watermarks = consumer(&[])
        .fetch_watermarks(&topic, 0, LIMIT)
        .expect("watermarks");
    assert_eq!(watermarks, (0, 10));
}

fn out_of_range() {
    let topic = topic(1, &[]);
    write(&topic, texts(0..1));
    let consumer = consumer(&[]);
    assigned(&consumer, &topic, 0, Offset::Offset(100));
    let error = wait_for("an error", || {
        match consumer.poll(Duration::from_millis(200))? {
            Ok(_) => panic!("a record beyond the end was read"),
            Err(error) => error.rdkafka_error_code(),
        }
    });
    assert_eq!(error, RDKafkaErrorCode::AutoOffsetReset);
    assert!(next(&consumer, Duration::ZERO).is_none());
}
