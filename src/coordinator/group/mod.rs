//! The group coordinator: classic groups and committed offsets, on `__consumer_offsets`.
//!
//! ```text
//!   coordinator  a request ─▶ which shard, which operation ─▶ response, errors as Kafka maps them
//!   classic/     members, rebalances (pure)        offsets/  commit, fetch, delete, expire (pure)
//!   record       what is stored, and how it changes the durable state
//! ```
//! Durable: each group as its last record says, and its offsets. Volatile: groups that are more than that, because they have
//! members, or members to be. A group at rest costs its record and nothing else: no timer, no task.
//! Source: `GroupMetadataManager`, `OffsetMetadataManager` of Kafka 4.3.

pub mod classic;
mod coordinator;
mod delete;
mod describe;
mod expire;
mod list;
mod metrics;
pub mod offsets;
mod placement;
mod record;
mod small_map;
#[cfg(test)]
mod tests;

pub use coordinator::{Asked, Groups};
pub use placement::partition_of;
pub use record::{Committed, Durable, Record, Recorded, RecordedMember};

use super::{Draft, Encoded, Found, Shard, Turn};
use crate::config::{BrokerValues, GroupValues};
use crate::world::Quiet;
use arc_swap::ArcSwap;
use classic::ClassicGroup;
use imbl::OrdMap;
use ottla_protocol::messages::{
    delete_groups::DeletableGroupResult, join_group::JoinGroupResponse,
    leave_group::LeaveGroupResponse, offset_commit::OffsetCommitResponse,
    offset_delete::OffsetDeleteResponse, offset_fetch::OffsetFetchResponseGroup,
    sync_group::SyncGroupResponse,
};
use ottla_protocol::{DecodeError, EncodeError, ErrorCode, Str};
use ottla_storage::batch::Codec;
use prometheus::IntCounter;
use std::sync::Arc;
use std::time::Duration;

/// One partition of `__consumer_offsets`.
pub struct GroupShard {
    pub values: Arc<ArcSwap<BrokerValues>>,
    /// Counts rebalances.
    pub rebalances: IntCounter,
    /// Lost members: there may be thousands in a moment.
    pub losses: Quiet,
}

/// What is lost when the shard is loaded again.
#[derive(Clone, Debug, Default)]
pub struct Volatile {
    /// Groups that are more than their record.
    pub live: OrdMap<Arc<str>, Arc<ClassicGroup>>,
    /// Generations begun since the shard was loaded.
    pub rebalances: u64,
}

/// Names a deadline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A member has been silent for too long.
    Session { group: Arc<str>, member: Str },
    /// The time to join is over, or that to wait for more members.
    Join { group: Arc<str> },
    /// The time to ask for the assignment is over.
    Sync { group: Arc<str> },
    /// Time to look for expired offsets.
    Expiration,
}

/// What a request is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Join(JoinGroupResponse),
    Sync(SyncGroupResponse),
    Heartbeat(ErrorCode),
    Leave(LeaveGroupResponse),
    Commit(Result<OffsetCommitResponse, ErrorCode>),
    Fetch(OffsetFetchResponseGroup),
    DeleteOffsets(OffsetDeleteResponse),
    DeleteGroups(Vec<DeletableGroupResult>),
    Done,
}

/// A private copy of a shard.
pub type GroupDraft = Draft<GroupShard>;

impl GroupShard {
    pub fn values(&self) -> GroupValues {
        self.values.load().groups.clone()
    }
}

impl Shard for GroupShard {
    type Durable = Durable;
    type Volatile = Volatile;
    type Record = Record;
    type Timer = Timer;
    type Answer = Answer;

    fn apply(durable: &mut Durable, record: &Record) {
        durable.apply(record);
    }

    fn encode(record: &Record) -> Result<Encoded, EncodeError> {
        record.encode()
    }

    fn decode(found: Found) -> Result<Option<Record>, DecodeError> {
        Record::decode(found)
    }

    fn loaded(&self, draft: &mut GroupDraft, turn: &Turn) {
        let values = self.values();
        draft.arm(Timer::Expiration, turn.now + values.offsets_retention_check);
        classic::timeouts::loaded(draft, turn, &values);
    }

    fn expire(&self, draft: &mut GroupDraft, timer: &Timer, turn: &Turn) {
        let values = self.values();
        match timer {
            Timer::Session { group, member } => {
                let is_lost = classic::timeouts::session(draft, turn, &values, group, member);
                if is_lost && let Some(left_out) = self.losses.admits(turn.now) {
                    tracing::info!(%group, %member, left_out, "a member was lost: no heartbeat within its session timeout");
                }
            }
            Timer::Join { group } => classic::timeouts::join(draft, turn, &values, group),
            Timer::Sync { group } => classic::timeouts::sync(draft, turn, &values, group),
            Timer::Expiration => {
                expire::expire(draft, turn, &values);
                draft.arm(Timer::Expiration, turn.now + values.offsets_retention_check);
            }
        }
    }

    fn installed(&self, before: &Volatile, after: &Volatile) {
        self.rebalances.inc_by(after.rebalances - before.rebalances);
    }

    fn codec(&self) -> Codec {
        Codec::from_id(self.values.load().groups.offsets_codec).unwrap_or(Codec::None)
    }

    fn commit_timeout(&self) -> Duration {
        self.values.load().groups.commit_timeout
    }
}
