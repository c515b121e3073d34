//! A client that commits the offsets of a group and asks for them, wherever the coordinator is. A committed offset never goes back.

use super::client::{self, Connection, passing, patiently};
use super::stage::TOPIC;
use crate::simulation::invariants::committed;
use crate::simulation::ledger::Ledger;
use crate::simulation::trace::Trace;
use ottla::world::Rng;
use ottla_protocol::Str;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use std::io;
use std::time::Duration;

const GROUP: &str = "committer";
/// Commits that must succeed after everything was healed.
const PROGRESS: u64 = 3;

struct Committer {
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    /// The highest one that was acknowledged, or read.
    acknowledged: i64,
    /// The last one that was sent.
    sent: i64,
    since_healed: u64,
}

/// Works until the ledger ends.
pub async fn run(ledger: Ledger, trace: Trace, rng: Rng) {
    let mut client = Committer {
        ledger,
        trace,
        rng,
        acknowledged: committed::NONE,
        sent: committed::NONE,
        since_healed: 0,
    };
    while let Err(error) = client.connected().await {
        client
            .trace
            .say(format!("{GROUP}: connection lost: {error}"));
        client::rest(&client.rng).await;
    }
    client.trace.say(format!("{GROUP}: done"));
}

impl Committer {
    async fn connected(&mut self) -> io::Result<()> {
        let (node, mut connection) = client::coordinator(&self.rng, GROUP).await?;
        loop {
            self.ask(&mut connection).await?;
            if self.since_healed >= PROGRESS {
                return Ok(());
            }
            self.commit(node, &mut connection).await?;
            let pause = Duration::from_millis(self.rng.below(600));
            tokio::time::sleep(pause).await;
        }
    }

    async fn commit(&mut self, node: i32, connection: &mut Connection) -> io::Result<()> {
        self.sent += 1;
        let request = OffsetCommitRequest {
            group_id: Str::from_static(GROUP),
            generation_id_or_member_epoch: -1,
            topics: vec![OffsetCommitRequestTopic {
                name: Str::from_static(TOPIC),
                partitions: vec![OffsetCommitRequestPartition {
                    committed_offset: self.sent,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let response = patiently(connection.ask(8, &request)).await?;
        passing(response.topics[0].partitions[0].error_code)?;
        self.acknowledged = self.sent;
        self.trace
            .say(format!("{GROUP}: {} is committed by {node}", self.sent));
        self.since_healed += u64::from(self.ledger.is_ending());
        Ok(())
    }

    async fn ask(&mut self, connection: &mut Connection) -> io::Result<()> {
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: Str::from_static(GROUP),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: Str::from_static(TOPIC),
                    partition_indexes: vec![0],
                    ..Default::default()
                }]),
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut response = patiently(connection.ask(8, &request)).await?;
        let group = response.groups.remove(0);
        passing(group.error_code)?;
        let part = &group.topics[0].partitions[0];
        passing(part.error_code)?;
        committed::check(part.committed_offset, self.acknowledged, self.sent, false);
        self.acknowledged = part.committed_offset;
        Ok(())
    }
}
