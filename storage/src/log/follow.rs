//! Appending as follower: the leader's bytes as they are, offsets and epochs included.

use super::error::{AppendError, Failure};
use super::writer::LogWriter;
use crate::batch::{self, CheckedBatch};
use crate::broken::{Rule, is_broken};
use crate::offset::{LeaderEpoch, Offset};
use crate::producers::{Draft, Origin, Proof};
use crate::segment::BatchAt;
use bytes::Bytes;
use std::io::IoSlice;

/// What of the leader's bytes is now in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    pub batches: usize,
    pub size_bytes: usize,
    /// The log's end now.
    pub end: Offset,
}

impl LogWriter {
    /// Appends what a leader answered: whole batches whose CRC is right and whose offsets come after the log's end. Offsets may be missing in
    /// between (compaction). A partial batch at the end of `records` is ignored, and so is everything from the first batch of an epoch after
    /// `epoch` on: the leader went on in it after the fetch was answered, perhaps with another log (KAFKA-18723). Batches before the first bad one
    /// stay appended.
    pub fn append_as_follower(
        &mut self,
        records: Bytes,
        epoch: LeaderEpoch,
        now_ms: i64,
    ) -> Result<Followed, AppendError> {
        self.check_usable()?;
        self.shared()
            .load_producers(now_ms)
            .map_err(AppendError::Io)?;
        let mut followed = Followed {
            batches: 0,
            size_bytes: 0,
            end: self.shared().offsets().end,
        };
        let mut group: Vec<CheckedBatch> = Vec::new();
        let mut expected = followed.end;
        for next in batch::batches(records) {
            let batch = match next {
                Ok(batch) if batch.header.partition_leader_epoch > epoch => break,
                Ok(batch)
                    if batch.header.base_offset >= expected
                        && batch.header.last_offset_delta >= 0 =>
                {
                    batch
                }
                Ok(batch) => {
                    self.follow_group(&mut group, &mut followed)?;
                    return Err(AppendError::OutOfOrder {
                        base_offset: batch.header.base_offset,
                        end: expected,
                    });
                }
                Err(error) => {
                    self.follow_group(&mut group, &mut followed)?;
                    return Err(AppendError::Corrupt(error.to_string()));
                }
            };
            expected = batch.header.next_offset();
            if self.starts_segment(&group, &batch, now_ms)? {
                self.follow_group(&mut group, &mut followed)?;
                self.roll_before(&batch, now_ms)?;
            }
            group.push(batch);
        }
        self.follow_group(&mut group, &mut followed)?;
        Ok(followed)
    }

    fn starts_segment(
        &mut self,
        group: &[CheckedBatch],
        batch: &CheckedBatch,
        now_ms: i64,
    ) -> Result<bool, AppendError> {
        let pending_bytes = group.iter().map(|batch| batch.bytes.len() as u64).sum();
        let header = &batch.header;
        let bytes = batch.bytes.len() as u64;
        self.active
            .should_roll(
                &self.limits,
                pending_bytes,
                bytes,
                header.max_timestamp,
                header.last_offset(),
                now_ms,
            )
            .map_err(|error| AppendError::Io(Failure::new("reading a segment", &error)))
    }

    /// The new segment starts where the old one ends, so that recovery can tell a lost tail from offsets that were never there; only when the
    /// batch is too far away for that, at the batch itself.
    fn roll_before(&mut self, batch: &CheckedBatch, now_ms: i64) -> Result<(), AppendError> {
        let end = self.shared().offsets().end;
        let is_near = i32::try_from(batch.header.last_offset().since(end)).is_ok();
        let base_offset = if is_near {
            end
        } else {
            batch.header.base_offset
        };
        if base_offset == self.active.segment().base_offset() {
            return Ok(());
        }
        self.roll_at(base_offset, now_ms)
            .map_err(|error| AppendError::Io(Failure::new("rolling a segment", &error)))
    }

    fn follow_group(
        &mut self,
        group: &mut Vec<CheckedBatch>,
        followed: &mut Followed,
    ) -> Result<(), AppendError> {
        if group.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::new();
        let mut placed = Vec::with_capacity(group.len());
        let mut position = self.active.segment().size_bytes();
        for batch in group.iter() {
            if !is_broken(Rule::ProducerState) {
                self.draft_replicated(&mut draft, batch)?;
            }
            let at = placed_at(batch, position)?;
            position = at.end();
            placed.push(at);
        }
        let parts: Vec<IoSlice<'_>> = group
            .iter()
            .map(|batch| IoSlice::new(&batch.bytes))
            .collect();
        self.write_parts(&parts, &placed, draft)?;
        followed.batches += group.len();
        followed.size_bytes += group.iter().map(|batch| batch.bytes.len()).sum::<usize>();
        followed.end = self.shared().offsets().end;
        group.clear();
        Ok(())
    }

    fn draft_replicated(&self, draft: &mut Draft, batch: &CheckedBatch) -> Result<(), AppendError> {
        let Some(produced) = batch
            .producer_batch()
            .map_err(|malformed| AppendError::Corrupt(malformed.to_string()))?
        else {
            return Ok(());
        };
        let mut state = self.shared().producers.lock();
        let producers = state
            .loaded()
            .expect("append_as_follower loads the producers, and only the writer spills them");
        draft
            .check(
                producers,
                &produced,
                Origin::Replication,
                Proof::NotRequired,
            )
            .map_err(AppendError::Producer)
            .map(|_| ())
    }
}

fn placed_at(batch: &CheckedBatch, position: u64) -> Result<BatchAt, AppendError> {
    let size_bytes = u32::try_from(batch.bytes.len())
        .map_err(|_| AppendError::Corrupt("a batch exceeds 4 GiB".to_owned()))?;
    let header = batch.header.clone();
    Ok(BatchAt {
        position,
        size_bytes,
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        max_timestamp: header.max_timestamp,
        header: Some(header),
    })
}
