//! What a log's batches say of its producers and leader epochs, where no file says it.

use super::config::LogConfig;
use super::shared::EpochState;
use super::snapshots;
use crate::batch::CheckedBatch;
use crate::disk::read_exact_at;
use crate::offset::Offset;
use crate::producers::{AbortedTransaction, Draft, Origin, Producers, Proof};
use crate::segment::{BatchAt, Patience, Place, Scan, Segment};
use std::io;
use std::sync::Arc;

/// The producers as they were before `end`: the newest whole snapshot that is not beyond it, and the batches after that, those
/// below the log's start too: records may be deleted, what is known of their producers is not.
pub(super) fn producers_before(
    place: &Arc<Place>,
    snapshots_at: &[Offset],
    segments: &[Arc<Segment>],
    end: Offset,
    config: &LogConfig,
    now_ms: i64,
) -> io::Result<Producers> {
    let mut offsets: Vec<Offset> = snapshots_at
        .iter()
        .copied()
        .filter(|at| *at <= end)
        .collect();
    offsets.sort_unstable();
    let (mut producers, mut position) = (Producers::new(), segments[0].base_offset());
    while let Some(offset) = offsets.pop() {
        if let Some(loaded) = snapshots::load(place, offset, now_ms, config.producer_expiration_ms)?
        {
            (producers, position) = (loaded, offset);
            break;
        }
    }
    walk(segments, position, end, |segment, batch| {
        let Some(header) = batch
            .header
            .as_ref()
            .filter(|header| header.producer_id.is_some())
        else {
            return Ok(());
        };
        let mut bytes = vec![
            0;
            if header.is_control() {
                batch.size_bytes as usize
            } else {
                crate::batch::HEADER_SIZE_BYTES
            }
        ];
        read_exact_at(&*segment.log_file().open()?, &mut bytes, batch.position)?;
        replay_batch(
            &mut producers,
            &CheckedBatch {
                header: header.clone(),
                bytes: bytes.into(),
            },
        );
        Ok(())
    })?;
    producers.expire(now_ms, config.producer_expiration_ms);
    Ok(producers)
}

/// The epochs in the file, or those of every batch when there is none.
pub(super) fn epochs_before(
    segments: &[Arc<Segment>],
    end: Offset,
    known: Option<EpochState>,
) -> io::Result<EpochState> {
    if let Some(known) = known {
        return Ok(known);
    }
    let mut epochs = EpochState::default();
    walk(segments, segments[0].base_offset(), end, |_, batch| {
        if let Some(header) = &batch.header {
            epochs.assign(header.partition_leader_epoch, batch.base_offset);
        }
        Ok(())
    })?;
    Ok(epochs)
}

/// Calls `visit` with every batch that starts in `start..end`.
fn walk(
    segments: &[Arc<Segment>],
    start: Offset,
    end: Offset,
    mut visit: impl FnMut(&Arc<Segment>, &BatchAt) -> io::Result<()>,
) -> io::Result<()> {
    let first = segments
        .partition_point(|segment| segment.base_offset() <= start)
        .saturating_sub(1);
    let mut reached = start;
    for segment in &segments[first..] {
        if reached >= end {
            break;
        }
        walk_segment(segment, start, end, &mut reached, &mut visit)?;
    }
    Ok(())
}

fn walk_segment(
    segment: &Arc<Segment>,
    start: Offset,
    end: Offset,
    reached: &mut Offset,
    visit: &mut impl FnMut(&Arc<Segment>, &BatchAt) -> io::Result<()>,
) -> io::Result<()> {
    let Some(found) = segment.locate(start, Patience::Wait)? else {
        return Ok(());
    };
    let file = segment.log_file().open()?;
    let mut scan = Scan::new(file, found.position, segment.size_bytes(), Patience::Wait);
    // What comes after the last batch may be anything.
    while *reached < end {
        let Some(batch) = scan.next_batch()? else {
            break;
        };
        if batch.base_offset >= start && batch.base_offset < end {
            visit(segment, &batch)?;
        }
        *reached = batch.last_offset.next();
    }
    Ok(())
}

/// Enters a batch of the log into the table. What was written was checked then; what contradicts the table now is noted and passed over.
pub(super) fn replay_batch(
    producers: &mut Producers,
    batch: &CheckedBatch,
) -> Vec<AbortedTransaction> {
    let produced = match batch.producer_batch() {
        Ok(Some(produced)) => produced,
        Ok(None) => return Vec::new(),
        Err(malformed) => {
            tracing::warn!(offset = %batch.header.base_offset, %malformed, "a control batch is passed over");
            return Vec::new();
        }
    };
    let mut draft = Draft::new();
    if let Err(error) = draft.check(
        producers,
        &produced,
        Origin::Replication,
        Proof::NotRequired,
    ) {
        tracing::warn!(offset = %batch.header.base_offset, %error, "a batch contradicts its producer's state");
        return Vec::new();
    }
    producers.install(draft)
}
