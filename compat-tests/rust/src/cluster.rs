//! The clients that the stories share: a producer that waits for every report, a reader of whole partitions, an administrator.

use crate::book::wait_for;
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const LIMIT: Duration = Duration::from_secs(30);

/// The brokers' ids; topics have a replica on each.
pub fn nodes() -> Vec<i32> {
    let count = std::env::var("NODES").map_or(1, |count| count.parse().expect("a number"));
    (1..=count).collect()
}

pub fn replicas() -> TopicReplication<'static> {
    TopicReplication::Fixed(nodes().len() as i32)
}

pub fn address() -> String {
    std::env::var("BOOTSTRAP").expect("run/program.py says where the broker is")
}

/// A name nobody used before on this broker.
pub fn name(kind: &str) -> String {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    format!("{kind}-{}", SERIAL.fetch_add(1, Ordering::Relaxed))
}

pub fn config(settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address())
        .set("log_level", "0")
        .set("reconnect.backoff.max.ms", "500");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config
}

/// A topic of so many partitions that the broker already knows by name.
pub fn topic(partitions: i32, settings: &[(&str, &str)]) -> String {
    let name = name("topic");
    let topic = NewTopic::new(&name, partitions, replicas());
    let topic = settings
        .iter()
        .fold(topic, |topic, (key, value)| topic.set(key, value));
    ask(administrator().create_topics(&[topic], &AdminOptions::new()))
        .expect("an answer")
        .remove(0)
        .expect("created");
    wait_for("the topic is known", || {
        let known = consumer(&[])
            .fetch_metadata(Some(&name), LIMIT)
            .expect("metadata");
        (known.topics()[0].partitions().len() == partitions as usize).then_some(())
    });
    name
}

pub fn administrator() -> AdminClient<DefaultClientContext> {
    config(&[]).create().expect("a client")
}

/// librdkafka has threads of its own that complete the future.
pub fn ask<F: Future>(future: F) -> F::Output {
    futures_executor::block_on(future)
}

/// What became of the records of one producer, by number.
#[derive(Clone, Default)]
pub struct Reports(Arc<Mutex<Vec<Report>>>);

/// Partition and offset, or why not.
pub type Report = (usize, Result<(i32, i64), RDKafkaErrorCode>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let report = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.rdkafka_error_code().expect("a code")),
        };
        self.0
            .lock()
            .expect("nobody panicked")
            .push((number, report));
    }
}

/// A record to be written.
#[derive(Clone, Default)]
pub struct Record {
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Option<OwnedHeaders>,
    pub timestamp_ms: Option<i64>,
}

pub fn value(text: impl Into<Vec<u8>>) -> Record {
    Record {
        partition: Some(0),
        value: Some(text.into()),
        ..Record::default()
    }
}

pub fn producer(settings: &[(&str, &str)]) -> BaseProducer<Reports> {
    let mut config = config(settings);
    if !settings.iter().any(|(key, _)| *key == "linger.ms") {
        config.set("linger.ms", "2");
    }
    config
        .create_with_context(Reports::default())
        .expect("a producer")
}

/// Sends records and waits until each was reported; the reports in the records' order.
pub fn send(
    producer: &BaseProducer<Reports>,
    topic: &str,
    records: &[Record],
) -> Vec<Result<(i32, i64), RDKafkaErrorCode>> {
    let reports = &producer.context().0;
    reports.lock().expect("nobody panicked").clear();
    for (number, record) in records.iter().enumerate() {
        let mut one = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, number);
        one.partition = record.partition;
        one.key = record.key.as_deref();
        one.payload = record.value.as_deref();
        one.headers = record.headers.clone();
        one.timestamp = record.timestamp_ms;
        if let Err((error, _)) = producer.send(one) {
            panic!("{error}");
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(LIMIT).expect("everything is reported");
    let mut reported = reports.lock().expect("nobody panicked").clone();
    reported.sort_by_key(|(number, _)| *number);
    assert_eq!(reported.len(), records.len());
    reported.into_iter().map(|(_, report)| report).collect()
}

/// Writes texts to partition 0.
pub fn write(topic: &str, texts: impl IntoIterator<Item = String>) {
    let records: Vec<Record> = texts.into_iter().map(value).collect();
    for report in send(&producer(&[]), topic, &records) {
        report.expect("written");
    }
}

pub fn consumer(settings: &[(&str, &str)]) -> BaseConsumer {
    let mut config = config(&[
        ("group.id", "never-joined"),
        ("enable.auto.commit", "false"),
        ("auto.offset.reset", "error"),
        ("fetch.wait.max.ms", "20"),
        ("fetch.message.max.bytes", "4000000"),
    ]);
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config.create().expect("a consumer")
}

pub fn assigned(consumer: &BaseConsumer, topic: &str, partition: i32, offset: Offset) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset)
        .expect("a valid offset");
    consumer.assign(&list).expect("assigned");
}

/// The next record, unless the time is up; the broker being away for a moment is none of its concern.
pub fn next(consumer: &BaseConsumer, limit: Duration) -> Option<OwnedMessage> {
    match consumer.poll(limit)? {
        Ok(message) => Some(message.detach()),
        Err(KafkaError::MessageConsumption(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::UnknownTopicOrPartition,
        )) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Every record of a partition from `offset` to its end.
pub fn read(topic: &str, partition: i32, offset: Offset) -> Vec<OwnedMessage> {
    let consumer = consumer(&[]);
    let (_, end) = consumer
        .fetch_watermarks(topic, partition, LIMIT)
        .expect("watermarks");
    assigned(&consumer, topic, partition, offset);
    let mut found: Vec<OwnedMessage> = Vec::new();
    while end > 0 && found.last().is_none_or(|last| last.offset() + 1 < end) {
        found.push(wait_for("the next record", || {
            next(&consumer, Duration::from_millis(200))
        }));
    }
    found
}

pub fn text(message: &OwnedMessage) -> String {
    String::from_utf8(message.payload().expect("a value").to_vec()).expect("text")
}
