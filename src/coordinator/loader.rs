//! Replays a log into a shard.
//!
//! Everything up to the log's end is replayed, in the epoch that will write: what is not committed yet becomes a version of its
//! own, so that reads see committed state from the start. Source: `CoordinatorLoaderImpl`.

use super::history::History;
use super::{Found, Journal, Shard};
use bytes::Bytes;
use ottla_protocol::ErrorCode;
use ottla_storage::batch::{self, CheckedBatch};
use ottla_storage::offset::{LeaderEpoch, Offset};

/// Largest size of a batch once decompressed: batches of internal topics are small.
const PLAIN_MAX_BYTES: usize = 256 * 1024 * 1024;

/// What was replayed.
#[derive(Debug)]
pub struct Loaded<D> {
    pub history: History<D>,
    pub records: u64,
    pub bytes: u64,
    /// Batches of transactions: coordinators that do not know transactions pass them over.
    pub transactional: u64,
}

/// Why a shard could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Leadership has moved on, or the log's directory failed.
    Refused(ErrorCode),
    /// The log holds at this offset what nobody can read.
    Damaged(Offset, String),
}

/// Replays all of the log, in pieces of about `piece_bytes`.
///
/// # Errors
/// See [`LoadError`].
pub async fn load<S: Shard>(
    journal: &dyn Journal,
    epoch: LeaderEpoch,
    piece_bytes: usize,
) -> Result<Loaded<S::Durable>, LoadError> {
    let mut from = Offset::ZERO;
    let mut state = S::Durable::default();
    let mut history: Option<History<S::Durable>> = None;
    let (mut records, mut bytes, mut transactional) = (0, 0, 0);
    loop {
        let mut piece = read(journal, epoch, from, piece_bytes).await?;
        if from < piece.log_start {
            // Also where an empty log begins, when older records were deleted.
            from = piece.log_start;
            piece = read(journal, epoch, from, piece_bytes).await?;
        }
        bytes += piece.batches.len() as u64;
        for batch in batch::batches(piece.batches.clone()) {
            let batch = batch.map_err(|error| damaged(from, &error))?;
            let (first, next) = (batch.header.base_offset, batch.header.last_offset().next());
            if history.is_none() && next > piece.high_watermark {
                history = Some(History::new(first, state.clone()));
            }
            transactional += u64::from(batch.header.attributes.is_transactional());
            records += replay::<S>(&mut state, &batch)?;
            from = from.max(next);
            if let Some(history) = &mut history {
                history.append(next, state.clone());
            }
        }
        if from >= piece.log_end || piece.batches.is_empty() {
            let history = history.unwrap_or_else(|| History::new(from, state));
            return Ok(Loaded {
                history,
                records,
                bytes,
                transactional,
            });
        }
    }
}

async fn read(
    journal: &dyn Journal,
    epoch: LeaderEpoch,
    from: Offset,
    piece_bytes: usize,
) -> Result<super::Piece, LoadError> {
    let read = journal.read(epoch, from, piece_bytes).await;
    read.map_err(LoadError::Refused)
}

/// Applies the records of one batch, and says how many there were.
fn replay<S: Shard>(state: &mut S::Durable, batch: &CheckedBatch) -> Result<u64, LoadError> {
    let header = &batch.header;
    if header.attributes.is_control() {
        // Markers decide about transactional offsets, which nobody writes yet.
        return Ok(0);
    }
    let plain = batch
        .plain(PLAIN_MAX_BYTES)
        .map_err(|error| damaged(header.base_offset, &error))?;
    let mut count = 0;
    for record in batch::records(&plain, header.record_count) {
        let record = record.map_err(|error| damaged(header.base_offset, &error))?;
        let offset = header.base_offset.plus(record.offset_delta.into());
        let Some(key) = record.key else { continue };
        let found = Found {
            key: slice(&plain, key),
            value: record.value.map(|value| slice(&plain, value)),
            transaction: header
                .attributes
                .is_transactional()
                .then_some(header.producer_id),
        };
        if let Some(record) = S::decode(found).map_err(|error| damaged(offset, &error))? {
            S::apply(state, &record);
            count += 1;
        }
    }
    Ok(count)
}

fn slice(plain: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() {
        return Bytes::new();
    }
    plain.slice_ref(part)
}

fn damaged(offset: Offset, error: &impl std::fmt::Display) -> LoadError {
    LoadError::Damaged(offset, error.to_string())
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(error) => write!(to, "{}", error.name().unwrap_or("unknown error")),
            Self::Damaged(offset, why) => write!(to, "at offset {}: {why}", offset.0),
        }
    }
}
