//! Reading a partition: who may see how far, and where the bytes are.
//!
//! ```text
//!   read ─▶ role, epochs, bounds ─▶ LogReader (memory only) ─▶ regions of files
//!                                       └─ would block ─▶ once more on the directory's reading threads
//! ```
//! Guarantees: a consumer sees nothing at or above the high watermark (or the last stable offset); looking up a cold
//! offset never holds up a runtime thread. The bytes themselves are read by whoever sends them.
//! Source: `Partition.readRecords`, `UnifiedLog.read`.

use std::sync::Arc;

use ottla_controller::ids::BrokerId;
use ottla_protocol::{DeferredRecords, ErrorCode, RecordSource, Records};
use ottla_storage::log::{FileRegion, LogOffsets, Read, ReadError};
use ottla_storage::offset::{LeaderEpoch, Offset};
use ottla_storage::producers::AbortedTransaction;
use ottla_storage::segment::Patience;

use super::errors::read_error;
use super::followed::Follow;
use super::replica::{Partition, Store};
use super::role::Role;

/// How far a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Consumers: below the high watermark.
    ReadUncommitted,
    /// Consumers of transactions: below the last stable offset; aborted transactions are named.
    ReadCommitted,
    /// Followers: to the end of the log.
    Replica,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Ask {
    pub fetch_offset: Offset,
    pub max_bytes: usize,
    /// The first batch comes even if it is larger (KIP-74).
    pub at_least_one_batch: bool,
    pub isolation: Isolation,
    /// `None` skips the check.
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// `None` skips the check for divergence (KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// Who may answer.
    pub from: Source,
}

/// Which replica may answer a read, and to whom.
#[derive(Clone, Debug)]
pub enum Source {
    /// Only the leader: clients that know no other (`FetchParams.fetchOnlyLeader`).
    Leader,
    /// Any replica, up to what it knows to be committed; a leader names one of these brokers instead, if it can (KIP-392).
    Replica { nearby: Arc<[BrokerId]> },
    /// Only the leader, which takes note of how far this follower has come.
    FollowedLeader(Follow),
}

/// What a fetch answer says of one partition. With an error, the offsets are −1.
#[derive(Clone, Debug)]
pub struct ReadAnswer {
    pub error: ErrorCode,
    pub high_watermark: Offset,
    pub last_stable_offset: Offset,
    pub log_start: Offset,
    /// Only for [`Isolation::ReadCommitted`].
    pub aborted: Option<Vec<AbortedTransaction>>,
    /// The largest epoch below the client's that this log has, and where it ended: the client must truncate.
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// There are records, and not even the first batch fitted: the next answer with room has them.
    pub is_held_back: bool,
    /// Where the client is to read instead.
    pub preferred: Option<BrokerId>,
    regions: Vec<FileRegion>,
    size_bytes: usize,
}

/// The records of a fetch answer, as regions of files: what [`DeferredRecords::source`] is for fetches.
#[derive(Debug)]
pub struct Regions(pub Vec<FileRegion>);

impl RecordSource for Regions {}

impl ReadAnswer {
    pub fn error(error: ErrorCode) -> Self {
        Self {
            error,
            high_watermark: Offset::NONE,
            last_stable_offset: Offset::NONE,
            log_start: Offset::NONE,
            aborted: None,
            diverging: None,
            is_held_back: false,
            preferred: None,
            regions: Vec::new(),
            size_bytes: 0,
        }
    }

    fn empty(offsets: LogOffsets, isolation: Isolation) -> Self {
        Self {
            high_watermark: offsets.high_watermark,
            last_stable_offset: offsets.stable,
            log_start: offsets.start,
            aborted: (isolation == Isolation::ReadCommitted).then(Vec::new),
            ..Self::error(ErrorCode::NONE)
        }
    }

    /// Bytes of the records.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Whether the client must hear this at once, however little it is.
    pub fn must_be_told(&self) -> bool {
        self.error.is_error() || self.diverging.is_some() || self.preferred.is_some()
    }

    /// The records for the wire: not null, even when there are none.
    pub fn into_records(self) -> Records {
        if self.size_bytes == 0 {
            return Records::Bytes(Default::default());
        }
        Records::Deferred(DeferredRecords {
            size_bytes: self.size_bytes,
            source: Arc::new(Regions(self.regions)),
        })
    }
}

impl Partition {
    /// Reads from one offset on. Only ever waits for the device.
    pub async fn read(self: &Arc<Self>, ask: Ask) -> ReadAnswer {
        let role = match self.check_read(&ask) {
            Ok(role) => role,
            Err(error) => return ReadAnswer::error(error),
        };
        // Taken before reading: what is appended meanwhile must not look as if it had been seen.
        let store = self.store();
        let offsets = store.reader.offsets();
        let follow = match &ask.from {
            Source::FollowedLeader(follow) if follow.is_news => Some(follow.clone()),
            _ => None,
        };
        let fetch_offset = ask.fetch_offset;
        if let Source::Replica { nearby } = &ask.from
            && let Some(preferred) = self.nearest(nearby, fetch_offset)
        {
            return ReadAnswer {
                preferred: Some(preferred),
                ..ReadAnswer::empty(offsets, ask.isolation)
            };
        }
        let answer = match self.try_read(&ask, &store, offsets, Patience::OnlyIfCached) {
            Err(ReadError::WouldBlock) => {
                let partition = self.clone();
                let reads = store.directory.threads().reads.clone();
                let from = store.clone();
                let read = move || partition.try_read(&ask, &from, offsets, Patience::Wait);
                let answered = reads.run(read).await;
                answered.map_or_else(
                    || ReadAnswer::error(ErrorCode::KAFKA_STORAGE_ERROR),
                    |read| self.answer(read, &store),
                )
            }
            read => self.answer(read, &store),
        };
        if let Some(follow) = follow.filter(|_| !answer.must_be_told()) {
            self.followed(role.leader_epoch, &follow, fetch_offset, offsets.end);
        }
        answer
    }

    fn check_read(&self, ask: &Ask) -> Result<Arc<Role>, ErrorCode> {
        let role = self.role();
        let epoch = ask.current_leader_epoch;
        match &ask.from {
            Source::Leader => role.check(epoch)?,
            Source::Replica { .. } => role.check_replica(epoch)?,
            Source::FollowedLeader(follow) => {
                role.check(epoch)?;
                self.check_follower(&role, &follow.fetcher, epoch.is_some())?;
            }
        }
        Ok(role)
    }

    fn answer(&self, read: Result<ReadAnswer, ReadError>, store: &Arc<Store>) -> ReadAnswer {
        read.unwrap_or_else(|error| {
            if let ReadError::Io(failure) = &error {
                // A replica that moved meanwhile leaves files behind that go: those say nothing about where it lies now.
                if failure.kind != std::io::ErrorKind::NotFound || self.is_in(store) {
                    store.directory.report(failure);
                }
            }
            ReadAnswer::error(read_error(&error))
        })
    }

    fn try_read(
        &self,
        ask: &Ask,
        store: &Store,
        offsets: LogOffsets,
        patience: Patience,
    ) -> Result<ReadAnswer, ReadError> {
        if let Some(diverging) = divergence(ask, store, offsets)? {
            return Ok(ReadAnswer {
                diverging: Some(diverging),
                ..ReadAnswer::empty(offsets, ask.isolation)
            });
        }
        let bound = match ask.isolation {
            Isolation::ReadUncommitted => offsets.high_watermark,
            Isolation::ReadCommitted => offsets.stable,
            Isolation::Replica => offsets.end,
        };
        let max_bytes = ask.max_bytes as u64;
        let read = store.reader.read(
            ask.fetch_offset,
            max_bytes,
            bound,
            ask.at_least_one_batch,
            patience,
        )?;
        let mut answer = ReadAnswer::empty(offsets, ask.isolation);
        if ask.isolation == Isolation::ReadCommitted && read.size_bytes > 0 {
            answer.aborted = Some(store.reader.aborted_transactions(
                ask.fetch_offset,
                bound,
                patience,
            )?);
        }
        let Read {
            regions,
            size_bytes,
            ..
        } = read;
        answer.size_bytes =
            usize::try_from(size_bytes).expect("no more than max_bytes and one batch");
        answer.regions = regions;
        answer.is_held_back =
            size_bytes == 0 && !ask.at_least_one_batch && ask.fetch_offset < bound;
        Ok(answer)
    }
}

/// Where the client's history and ours part, if they do (`Partition.readRecords`).
fn divergence(
    ask: &Ask,
    store: &Store,
    offsets: LogOffsets,
) -> Result<Option<(LeaderEpoch, Offset)>, ReadError> {
    let Some(last_fetched) = ask.last_fetched_epoch else {
        return Ok(None);
    };
    let out_of_range = ReadError::OutOfRange {
        start: offsets.start,
        end: offsets.end,
    };
    let (epoch, end) = store
        .reader
        .end_offset_for_epoch(last_fetched)
        .ok_or(out_of_range.clone())?;
    if ask.fetch_offset < offsets.start {
        return Err(out_of_range);
    }
    Ok((epoch < last_fetched || end < ask.fetch_offset).then_some((epoch, end)))
}
