//! Appending as leader: what comes before the log, and what the answer waits for.
//!
//! ```text
//!   append ─▶ role, min ISR ─▶ check and validate (pure, on the caller's thread) ─▶ queue ─▶ written by whoever holds the slot
//!          └▶ Appending ─ acknowledged() ─▶ written ─▶ acks=1: durable · acks=all: committed, then min ISR once more
//! ```
//! Guarantees: the order of appends is decided when `append` returns; what was accepted in one leader epoch is neither
//! written nor acknowledged in another. Source: `Partition.appendRecordsToLeader`, `DelayedProduce`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_protocol::ErrorCode;
use ottla_storage::batch::BatchError;
use ottla_storage::batch::{ValidBatch, check_produced, validate};
use ottla_storage::broken::{Rule, is_broken};
use ottla_storage::log::{Appended, LeaderBatch};
use ottla_storage::offset::LeaderEpoch;
use ottla_storage::producers::{EndMarker, Origin, Proof};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::errors::{Refused, batch_refused};
use super::replica::Partition;
use super::role::Role;
use super::writer::{Pending, Work};

/// What must have happened before a produce is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// 0: nothing; there is no answer.
    None,
    /// 1: the leader has it (and has synced it, under `flush.messages`).
    Leader,
    /// −1: every replica in sync has it, and those are enough.
    All,
}

impl Acks {
    /// `None` for a number that Kafka does not define: INVALID_REQUIRED_ACKS.
    pub fn from_wire(acks: i16) -> Option<Self> {
        match acks {
            0 => Some(Acks::None),
            1 => Some(Acks::Leader),
            -1 => Some(Acks::All),
            _ => None,
        }
    }
}

/// How to append what a produce request carries for one partition.
#[derive(Clone, Copy, Debug)]
pub struct AppendOptions {
    pub acks: Acks,
    /// How long to wait for the other replicas.
    pub timeout: Duration,
    /// The version of the Produce request: older ones may not use zstd (KIP-110).
    pub produce_version: i16,
    /// Whether the transaction of a transactional batch was verified (KIP-890).
    pub proof: Proof,
}

/// An append whose place in the order is decided.
#[derive(Debug)]
#[must_use = "the answer of an append is its acknowledgement"]
pub struct Appending {
    partition: Arc<Partition>,
    epoch: LeaderEpoch,
    acks: Acks,
    deadline: Instant,
    written: Result<oneshot::Receiver<Result<Appended, Refused>>, Refused>,
}

impl Partition {
    /// Appends the records of a produce request.
    pub fn append(self: &Arc<Self>, records: Bytes, options: &AppendOptions) -> Appending {
        let (epoch, checked) = self.accept(options.acks, None, |partition| {
            let in_force = partition.topic.in_force();
            let rules = &in_force.rules;
            let checked =
                check_produced(records, options.produce_version, rules.max_message_bytes)?;
            let now_ms = partition.directory().clock().wall_ms();
            let valid = validate(checked, rules, Origin::Client, now_ms)?;
            Ok(leader_batch(valid, None, Origin::Client, options.proof))
        });
        self.queue(epoch, checked, options.acks, options.timeout)
    }

    /// Appends one batch that this broker built itself (a coordinator's state, a transaction marker), if the leader epoch is
    /// still `epoch`: the one in which the state that it continues was loaded.
    pub fn append_own(
        self: &Arc<Self>,
        batch: Bytes,
        marker: Option<EndMarker>,
        epoch: LeaderEpoch,
        timeout: Duration,
    ) -> Appending {
        let (epoch, checked) = self.accept(Acks::All, Some(epoch), |_| {
            Ok(leader_batch(
                ValidBatch::own(batch),
                marker,
                Origin::Coordinator,
                Proof::NotRequired,
            ))
        });
        self.queue(epoch, checked, Acks::All, timeout)
    }

    /// Whether this replica takes writes now, and the batch once it is checked.
    fn accept(
        &self,
        acks: Acks,
        expected: Option<LeaderEpoch>,
        check: impl FnOnce(&Self) -> Result<LeaderBatch, BatchError>,
    ) -> (LeaderEpoch, Result<LeaderBatch, Refused>) {
        let role = match self.check(None) {
            Ok(role) if expected.is_none_or(|expected| expected == role.leader_epoch) => role,
            Ok(_) => {
                return (
                    LeaderEpoch::NONE,
                    Err(Refused::new(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
                );
            }
            Err(error) => return (LeaderEpoch::NONE, Err(Refused::new(error))),
        };
        let log_start = self.offsets().start;
        if acks == Acks::All && !self.has_min_isr(&role) {
            let refused = Refused::new(ErrorCode::NOT_ENOUGH_REPLICAS).with_log_start(log_start);
            return (role.leader_epoch, Err(refused));
        }
        (
            role.leader_epoch,
            check(self).map_err(|error| batch_refused(&error, log_start)),
        )
    }

    fn queue(
        self: &Arc<Self>,
        epoch: LeaderEpoch,
        checked: Result<LeaderBatch, Refused>,
        acks: Acks,
        timeout: Duration,
    ) -> Appending {
        let written = checked.map(|batch| {
            let (answer, written) = oneshot::channel();
            self.enter(Work::Append(Pending {
                batch,
                epoch,
                answer,
            }));
            written
        });
        Appending {
            partition: self.clone(),
            epoch,
            acks,
            deadline: self.directory().clock().deadline(timeout),
            written,
        }
    }

    fn has_min_isr(&self, role: &Role) -> bool {
        role.isr.len() >= self.min_isr(role)
    }

    /// After the append the maximal ISR decides (`Partition.checkEnoughReplicasReachOffset`).
    fn had_min_isr(&self) -> bool {
        let role = self.role();
        self.has_min_isr(&role) || self.maximal_isr_len() >= self.min_isr(&role)
    }

    fn min_isr(&self, role: &Role) -> usize {
        role.min_isr(self.topic.in_force().config.min_in_sync_replicas)
    }
}

impl Appending {
    /// Resolves when the batch is in this replica's log, or refused. Nothing is said about other replicas and syncs.
    ///
    /// # Errors
    /// The batch was not written.
    pub async fn written(self) -> Result<Appended, Refused> {
        // A dropped answer means that the writer was lost in the middle.
        let lost = |_| Err(Refused::new(ErrorCode::KAFKA_STORAGE_ERROR));
        self.written?.await.unwrap_or_else(lost)
    }

    /// Resolves when the append is acknowledged as asked, refused, or given up.
    ///
    /// # Errors
    /// What the produce answer says; REQUEST_TIMED_OUT and NOT_ENOUGH_REPLICAS_AFTER_APPEND leave it open whether the records
    /// will be read one day.
    pub async fn acknowledged(self) -> Result<Appended, Refused> {
        // A dropped answer means that the writer was lost in the middle.
        let lost = |_| Err(Refused::new(ErrorCode::KAFKA_STORAGE_ERROR));
        let appended = self.written?.await.unwrap_or_else(lost)?;
        let end = appended.last_offset.next();
        let acknowledged = match self.acks {
            Acks::None => Ok(Ok(())),
            Acks::Leader => Ok(self.partition.durable(self.epoch, end).await),
            Acks::All if is_broken(Rule::AnswerAfterReplication) => Ok(Ok(())),
            Acks::All => {
                tokio::time::timeout_at(self.deadline, self.partition.committed(self.epoch, end))
                    .await
            }
        };
        let refused = |error| Refused::new(error).with_log_start(appended.log_start);
        match acknowledged {
            Err(_) => Err(refused(ErrorCode::REQUEST_TIMED_OUT)),
            Ok(Err(ended)) => Err(Refused::new(ended.into())),
            Ok(Ok(())) if self.acks == Acks::All && !self.partition.had_min_isr() => {
                Err(refused(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND))
            }
            Ok(Ok(())) => Ok(appended),
        }
    }
}

fn leader_batch(
    valid: ValidBatch,
    marker: Option<EndMarker>,
    origin: Origin,
    proof: Proof,
) -> LeaderBatch {
    LeaderBatch {
        header: valid.header,
        records: valid.records,
        marker,
        origin,
        proof,
    }
}
