//! A client of one partition: an idempotent producer with acks=all and up to five batches in flight, and a consumer of what it wrote.
//!
//! What was sent and not answered is sent again with the same sequence until it is answered, to whoever leads then. In the end the whole
//! log is read, from every replica.

use super::client::{self, Connection, passing, patiently};
use super::invariants::{replicas, sequences};
use super::stage::{NODES, PARTITIONS, TOPIC};
use crate::simulation::invariants::{acknowledged, deleted, duplicates, holes};
use crate::simulation::ledger::Ledger;
use crate::simulation::trace::Trace;
use crate::wire::{self, Stored};
use ottla::world::Rng;
use ottla_protocol::messages::fetch::PartitionData;
use ottla_protocol::messages::produce::ProduceRequest;
use ottla_protocol::{ErrorCode, Records};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// What Kafka's producer allows itself.
const IN_FLIGHT_MAX: u64 = 5;
const PAUSE_MAX_MS: u64 = 400;
/// Rounds between two requests to delete records, on average.
const DELETE_EVERY: u64 = 25;
/// The timestamp that asks for the log's start.
const EARLIEST: i64 = -2;
const TIMESTAMP: i64 = 1_767_225_600_000;

/// A batch that was sent, or is about to be.
struct Batch {
    sequence: i32,
    values: Vec<String>,
}

struct Worker {
    partition: i32,
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    producer: Option<(i64, i16)>,
    next_sequence: i32,
    next_value: u64,
    in_flight: VecDeque<Batch>,
    /// The first batch was acknowledged. Until then only one is sent: a node that knows nothing of a producer takes any sequence from it.
    is_known: bool,
    /// The consumer's.
    position: i64,
}

/// Creates the topic of the run.
pub async fn create(rng: Rng, trace: &Trace) {
    while let Err(error) = create_once(&rng).await {
        trace.say(format!("{TOPIC} is not created: {error}"));
        client::rest(&rng).await;
    }
}

async fn create_once(rng: &Rng) -> io::Result<()> {
    let (_, mut connection) = client::any(rng).await?;
    let configs = [
        ("internal.segment.bytes", "4096"),
        ("min.insync.replicas", "2"),
    ];
    let mut request = wire::create(TOPIC, PARTITIONS, &configs);
    request.topics[0].replication_factor = 3;
    let response = patiently(connection.ask(7, &request)).await?;
    match response.topics[0].error_code {
        ErrorCode::TOPIC_ALREADY_EXISTS => Ok(()),
        other => passing(other),
    }
}

/// Works until the ledger ends, then audits the partition on all its replicas.
pub async fn run(partition: i32, ledger: Ledger, trace: Trace, rng: Rng) {
    let mut worker = Worker {
        partition,
        ledger,
        trace,
        rng,
        producer: None,
        next_sequence: 0,
        next_value: 0,
        in_flight: VecDeque::new(),
        is_known: false,
        position: 0,
    };
    while let Err(error) = worker.connected().await {
        worker.say(&format!("connection lost: {error}"));
        client::rest(&worker.rng).await;
    }
    while let Err(error) = worker.audit().await {
        worker.say(&format!("not audited yet: {error}"));
        client::rest(&worker.rng).await;
    }
    worker.ledger.done(TOPIC, partition);
}

impl Worker {
    fn say(&self, what: &str) {
        self.trace.say(format!("{TOPIC}-{} {what}", self.partition));
    }

    /// Works on one connection until the work is done, or the connection is to be given up.
    async fn connected(&mut self) -> io::Result<()> {
        let (node, mut connection) = client::leader(&self.rng, TOPIC, self.partition).await?;
        let producer = match self.producer {
            Some(producer) => producer,
            None => self.new_producer(&mut connection).await?,
        };
        loop {
            if self.in_flight.is_empty() && self.ledger.has_progressed(TOPIC, self.partition) {
                return Ok(());
            }
            self.fill();
            self.produce(node, &mut connection, producer).await?;
            self.consume(&mut connection).await?;
            if self.rng.below(DELETE_EVERY) == 0 {
                self.delete_records(&mut connection).await?;
            }
            let pause = Duration::from_millis(self.rng.below(PAUSE_MAX_MS));
            tokio::time::sleep(pause).await;
        }
    }

    async fn new_producer(&mut self, connection: &mut Connection) -> io::Result<(i64, i16)> {
        let asked = patiently(connection.init_producer_id()).await?;
        let producer = asked.map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.producer = Some(producer);
        self.say(&format!("is producer {producer:?}"));
        Ok(producer)
    }

    /// New batches behind those that are still in flight.
    fn fill(&mut self) {
        let wanted = if self.is_known {
            1 + self.rng.below(IN_FLIGHT_MAX)
        } else {
            1
        };
        while (self.in_flight.len() as u64) < wanted {
            let count = 1 + self.rng.below(4);
            let values: Vec<String> = (0..count).map(|_| self.value()).collect();
            self.ledger.account(TOPIC, self.partition, |account| {
                account.sent.extend(values.iter().cloned());
            });
            let sequence = self.next_sequence;
            self.next_sequence += i32::try_from(values.len()).unwrap();
            self.in_flight.push_back(Batch { sequence, values });
        }
    }

    fn value(&mut self) -> String {
        let number = self.next_value;
        self.next_value += 1;
        let filling = ".".repeat(usize::try_from(self.rng.below(200)).unwrap());
        format!("{number}{filling}")
    }

    /// Sends all that is in flight, and takes the answers in order.
    async fn produce(
        &mut self,
        node: i32,
        connection: &mut Connection,
        producer: (i64, i16),
    ) -> io::Result<()> {
        for batch in &self.in_flight {
            let numbered = Some((producer.0, producer.1, batch.sequence));
            let bytes = wire::batch(numbered, TIMESTAMP, &batch.values);
            let request = wire::produce(TOPIC, self.partition, bytes);
            patiently(connection.send(wire::PRODUCE, &request)).await?;
        }
        for _ in 0..self.in_flight.len() {
            let mut response = patiently(connection.answer::<ProduceRequest>()).await?;
            let answer = response.responses.remove(0).partition_responses.remove(0);
            if answer.error_code != ErrorCode::NONE {
                return self.refused(node, answer.error_code);
            }
            let batch = self.in_flight.pop_front().expect("one answer per batch");
            self.is_known = true;
            let at = answer.base_offset;
            self.say(&format!("{} at {at} by {node}", batch.sequence));
            self.ledger
                .acknowledge(TOPIC, self.partition, at, &batch.values);
        }
        Ok(())
    }

    /// The batch stays in flight; those behind it fail with it.
    fn refused(&mut self, node: i32, error: ErrorCode) -> io::Result<()> {
        let sequence = self.in_flight.front().map_or(-1, |batch| batch.sequence);
        self.say(&format!("{sequence} is refused by {node}: {error:?}"));
        sequences::may_refuse(error);
        self.ledger
            .account(TOPIC, self.partition, |account| account.refused += 1);
        passing(error)
    }

    /// Reads what is new.
    async fn consume(&mut self, connection: &mut Connection) -> io::Result<()> {
        self.position = self.position.max(self.start(connection).await?);
        let part = self.fetch(connection, self.position).await?;
        let records = self.from(self.position, &part.records);
        for record in &records {
            self.ledger
                .keep(TOPIC, self.partition, record.offset, &record.value);
        }
        holes::check(self.position, &records);
        if let Some(last) = records.last() {
            self.position = last.offset + 1;
        }
        // A leader that is new may know less of what is committed than the last one did (KIP-207), but never less than it serves.
        assert!(
            records.is_empty() || self.position <= part.high_watermark,
            "read beyond the high watermark"
        );
        Ok(())
    }

    async fn fetch(&self, connection: &mut Connection, from: i64) -> io::Result<PartitionData> {
        let part = patiently(connection.fetch(TOPIC, self.partition, from)).await?;
        passing(part.error_code)?;
        Ok(part)
    }

    fn from(&self, offset: i64, records: &Records) -> Vec<Stored> {
        let mut records = wire::read(records);
        records.retain(|record| record.offset >= offset);
        records
    }

    /// Has the nodes forget some of what was read.
    async fn delete_records(&mut self, connection: &mut Connection) -> io::Result<()> {
        let to = self.position - i64::try_from(self.rng.below(30)).unwrap();
        if to <= 0 {
            return Ok(());
        }
        self.ledger.account(TOPIC, self.partition, |account| {
            account.asked_to_delete = account.asked_to_delete.max(to);
        });
        let request = wire::delete_records(TOPIC, self.partition, to);
        let mut response = patiently(connection.ask(2, &request)).await?;
        let answer = response.topics.remove(0).partitions.remove(0);
        passing(answer.error_code)?;
        self.say(&format!("is deleted up to {}", answer.low_watermark));
        self.ledger.account(TOPIC, self.partition, |account| {
            account.deleted_to = account.deleted_to.max(to);
        });
        Ok(())
    }

    /// Where the log starts now; what lay before is off the ledger.
    async fn start(&self, connection: &mut Connection) -> io::Result<i64> {
        let asking = connection.list_offset(TOPIC, self.partition, EARLIEST);
        let told = patiently(asking).await?;
        let (start, _) = told.map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.ledger.account(TOPIC, self.partition, |account| {
            deleted::takes_no_more(TOPIC, account, start);
            assert!(
                start >= account.deleted_to,
                "{TOPIC}-{} starts at {start}, and was deleted up to {}",
                self.partition,
                account.deleted_to
            );
            account.kept = account.kept.split_off(&start);
        });
        Ok(start)
    }

    /// Reads the whole log from every replica, and compares them with the ledger and each other.
    async fn audit(&mut self) -> io::Result<()> {
        let (leader, mut connection) = client::leader(&self.rng, TOPIC, self.partition).await?;
        let start = self.start(&mut connection).await?;
        let part = self.fetch(&mut connection, start).await?;
        let end = part.high_watermark;
        let mut copies = Vec::new();
        for node in NODES {
            let mut connection = client::connect(node).await?;
            let bytes = self.read_all(&mut connection, start, end).await?;
            copies.push((node, bytes));
        }
        replicas::are_equal(TOPIC, self.partition, &copies);
        let log = self.from(start, &Records::Bytes(copies.remove(0).1));
        holes::check(start, &log);
        self.ledger.account(TOPIC, self.partition, |account| {
            acknowledged::at_the_end(account, &log);
            duplicates::check(account, &log);
        });
        self.say(&format!(
            "is as it should be, from {start} to {end}, led by {leader}"
        ));
        Ok(())
    }

    /// Everything from `start` to `end`, as it lies in the log.
    async fn read_all(
        &self,
        connection: &mut Connection,
        start: i64,
        end: i64,
    ) -> io::Result<ottla_protocol::Bytes> {
        let mut all = Vec::new();
        let mut from = start;
        while from < end {
            let part = self.fetch(connection, from).await?;
            let Records::Bytes(bytes) = &part.records else {
                return Err(io::Error::other("no records"));
            };
            let Some(last) = wire::read(&part.records).pop() else {
                return Err(io::Error::other("the replica is behind"));
            };
            all.extend_from_slice(bytes);
            from = last.offset + 1;
        }
        Ok(all.into())
    }
}
