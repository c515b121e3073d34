//! What opening does with the segments it found: believe, check, rebuild, cut.
//!
//! ```text
//!   snapshot ≤ from          from                         first fault, or the end
//!   ─────┼───────────────────┼────────────────────────────┼───────────
//!        └ replay producers, └ check every batch, rebuild  └ cut off, if nothing durable
//!          heads only          indexes, producers, epochs    lies beyond
//! ```

use super::config::LogConfig;
use super::error::{Failure, OpenError};
use super::open::{OpenLog, Recovery, Trust, snapshot_offset};
use super::shared::EpochState;
use super::snapshots;
use crate::batch::{CheckedBatch, check};
use crate::disk::read_exact_at;
use crate::offset::Offset;
use crate::producers::{AbortedTransaction, Draft, Origin, Producers, Proof};
use crate::segment::{ActiveSegment, BatchAt, Extent, Patience, Place, Rebuild, Scan, Segment};
use std::io;
use std::sync::Arc;

/// A log as recovery leaves it.
#[derive(Debug)]
pub(super) struct Recovered {
    pub segments: Vec<Arc<Segment>>,
    pub active: ActiveSegment,
    pub producers: Producers,
    pub epochs: EpochState,
    pub end: Offset,
    pub recovery: Recovery,
}

/// Recovery under way.
struct Recoverer<'a> {
    order: &'a OpenLog,
    place: &'a Arc<Place>,
    /// Batches from here on are checked.
    from: Offset,
    producers: Producers,
    epochs: EpochState,
    recovery: Recovery,
}

/// How checking a segment ended.
struct Checked {
    rebuild: Rebuild,
    /// Where the good batches end.
    end: Offset,
    size_bytes: u64,
    fault: Option<String>,
}

pub(super) fn recover(
    order: &OpenLog,
    place: &Arc<Place>,
    segments: Vec<Arc<Segment>>,
    missing_indexes: &[Offset],
    epochs: Option<EpochState>,
) -> Result<Recovered, OpenError> {
    if order.trust == Trust::CleanStop
        && !missing_indexes.contains(&segments[segments.len() - 1].base_offset())
    {
        let last = &segments[segments.len() - 1];
        match ActiveSegment::open(last.clone(), order.now_ms) {
            Ok(active) => return adopt(order, place, segments, missing_indexes, epochs, active),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::warn!(path = %order.path.display(), %error, "a cleanly stopped log is not clean");
            }
            Err(error) => return Err(Failure::new("reading a segment", &error).into()),
        }
    }
    let from = match order.trust {
        Trust::SameBoot => order
            .checkpointed
            .recovery_point
            .max(order.checkpointed.end),
        Trust::CleanStop | Trust::RecoveryPoint => order.checkpointed.recovery_point,
    };
    let from = from.max(segments[0].base_offset());
    let first = segments.partition_point(|segment| segment.base_offset() <= from) - 1;
    let recovery = rebuild_missing(order, &segments[..first], missing_indexes)?;
    let start = order.checkpointed.start;
    let producers = producers_before(
        place,
        &segments[..=first],
        start,
        from,
        &order.config,
        order.now_ms,
    )
    .map_err(|error| unreadable(order, from, error))?;
    let mut epochs = epochs_before(&segments[..=first], from, epochs)
        .map_err(|error| unreadable(order, from, error))?;
    epochs.epochs.truncate_from_end(from);
    Recoverer {
        order,
        place,
        from,
        producers,
        epochs,
        recovery,
    }
    .run(segments, first)
}

/// Batches before `before`, which are believed, could not be walked.
fn unreadable(order: &OpenLog, before: Offset, error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => OpenError::Corrupt {
            path: order.path.clone(),
            offset: before,
            reason: format!("before it, {error}"),
        },
        _ => Failure::new("replaying a log", &error).into(),
    }
}

/// A cleanly stopped log, taken as it is.
fn adopt(
    order: &OpenLog,
    place: &Arc<Place>,
    segments: Vec<Arc<Segment>>,
    missing_indexes: &[Offset],
    epochs: Option<EpochState>,
    active: ActiveSegment,
) -> Result<Recovered, OpenError> {
    let end = active.segment().extent().next_offset;
    if end < order.checkpointed.recovery_point {
        let reason = format!(
            "the log was durable up to {}",
            order.checkpointed.recovery_point
        );
        return Err(OpenError::Corrupt {
            path: order.path.clone(),
            offset: end,
            reason,
        });
    }
    let recovery = rebuild_missing(order, &segments, missing_indexes)?;
    let start = order.checkpointed.start;
    let producers = producers_before(place, &segments, start, end, &order.config, order.now_ms)
        .map_err(Failure::of("replaying producers"))?;
    let mut epochs =
        epochs_before(&segments, end, epochs).map_err(Failure::of("replaying leader epochs"))?;
    epochs.epochs.truncate_from_end(end.next());
    Ok(Recovered {
        segments,
        active,
        producers,
        epochs,
        end,
        recovery,
    })
}

/// Rebuilds the indexes of closed segments that lack them, believing the log.
fn rebuild_missing(
    order: &OpenLog,
    segments: &[Arc<Segment>],
    missing: &[Offset],
) -> Result<Recovery, OpenError> {
    let mut recovery = Recovery::default();
    for segment in segments
        .iter()
        .filter(|segment| missing.contains(&segment.base_offset()))
    {
        let limits = order.config.limits(0);
        rebuild_indexes(segment, &limits).map_err(Failure::of("rebuilding an index"))?;
        recovery.rebuilt_indexes += 1;
    }
    Ok(recovery)
}

fn rebuild_indexes(
    segment: &Arc<Segment>,
    limits: &crate::segment::SegmentLimits,
) -> io::Result<()> {
    let mut rebuild = Rebuild::from_start(segment.clone())?;
    let mut scan = Scan::new(
        segment.log_file().open()?,
        0,
        segment.size_bytes(),
        Patience::Wait,
    );
    while let Some(batch) = scan.next_batch()? {
        rebuild.index(&batch, limits);
    }
    rebuild.close()
}

impl Recoverer<'_> {
    fn run(
        mut self,
        mut segments: Vec<Arc<Segment>>,
        first: usize,
    ) -> Result<Recovered, OpenError> {
        let mut index = first;
        let last = loop {
            let segment = segments[index].clone();
            let checked = self.check(&segment).map_err(|error| self.io(error))?;
            self.recovery.checked_bytes += checked.size_bytes;
            let next = segments.get(index + 1).map(|next| next.base_offset());
            let gap =
                next.filter(|next| *next != checked.end && self.order.trust != Trust::SameBoot);
            let fault = checked
                .fault
                .clone()
                .or_else(|| gap.map(|next| format!("the next segment starts at {next}")));
            let is_last = fault.is_some() || next.is_none();
            if is_last && checked.end < self.from {
                let reason = fault.unwrap_or_else(|| "the log ends".to_owned());
                return Err(OpenError::Corrupt {
                    path: self.order.path.clone(),
                    offset: checked.end,
                    reason,
                });
            }
            if is_last {
                break checked;
            }
            checked.rebuild.close().map_err(|error| self.io(error))?;
            segment.set_extent(Extent {
                size_bytes: checked.size_bytes,
                next_offset: checked.end,
            });
            index += 1;
        };
        let surplus = segments.split_off(index + 1);
        let segment = &segments[index];
        self.cut(segment, &last, &surplus)
            .map_err(|error| self.io(error))?;
        let now_ms = self.order.now_ms;
        let active = last
            .rebuild
            .into_active(last.end, last.size_bytes, now_ms)
            .map_err(|error| self.io(error))?;
        Ok(Recovered {
            segments,
            active,
            producers: self.producers,
            epochs: self.epochs,
            end: last.end,
            recovery: self.recovery,
        })
    }

    fn io(&self, error: io::Error) -> OpenError {
        OpenError::Io(Failure::new("recovering a log", &error))
    }

    /// Checks a segment from `self.from` on (from its start, if it begins later).
    fn check(&mut self, segment: &Arc<Segment>) -> io::Result<Checked> {
        let limits = self.order.config.limits(0);
        let (mut rebuild, position) = Rebuild::from_offset(segment.clone(), self.from)?;
        let file = segment.log_file().open()?;
        let mut scan = Scan::new(file.clone(), position, segment.size_bytes(), Patience::Wait);
        let mut checked_end = if position == 0 {
            segment.base_offset()
        } else {
            Offset(i64::MIN)
        };
        let fault = loop {
            let batch = match scan.next_batch() {
                Ok(None) => break None,
                Ok(Some(batch)) => batch,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    break Some(error.to_string());
                }
                Err(error) => return Err(error),
            };
            match self.check_batch(segment, &*file, &batch, checked_end)? {
                Ok(checked) => self.replay(segment, &batch, checked.as_ref())?,
                Err(fault) => {
                    scan = Scan::new(
                        file.clone(),
                        batch.position,
                        segment.size_bytes(),
                        Patience::Wait,
                    );
                    break Some(fault);
                }
            }
            rebuild.index(&batch, &limits);
            checked_end = batch.last_offset.next();
        };
        let end = if checked_end == Offset(i64::MIN) {
            segment.base_offset()
        } else {
            checked_end
        };
        Ok(Checked {
            rebuild,
            end,
            size_bytes: scan.position(),
            fault,
        })
    }

    /// The batch with its CRC checked (`None` for the old formats, which are believed), or what is wrong with it.
    fn check_batch(
        &self,
        segment: &Segment,
        file: &dyn crate::disk::DiskFile,
        batch: &BatchAt,
        expected: Offset,
    ) -> io::Result<Result<Option<CheckedBatch>, String>> {
        if batch.base_offset < expected.max(segment.base_offset()) {
            return Ok(Err(format!(
                "offset {} comes after {expected}",
                batch.base_offset
            )));
        }
        if i32::try_from(batch.last_offset.since(segment.base_offset())).is_err() {
            return Ok(Err(format!(
                "offset {} is too far from the segment's start",
                batch.last_offset
            )));
        }
        if batch.header.is_none() {
            return Ok(Ok(None));
        }
        let mut bytes = vec![0; batch.size_bytes as usize];
        read_exact_at(file, &mut bytes, batch.position)?;
        Ok(check(bytes.into())
            .map(Some)
            .map_err(|error| error.to_string()))
    }

    fn replay(
        &mut self,
        segment: &Segment,
        at: &BatchAt,
        batch: Option<&CheckedBatch>,
    ) -> io::Result<()> {
        let Some(batch) = batch.filter(|_| at.base_offset >= self.from) else {
            return Ok(());
        };
        self.epochs
            .assign(batch.header.partition_leader_epoch, at.base_offset);
        let aborted = replay_batch(&mut self.producers, batch);
        segment.transactions().append(&aborted)
    }

    /// Cuts the last good segment where its good batches end and removes those after it.
    fn cut(
        &mut self,
        segment: &Segment,
        last: &Checked,
        surplus: &[Arc<Segment>],
    ) -> io::Result<()> {
        let excess_bytes = segment.size_bytes() - last.size_bytes;
        if excess_bytes > 0 {
            let file = segment.log_file().open()?;
            file.set_size_bytes(last.size_bytes)?;
            file.sync_data()?;
        }
        for segment in surplus {
            self.recovery.truncated_bytes += segment.size_bytes();
            segment.remove_files()?;
            snapshots::remove(self.place, segment.base_offset())?;
        }
        self.recovery.truncated_bytes += excess_bytes;
        self.recovery.truncated_segments += surplus.len();
        if excess_bytes > 0 || !surplus.is_empty() {
            tracing::warn!(
                path = %self.order.path.display(), end = %last.end, bytes = self.recovery.truncated_bytes,
                reason = last.fault.as_deref().unwrap_or("a segment is missing its end"), "cut off what was never durable"
            );
            self.place.disk().sync_dir(&self.place.path()?)?;
        }
        Ok(())
    }
}

/// The producers as they were before `end`: the newest whole snapshot that is not beyond it, and the batches after that.
pub(super) fn producers_before(
    place: &Arc<Place>,
    segments: &[Arc<Segment>],
    start: Offset,
    end: Offset,
    config: &LogConfig,
    now_ms: i64,
) -> io::Result<Producers> {
    let names = place.disk().read_dir(&place.path()?)?;
    let mut offsets: Vec<Offset> = names
        .iter()
        .filter_map(|entry| snapshot_offset(&entry.name))
        .filter(|at| *at <= end)
        .collect();
    offsets.sort_unstable();
    let (mut producers, mut position) = (Producers::new(), start.max(segments[0].base_offset()));
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
fn epochs_before(
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
    if start >= end {
        return Ok(());
    }
    let first = segments
        .partition_point(|segment| segment.base_offset() <= start)
        .saturating_sub(1);
    for segment in &segments[first..] {
        let Some(found) = segment.locate(start, Patience::Wait)? else {
            continue;
        };
        let mut scan = Scan::new(
            segment.log_file().open()?,
            found.position,
            segment.size_bytes(),
            Patience::Wait,
        );
        while let Some(batch) = scan.next_batch()? {
            if batch.base_offset >= end {
                return Ok(());
            }
            if batch.base_offset >= start {
                visit(segment, &batch)?;
            }
            // What comes after the last one may be anything.
            if batch.last_offset.next() >= end {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Enters a batch of the log into the table. What was written was checked then; what contradicts the table now is noted and passed over.
fn replay_batch(producers: &mut Producers, batch: &CheckedBatch) -> Vec<AbortedTransaction> {
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
