//! What opening does with the segments it found: believe, check, rebuild, cut.
//!
//! ```text
//!   snapshot ≤ from          from                         first fault, or the end
//!   ─────┼───────────────────┼────────────────────────────┼───────────
//!        └ replay producers, └ check every batch, rebuild  └ cut off, if nothing durable
//!          heads only          indexes, producers, epochs    lies beyond
//! ```

use super::error::{Failure, OpenError};
use super::open::{Listing, OpenLog, Recovery, Trust};
use super::replay::{epochs_before, producers_before, replay_batch};
use super::shared::EpochState;
use super::snapshots;
use crate::batch::legacy::LegacyMessage;
use crate::batch::{CheckedBatch, check};
use crate::disk::read_exact_at;
use crate::offset::Offset;
use crate::producers::{Producers, snapshot};
use crate::segment::{
    ActiveSegment, BatchAt, Extent, Patience, Place, Rebuild, Scan, Segment, unless_full,
};
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
    /// Batches from here on are checked; those before are durable.
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
    /// Where checking began, and where it ended.
    position: u64,
    size_bytes: u64,
    fault: Option<String>,
}

pub(super) fn recover(
    order: &OpenLog,
    place: &Arc<Place>,
    segments: Vec<Arc<Segment>>,
    listing: &Listing,
    epochs: Option<EpochState>,
) -> Result<Recovered, OpenError> {
    let missing = listing.missing_indexes();
    if order.trust == Trust::CleanStop
        && !missing.contains(&segments[segments.len() - 1].base_offset())
    {
        let last = &segments[segments.len() - 1];
        match ActiveSegment::open(last.clone(), order.now_ms) {
            Ok(active) => return adopt(order, place, segments, listing, epochs, active),
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
    let recovery = rebuild_missing(order, &segments[..first], &missing)?;
    let producers = producers_before(
        place,
        &listing.snapshots,
        &segments[..=first],
        from,
        &order.config,
        order.now_ms,
    )
    .map_err(|error| unreadable(order, from, error))?;
    let mut epochs = epochs_before(&segments[..=first], from, epochs)
        .map_err(|error| unreadable(order, from, error))?;
    epochs.epochs.truncate_from_end(from.next());
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
    listing: &Listing,
    epochs: Option<EpochState>,
    active: ActiveSegment,
) -> Result<Recovered, OpenError> {
    let end = active.segment().extent().next_offset;
    if end < order.checkpointed.recovery_point {
        // A person may have laid another log in place while the node was stopped; anything else would be damage.
        tracing::error!(
            path = %order.path.display(), %end, was = %order.checkpointed.recovery_point,
            "a cleanly stopped log is shorter than it was"
        );
    }
    let recovery = rebuild_missing(order, &segments, &listing.missing_indexes())?;
    let producers = producers_before(
        place,
        &listing.snapshots,
        &segments,
        end,
        &order.config,
        order.now_ms,
    )
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

/// Whether the segment's first batch is of the format that has a leader epoch. An unreadable one is: the old formats are not written any more.
pub(super) fn begins_with_epochs(segment: &Segment) -> io::Result<bool> {
    let mut scan = Scan::new(
        segment.log_file().open()?,
        0,
        segment.size_bytes(),
        Patience::Wait,
    );
    let first = match scan.next_batch() {
        Ok(first) => first.filter(|batch| batch.header.is_none()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
        Err(error) => return Err(error),
    };
    let Some(old) = first else { return Ok(true) };
    let mut bytes = vec![0; old.size_bytes as usize];
    read_exact_at(&*segment.log_file().open()?, &mut bytes, 0)?;
    Ok(!is_old_message(&bytes))
}

/// Whether this is a whole message of magic 0 or 1: half a batch whose other half is zeros looks like one.
fn is_old_message(bytes: &[u8]) -> bool {
    LegacyMessage::parse(bytes).is_ok_and(|message| message.is_valid)
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
    loop {
        match scan.next_batch() {
            Ok(Some(batch)) => rebuild.index(&batch, limits),
            Ok(None) => break,
            // In what was deleted before it was durable, or damage that a reader will report.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::warn!(base_offset = %segment.base_offset(), %error, "an index is rebuilt in part");
                break;
            }
            Err(error) => return Err(error),
        }
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
            self.recovery.checked_bytes += checked.size_bytes - checked.position;
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
            self.save_producers(checked.end)
                .map_err(|error| self.io(error))?;
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

    /// The crash may have torn the snapshot at this segment's end.
    fn save_producers(&self, end: Offset) -> io::Result<()> {
        let written = snapshots::write(self.place, end, &snapshot::encode(&self.producers));
        unless_full("writing a producer snapshot", written)
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
            position,
            size_bytes: scan.position(),
            fault,
        })
    }

    /// The batch with its CRC checked (`None` for the old formats, whose content means nothing here), or what is wrong with it.
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
        let mut bytes = vec![0; batch.size_bytes as usize];
        read_exact_at(file, &mut bytes, batch.position)?;
        if batch.header.is_none() {
            return Ok(match is_old_message(&bytes) {
                true => Ok(None),
                false => Err("a message of an old format has a wrong CRC".to_owned()),
            });
        }
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
