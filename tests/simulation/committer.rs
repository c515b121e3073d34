//! A client that commits the offsets of a group and asks for them. A committed offset never goes back, save by power loss: the offsets'
//! topic is synced no more often than another.

use super::client::{self, Connection};
use super::invariants::committed;
use super::ledger::Ledger;
use super::trace::Trace;
use ottla::world::Rng;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use ottla_protocol::{ErrorCode, Str};
use std::io;
use std::time::Duration;

const GROUP: &str = "committer";
/// A topic of every run.
const TOPIC: &str = "plain";
/// Commits that must succeed after everything was healed.
const PROGRESS: u64 = 3;

struct Committer {
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    /// The last one that was acknowledged.
    acknowledged: i64,
    /// The last one that was sent.
    sent: i64,
    power_losses: u64,
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
        power_losses: 0,
        since_healed: 0,
    };
    while let Err(error) = client.connected().await {
        client
            .trace
            .say(format!("{GROUP}: connection lost: {error}"));
        client::rest().await;
    }
}

impl Committer {
    async fn connected(&mut self) -> io::Result<()> {
        let mut connection = client::connect().await?;
        self.find(&mut connection).await?;
        loop {
            self.ask(&mut connection).await?;
            if self.since_healed >= PROGRESS {
                return Ok(());
            }
            self.commit(&mut connection).await?;
            let pause = Duration::from_millis(self.rng.below(120));
            tokio::time::sleep(pause).await;
        }
    }

    async fn find(&self, connection: &mut Connection) -> io::Result<()> {
        let request = FindCoordinatorRequest {
            coordinator_keys: vec![Str::from_static(GROUP)],
            ..Default::default()
        };
        let finding = connection.ask(4, &request);
        let found = client::patiently(&self.ledger, finding).await?;
        passing(found.coordinators[0].error_code)
    }

    async fn commit(&mut self, connection: &mut Connection) -> io::Result<()> {
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
        let committing = connection.ask(8, &request);
        let response = client::patiently(&self.ledger, committing).await?;
        passing(response.topics[0].partitions[0].error_code)?;
        self.acknowledged = self.sent;
        self.trace
            .say(format!("{GROUP}: {} is committed", self.sent));
        self.since_healed += u64::from(self.ledger.is_ending());
        Ok(())
    }

    async fn ask(&mut self, connection: &mut Connection) -> io::Result<()> {
        let power_losses = self.ledger.power_losses();
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
        let asking = connection.ask(8, &request);
        let mut response = client::patiently(&self.ledger, asking).await?;
        let group = response.groups.remove(0);
        passing(group.error_code)?;
        let part = &group.topics[0].partitions[0];
        passing(part.error_code)?;
        let found = part.committed_offset;
        let may_have_lost = self.power_losses < power_losses;
        committed::check(found, self.acknowledged, self.sent, may_have_lost);
        (self.acknowledged, self.power_losses) = (found, power_losses);
        Ok(())
    }
}

fn passing(error: ErrorCode) -> io::Result<()> {
    match error {
        ErrorCode::NONE => Ok(()),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}
