//! A client of one partition: an idempotent producer with up to five batches in flight, and a consumer of what it wrote.
//!
//! What was sent and not answered is sent again with the same sequence until it is answered. After a power loss the partition is
//! audited before anything is sent: the whole log is read and compared with the ledger.

use super::client::{self, Connection};
use super::invariants::{acknowledged, deleted, duplicates, holes, producers};
use super::ledger::Ledger;
use super::trace::Trace;
use crate::wire::{self, Stored};
use ottla::world::Rng;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::produce::ProduceRequest;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// What Kafka's producer allows itself.
const IN_FLIGHT_MAX: u64 = 5;
const PAUSE_MAX_MS: u64 = 80;
/// Rounds between two requests to delete records, on average.
const DELETE_EVERY: u64 = 12;
/// The timestamp that asks for the log's start.
const EARLIEST: i64 = -2;
/// The timestamp that asks for the log's end.
const LATEST: i64 = -1;
const TIMESTAMP: i64 = 1_767_225_600_000;

/// A batch that was sent, or is about to be.
#[derive(Clone, Debug)]
pub struct Batch {
    pub sequence: i32,
    pub values: Vec<String>,
}

struct Worker {
    topic: &'static str,
    partition: i32,
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    producer: Option<(i64, i16)>,
    next_sequence: i32,
    next_value: u64,
    in_flight: VecDeque<Batch>,
    /// The node has acknowledged a batch of this producer. Until then only one is sent: as in Kafka, a node that knows nothing of a
    /// producer takes any sequence from it, and would take the second batch when the first has to be sent again.
    is_known: bool,
    /// The consumer's.
    position: i64,
    audited_power_losses: u64,
}

/// Works until the ledger ends, then audits the partition a last time.
pub async fn run(topic: &'static str, partition: i32, ledger: Ledger, trace: Trace, rng: Rng) {
    let mut worker = Worker {
        topic,
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
        audited_power_losses: 0,
    };
    while let Err(error) = worker.connected().await {
        worker.say(&format!("connection lost: {error}"));
        client::rest().await;
    }
    worker.ledger.done(topic, partition);
}

impl Worker {
    fn say(&self, what: &str) {
        self.trace
            .say(format!("{}-{} {what}", self.topic, self.partition));
    }

    /// Works on one connection until the work is done, or the connection is to be given up.
    async fn connected(&mut self) -> io::Result<()> {
        let mut connection = client::connect().await?;
        let producer = match self.producer {
            Some(producer) => producer,
            None => self.new_producer(&mut connection).await?,
        };
        loop {
            if self.audited_power_losses < self.ledger.power_losses() {
                self.audit_power_loss(&mut connection, producer).await?;
            }
            if self.in_flight.is_empty() && self.ledger.has_progressed(self.topic, self.partition) {
                return self.audit_end(&mut connection).await;
            }
            self.fill();
            self.produce(&mut connection, producer).await?;
            self.consume(&mut connection).await?;
            if self.rng.below(DELETE_EVERY) == 0 {
                self.delete_records(&mut connection).await?;
            }
            let pause = Duration::from_millis(self.rng.below(PAUSE_MAX_MS));
            tokio::time::sleep(pause).await;
        }
    }

    async fn new_producer(&mut self, connection: &mut Connection) -> io::Result<(i64, i16)> {
        let asked = client::patiently(&self.ledger, connection.init_producer_id()).await?;
        let producer = asked.map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.producer = Some(producer);
        self.next_sequence = 0;
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
            let values = (0..=self.rng.below(4))
                .map(|_| self.value())
                .collect::<Vec<_>>();
            self.ledger.account(self.topic, self.partition, |account| {
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
        let filling = ".".repeat(usize::try_from(self.rng.below(300)).unwrap());
        format!("{number}{filling}")
    }

    /// Sends all that is in flight, and takes the answers in order.
    async fn produce(
        &mut self,
        connection: &mut Connection,
        producer: (i64, i16),
    ) -> io::Result<()> {
        for batch in &self.in_flight {
            let numbered = Some((producer.0, producer.1, batch.sequence));
            let bytes = wire::batch(numbered, TIMESTAMP, &batch.values);
            let request = wire::produce(self.topic, self.partition, bytes);
            client::patiently(&self.ledger, connection.send(wire::PRODUCE, &request)).await?;
        }
        for place in 0..self.in_flight.len() {
            let mut response =
                client::patiently(&self.ledger, connection.answer::<ProduceRequest>()).await?;
            let answer = response.responses.remove(0).partition_responses.remove(0);
            if answer.error_code != ErrorCode::NONE {
                return self.refused(place, answer.error_code);
            }
            let batch = self.in_flight.pop_front().expect("one answer per batch");
            self.is_known = true;
            self.say(&format!("{} at {}", batch.sequence, answer.base_offset));
            self.ledger.acknowledge(
                self.topic,
                self.partition,
                answer.base_offset,
                &batch.values,
            );
        }
        Ok(())
    }

    /// The batch stays in flight; those behind it fail with it.
    fn refused(&mut self, place: usize, error: ErrorCode) -> io::Result<()> {
        let sequence = self.in_flight.front().map(|batch| batch.sequence);
        self.say(&format!(
            "{sequence:?} is refused: {error:?} (place {place})"
        ));
        producers::may_refuse(error);
        self.ledger
            .account(self.topic, self.partition, |account| account.refused += 1);
        Err(io::Error::other("refused"))
    }

    /// Reads what is new.
    async fn consume(&mut self, connection: &mut Connection) -> io::Result<()> {
        self.position = self.position.max(self.start(connection).await?);
        let (records, high_watermark) = self.read(connection, self.position).await?;
        for record in &records {
            self.ledger
                .keep(self.topic, self.partition, record.offset, &record.value);
        }
        holes::check(self.position, &records);
        if let Some(last) = records.last() {
            self.position = last.offset + 1;
        }
        assert!(
            self.position <= high_watermark,
            "read beyond the high watermark"
        );
        Ok(())
    }

    async fn read(&self, connection: &mut Connection, from: i64) -> io::Result<(Vec<Stored>, i64)> {
        let life = self.ledger.life();
        let asking = connection.fetch(self.topic, self.partition, from);
        let part = client::patiently(&self.ledger, asking).await?;
        if part.error_code == ErrorCode::OFFSET_OUT_OF_RANGE {
            return Err(io::Error::other("out of range"));
        }
        if part.error_code != ErrorCode::NONE {
            producers::may_not_read(part.error_code);
            return Err(io::Error::other(format!("fetch: {:?}", part.error_code)));
        }
        let mut records = wire::read(&part.records);
        records.retain(|record| record.offset >= from);
        self.ledger.account(self.topic, self.partition, |account| {
            deleted::check(account, life, part.log_start_offset, &records);
        });
        Ok((records, part.high_watermark))
    }

    /// Has the node forget some of what was read.
    async fn delete_records(&mut self, connection: &mut Connection) -> io::Result<()> {
        let to = self.position - i64::try_from(self.rng.below(30)).unwrap();
        if to <= 0 {
            return Ok(());
        }
        self.ledger.account(self.topic, self.partition, |account| {
            account.asked_to_delete = account.asked_to_delete.max(to);
        });
        let request = wire::delete_records(self.topic, self.partition, to);
        let asking = connection.ask(2, &request);
        let mut response = client::patiently(&self.ledger, asking).await?;
        let answer = response.topics.remove(0).partitions.remove(0);
        if answer.error_code != ErrorCode::NONE {
            producers::may_not_read(answer.error_code);
            return Err(io::Error::other(format!("delete: {:?}", answer.error_code)));
        }
        assert!(
            answer.low_watermark >= to,
            "deleted less than was asked for"
        );
        self.say(&format!("is deleted up to {}", answer.low_watermark));
        self.ledger.account(self.topic, self.partition, |account| {
            account.deleted_to = account.deleted_to.max(to);
            account.kept = account.kept.split_off(&to);
        });
        Ok(())
    }

    /// Where the log starts now; what lay before is off the ledger.
    async fn start(&self, connection: &mut Connection) -> io::Result<i64> {
        let asking = connection.list_offset(self.topic, self.partition, EARLIEST);
        let told = client::patiently(&self.ledger, asking).await?;
        let (start, _) = told.map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.ledger.account(self.topic, self.partition, |account| {
            deleted::takes_no_more(self.topic, account, start);
            account.kept = account.kept.split_off(&start);
        });
        Ok(start)
    }

    /// The whole log, from its start to its end.
    async fn read_all(&self, connection: &mut Connection) -> io::Result<(Vec<Stored>, i64)> {
        let start = self.start(connection).await?;
        let mut all: Vec<Stored> = Vec::new();
        loop {
            let from = all.last().map_or(start, |record| record.offset + 1);
            let (records, end) = self.read(connection, from).await?;
            assert!(
                !records.is_empty() || from >= end,
                "nothing to read at {from} of {end}"
            );
            all.extend(records);
            if all.last().map_or(start, |record| record.offset + 1) >= end {
                holes::check(start, &all);
                return Ok((all, end));
            }
        }
    }

    /// Compares the log with the ledger, takes off what was allowed to be lost, and finds the producer's place in what is left.
    async fn audit_power_loss(
        &mut self,
        connection: &mut Connection,
        producer: (i64, i16),
    ) -> io::Result<()> {
        let losses = self.ledger.power_losses();
        let left = self.await_end(connection).await?;
        self.ledger.account(self.topic, self.partition, |account| {
            // Deleted records may be among the suffix that was lost: their offsets are used again.
            account.deleted_to = account.deleted_to.min(left);
        });
        let (log, end) = self.read_all(connection).await?;
        let lost = self.ledger.account(self.topic, self.partition, |account| {
            acknowledged::after_power_loss(self.topic, account, &log, end)
        });
        self.say(&format!(
            "audited to {end}: {lost} acknowledged records lost"
        ));
        self.position = self.position.min(end);
        if lost > 0 {
            self.in_flight.clear();
            self.is_known = false;
            self.audited_power_losses = losses;
            let Some(next) = producers::next_sequence(producer, &log) else {
                // What is left says nothing of this producer, so it cannot know where it stands.
                self.producer = None;
                return Err(io::Error::other("the producer is forgotten"));
            };
            self.next_sequence = next;
        }
        self.audited_power_losses = losses;
        Ok(())
    }

    /// Waits until all that a restarted node has may be read: until then it does not say where the log ends (KIP-207).
    async fn await_end(&self, connection: &mut Connection) -> io::Result<i64> {
        let asking = connection.list_offset(self.topic, self.partition, LATEST);
        match client::patiently(&self.ledger, asking).await? {
            Ok((end, _)) => Ok(end),
            Err(error) => Err(io::Error::other(format!("list offsets: {error:?}"))),
        }
    }

    async fn audit_end(&mut self, connection: &mut Connection) -> io::Result<()> {
        self.await_end(connection).await?;
        let (log, end) = self.read_all(connection).await?;
        self.ledger.account(self.topic, self.partition, |account| {
            acknowledged::at_the_end(account, &log);
            duplicates::check(account, &log);
        });
        self.say(&format!("is as it should be, up to {end}"));
        Ok(())
    }
}
