//! A client of a topic that is created, written, read and deleted, again and again under the same name. What was deleted never comes
//! back: not after a death, not after a power loss, not under the next topic of that name.

use super::client::{self, Connection};
use super::invariants::deleted;
use super::ledger::Ledger;
use super::trace::Trace;
use crate::wire;
use ottla::world::Rng;
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::{ErrorCode, Str};
use std::io;
use std::time::Duration;

const TOPIC: &str = "fleeting";
const TIMESTAMP: i64 = 1_767_225_600_000;
/// Deletions that must succeed after everything was healed.
const PROGRESS: u64 = 2;

struct Fleeting {
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    /// Which topic of the name is written just now.
    incarnation: u64,
    deleted_since_healed: u64,
}

/// Works until the ledger ends.
pub async fn run(ledger: Ledger, trace: Trace, rng: Rng) {
    let mut client = Fleeting {
        ledger,
        trace,
        rng,
        incarnation: 0,
        deleted_since_healed: 0,
    };
    while let Err(error) = client.connected().await {
        client.say(&format!("connection lost: {error}"));
        client::rest().await;
    }
}

impl Fleeting {
    fn say(&self, what: &str) {
        self.trace
            .say(format!("{TOPIC} {} {what}", self.incarnation));
    }

    async fn connected(&mut self) -> io::Result<()> {
        let mut connection = client::connect().await?;
        loop {
            // Whatever was begun before the connection was lost ends with the topic.
            self.delete(&mut connection).await?;
            if self.deleted_since_healed >= PROGRESS {
                return Ok(());
            }
            self.incarnation += 1;
            let creating = connection.create(TOPIC, 1, &[("internal.segment.bytes", "512")]);
            passing(client::patiently(&self.ledger, creating).await?)?;
            self.say("is created");
            for _ in 0..self.rng.below(6) {
                self.write(&mut connection).await?;
                self.read(&mut connection).await?;
                let pause = Duration::from_millis(self.rng.below(60));
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn write(&mut self, connection: &mut Connection) -> io::Result<()> {
        let count = 1 + self.rng.below(4);
        let values: Vec<String> = (0..count)
            .map(|_| format!("{} {}", self.incarnation, ".".repeat(100)))
            .collect();
        let batch = wire::batch(None, TIMESTAMP, &values);
        let producing = connection.produce(TOPIC, 0, batch);
        passing(client::patiently(&self.ledger, producing).await?.error_code)
    }

    async fn read(&mut self, connection: &mut Connection) -> io::Result<()> {
        let reading = connection.fetch(TOPIC, 0, 0);
        let part = client::patiently(&self.ledger, reading).await?;
        passing(part.error_code)?;
        deleted::is_of_this_incarnation(self.incarnation, &wire::read(&part.records));
        Ok(())
    }

    async fn delete(&mut self, connection: &mut Connection) -> io::Result<()> {
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: Some(Str::from_static(TOPIC)),
                ..Default::default()
            }],
            timeout_ms: 5_000,
            ..Default::default()
        };
        let asking = connection.ask(6, &request);
        let response = client::patiently(&self.ledger, asking).await?;
        match response.responses[0].error_code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION if self.incarnation == 0 => return Ok(()),
            // Deleted by the request that was not answered.
            ErrorCode::NONE | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {}
            other => return passing(other),
        }
        self.say("is deleted");
        let listing = connection.metadata(Some(&[TOPIC]));
        let metadata = client::patiently(&self.ledger, listing).await?;
        deleted::is_unknown(&metadata);
        self.deleted_since_healed += u64::from(self.ledger.is_ending());
        Ok(())
    }
}

/// Anything but success is tried again, from the beginning.
fn passing(error: ErrorCode) -> io::Result<()> {
    match error {
        ErrorCode::NONE => Ok(()),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}
