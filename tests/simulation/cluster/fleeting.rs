//! A client of a topic that is created, written, read and deleted, again and again under the same name, through any node and while others
//! are away. What was deleted never comes back: not on a node that slept through it, not under the next topic of that name.

use super::client::{self, passing, patiently};
use crate::simulation::invariants::deleted;
use crate::simulation::ledger::Ledger;
use crate::simulation::trace::Trace;
use crate::wire;
use ottla::world::Rng;
use ottla_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use ottla_protocol::messages::fetch::FetchRequest;
use ottla_protocol::messages::produce::ProduceRequest;
use ottla_protocol::{ErrorCode, Str, Uuid};
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
    while client.deleted_since_healed < PROGRESS {
        if let Err(error) = client.round().await {
            client.say(&format!("failed: {error}"));
            client::rest(&client.rng).await;
        }
    }
    client.say("done");
}

impl Fleeting {
    fn say(&self, what: &str) {
        self.trace
            .say(format!("{TOPIC} {} {what}", self.incarnation));
    }

    /// Whatever was begun and failed ends with the topic.
    async fn round(&mut self) -> io::Result<()> {
        self.delete().await?;
        self.incarnation += 1;
        let id = self.create().await?;
        for _ in 0..=self.rng.below(4) {
            self.write_and_read(id).await?;
            let pause = Duration::from_millis(self.rng.below(400));
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    async fn create(&self) -> io::Result<Uuid> {
        let (_, mut connection) = client::any(&self.rng).await?;
        let mut request = wire::create(TOPIC, 1, &[("internal.segment.bytes", "512")]);
        request.topics[0].replication_factor = 3;
        let response = patiently(connection.ask(7, &request)).await?;
        passing(response.topics[0].error_code)?;
        self.say("is created");
        Ok(response.topics[0].topic_id)
    }

    /// By the topic's id: a node that is cut off may still have the last topic of that name.
    async fn write_and_read(&self, id: Uuid) -> io::Result<()> {
        let (_, mut connection) = client::leader(&self.rng, TOPIC, 0).await?;
        let count = 1 + self.rng.below(4);
        let values: Vec<String> = (0..count)
            .map(|_| format!("{} {}", self.incarnation, ".".repeat(100)))
            .collect();
        let batch = wire::batch(None, TIMESTAMP, &values);
        let mut request: ProduceRequest = wire::produce("", 0, batch);
        request.topic_data[0].topic_id = id;
        let response = patiently(connection.ask(13, &request)).await?;
        passing(response.responses[0].partition_responses[0].error_code)?;
        let mut request: FetchRequest = wire::fetch("", 0, 0);
        request.topics[0].topic_id = id;
        let response = patiently(connection.ask(13, &request)).await?;
        passing(response.error_code)?;
        let part = &response.responses[0].partitions[0];
        passing(part.error_code)?;
        deleted::is_of_this_incarnation(self.incarnation, &wire::read(&part.records));
        Ok(())
    }

    async fn delete(&mut self) -> io::Result<()> {
        let (_, mut connection) = client::any(&self.rng).await?;
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: Some(Str::from_static(TOPIC)),
                ..Default::default()
            }],
            timeout_ms: 2_000,
            ..Default::default()
        };
        let response = patiently(connection.ask(6, &request)).await?;
        match response.responses[0].error_code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION if self.incarnation == 0 => return Ok(()),
            // Deleted by a request that was not answered.
            ErrorCode::NONE | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {}
            other => return passing(other),
        }
        self.say("is deleted");
        self.deleted_since_healed += u64::from(self.ledger.is_ending());
        Ok(())
    }
}
