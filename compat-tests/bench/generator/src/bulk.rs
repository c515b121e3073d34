//! Bulk through librdkafka.

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientContext, Offset};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

fn config(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address)
        .set("log_level", "3");
    config
}

/// Counts what the broker acknowledged.
#[derive(Clone, Default)]
struct Counted {
    acknowledged: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

impl ClientContext for Counted {}

impl ProducerContext for Counted {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &rdkafka::producer::DeliveryResult<'_>, (): ()) {
        let count = if result.is_ok() {
            &self.acknowledged
        } else {
            &self.failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Produces in batches of 128 KiB, records going round the partitions; ends when all are acknowledged.
pub fn produce(
    address: &str,
    topic: &str,
    size: usize,
    records: u64,
    partitions: i32,
    settings: &[(&str, &str)],
) -> String {
    let counted = Counted::default();
    let mut config = config(address);
    config
        .set("batch.size", "131072")
        .set("batch.num.messages", "1000000")
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", "262144");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    let producer: BaseProducer<Counted> = config
        .create_with_context(counted.clone())
        .expect("a producer");
    // Neither all zeros nor the same everywhere, though nobody compresses it here.
    let payload: Vec<u8> = (0..size).map(|at| (at * 131 + at / 7) as u8).collect();
    let started = Instant::now();
    let per_turn = (131_072 / (size as u64 + 16)).max(1);
    for number in 0..records {
        let partition = (number / per_turn % partitions as u64) as i32;
        let mut record = BaseRecord::<(), [u8]>::to(topic)
            .payload(&payload)
            .partition(partition);
        while let Err((error, back)) = producer.send(record) {
            assert!(
                matches!(
                    error,
                    KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
                ),
                "{error}"
            );
            producer.poll(Duration::from_millis(1));
            record = back;
        }
        if number % 1000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer
        .flush(LIMIT)
        .expect("everything is acknowledged in time");
    report(
        counted.acknowledged.load(Ordering::Relaxed),
        size,
        counted.failed.load(Ordering::Relaxed),
        started,
    )
}

/// Reads so many records from the beginning.
pub fn consume(address: &str, topic: &str, records: u64, partitions: i32) -> String {
    let mut config = config(address);
    config
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("check.crcs", "false")
        .set("fetch.message.max.bytes", "4194304")
        .set("fetch.max.bytes", "52428800")
        .set("queued.min.messages", "1000000")
        .set("queued.max.messages.kbytes", "262144");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&assignment).expect("an assignment");
    let started = Instant::now();
    let (mut count, mut size) = (0, 0);
    while count < records {
        match consumer.poll(Duration::from_secs(1)) {
            Some(Ok(message)) => {
                count += 1;
                size = message.payload_len();
            }
            Some(Err(error)) => panic!("{error}"),
            None => assert!(
                started.elapsed() < LIMIT,
                "{count} of {records} records came"
            ),
        }
    }
    report(count, size, 0, started)
}

/// Creates a topic; ends when it is announced created.
pub fn create(address: &str, topic: &str, partitions: i32, settings: &[(&str, &str)]) -> String {
    let client: AdminClient<DefaultClientContext> = config(address).create().expect("a client");
    let started = Instant::now();
    let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let topics = [settings
        .iter()
        .fold(topic, |topic, (key, value)| topic.set(key, value))];
    let options = AdminOptions::new()
        .request_timeout(Some(LIMIT))
        .operation_timeout(Some(LIMIT));
    let created = futures_lite(client.create_topics(&topics, &options)).expect("an answer");
    created
        .into_iter()
        .for_each(|topic| drop(topic.expect("created")));
    report(partitions as u64, 0, 0, started)
}

/// The client has a thread of its own that completes the future.
fn futures_lite<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}

fn report(count: u64, size: usize, failed: u64, started: Instant) -> String {
    let seconds = started.elapsed().as_secs_f64();
    let bytes = count * size as u64;
    format!(
        r#"{{"records": {count}, "bytes": {bytes}, "failed": {failed}, "seconds": {seconds:.4}}}"#
    )
}
