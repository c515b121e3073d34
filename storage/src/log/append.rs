//! Appending as leader: check the producers, write, install, publish.
//!
//! All batches that waited are taken at once and written by one `pwritev` per segment. Each keeps its own answer. The head of a batch is
//! encoded anew with its offset and epoch (outside the CRC); the records are the caller's slices, untouched and uncopied.

use super::error::{AppendError, Failure};
use super::writer::LogWriter;
use crate::batch::{BatchHeader, HEADER_SIZE_BYTES, NO_TIMESTAMP, TimestampType, ValidBatch};
use crate::offset::{LeaderEpoch, Offset};
use crate::producers::{Draft, EndMarker, Origin, ProducerBatch, Proof, Verdict};
use crate::segment::BatchAt;
use bytes::Bytes;
use std::io::IoSlice;

/// A batch that passed the topic's rules and waits for its place in the log.
#[derive(Clone, Debug)]
pub struct LeaderBatch {
    /// As it will be written, but for base offset and leader epoch. `batch_length` is that of head and records.
    pub header: BatchHeader,
    /// Everything after the head, as it will be written.
    pub records: Bytes,
    /// What the first record of a control batch says, if that is a transaction marker.
    pub marker: Option<EndMarker>,
    pub origin: Origin,
    /// What a transactional batch brings to show that its transaction is the coordinator's.
    pub proof: Proof,
}

/// Where a batch went, or where it is already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    pub base_offset: Offset,
    pub last_offset: Offset,
    /// Milliseconds, where the topic stamps records itself; otherwise `NO_TIMESTAMP`. A duplicate carries the max timestamp of the batch
    /// that it repeats, under either type (`UnifiedLog.append`).
    pub append_time: i64,
    /// The log's start when this was written.
    pub log_start: Offset,
    /// The batch was there before and was not written again.
    pub is_duplicate: bool,
}

impl LeaderBatch {
    /// A client's batch as validation left it.
    pub fn from_client(batch: ValidBatch, proof: Proof) -> LeaderBatch {
        LeaderBatch {
            header: batch.header,
            records: batch.records,
            marker: None,
            origin: Origin::Client,
            proof,
        }
    }

    /// A batch that this broker built: a coordinator's records, or a transaction marker.
    pub fn own(batch: ValidBatch, marker: Option<EndMarker>) -> LeaderBatch {
        let proof = Proof::NotRequired;
        LeaderBatch {
            header: batch.header,
            records: batch.records,
            marker,
            origin: Origin::Coordinator,
            proof,
        }
    }

    fn size_bytes(&self) -> usize {
        HEADER_SIZE_BYTES + self.records.len()
    }
}

/// Batches that go to one segment in one write.
struct Group {
    draft: Draft,
    /// Number in the caller's slice, and place in the file.
    batches: Vec<(usize, BatchAt)>,
    /// Encoded heads, in the order of `batches`.
    heads: Vec<[u8; HEADER_SIZE_BYTES]>,
}

impl Group {
    /// Adds the batch with number `index`, whose header has its final offsets.
    fn add(&mut self, index: usize, header: BatchHeader, position: u64, size_bytes: u32) {
        self.heads.push(header.encode());
        let at = BatchAt {
            position,
            size_bytes,
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            max_timestamp: header.max_timestamp,
            header: Some(header),
        };
        self.batches.push((index, at));
    }
}

impl LogWriter {
    /// Appends batches in order, each on its own: one may be a duplicate or refused while the next is written. When a write fails, its batches
    /// and all after them get the failure and none of them is in the log.
    pub fn append_as_leader(
        &mut self,
        batches: &[LeaderBatch],
        leader_epoch: LeaderEpoch,
        now_ms: i64,
    ) -> Vec<Result<Appended, AppendError>> {
        let mut answers = Vec::with_capacity(batches.len());
        let usable = self.check_usable().and_then(|()| {
            self.shared()
                .load_producers(now_ms)
                .map_err(AppendError::Io)
        });
        let mut outcome = usable;
        while outcome.is_ok() && answers.len() < batches.len() {
            outcome = self.append_group(batches, &mut answers, leader_epoch, now_ms);
        }
        if let Err(error) = outcome {
            answers.resize_with(batches.len(), || Err(error.clone()));
        }
        answers
    }

    /// Appends the batches from `answers.len()` on as far as they go to the same segment, and answers each that it took.
    fn append_group(
        &mut self,
        batches: &[LeaderBatch],
        answers: &mut Vec<Result<Appended, AppendError>>,
        leader_epoch: LeaderEpoch,
        now_ms: i64,
    ) -> Result<(), AppendError> {
        let first = answers.len();
        if let Some(batch) = batches.get(first) {
            self.roll_for(batch, now_ms)?;
        }
        let mut group = Group {
            draft: Draft::new(),
            batches: Vec::new(),
            heads: Vec::new(),
        };
        for (index, batch) in batches.iter().enumerate().skip(first) {
            if index > first && self.belongs_to_next_segment(&group, batch, now_ms)? {
                break;
            }
            let answer = self.place(&mut group, index, batch, leader_epoch);
            answers.push(answer);
        }
        if let Err(error) = self.write(&mut group, batches) {
            answers.truncate(first);
            return Err(error);
        }
        Ok(())
    }

    fn roll_for(&mut self, batch: &LeaderBatch, now_ms: i64) -> Result<(), AppendError> {
        let end = self.shared().offsets().end;
        let (bytes, last_offset) = (
            batch.size_bytes() as u64,
            end.plus(i64::from(batch.header.last_offset_delta)),
        );
        let rolls = self
            .active
            .should_roll(
                &self.limits,
                0,
                bytes,
                batch.header.max_timestamp,
                last_offset,
                now_ms,
            )
            .map_err(Failure::of("reading a segment"));
        if rolls.map_err(AppendError::Io)? && !self.active.segment().is_empty() {
            self.roll_at(end, now_ms)
                .map_err(|error| AppendError::Io(Failure::new("rolling a segment", &error)))?;
        }
        Ok(())
    }

    fn belongs_to_next_segment(
        &mut self,
        group: &Group,
        batch: &LeaderBatch,
        now_ms: i64,
    ) -> Result<bool, AppendError> {
        let Some((_, last)) = group.batches.last() else {
            return Ok(false);
        };
        let pending_bytes = last.end() - self.active.segment().size_bytes();
        let last_offset = last
            .last_offset
            .next()
            .plus(i64::from(batch.header.last_offset_delta));
        let bytes = batch.size_bytes() as u64;
        self.active
            .should_roll(
                &self.limits,
                pending_bytes,
                bytes,
                batch.header.max_timestamp,
                last_offset,
                now_ms,
            )
            .map_err(|error| AppendError::Io(Failure::new("reading a segment", &error)))
    }

    /// Gives a batch its offsets and its place behind the group's others, unless it is a duplicate or refused.
    fn place(
        &self,
        group: &mut Group,
        index: usize,
        batch: &LeaderBatch,
        leader_epoch: LeaderEpoch,
    ) -> Result<Appended, AppendError> {
        let size_bytes = batch.size_bytes();
        if size_bytes > self.limits.segment_bytes as usize {
            return Err(AppendError::TooLarge {
                size_bytes,
                limit_bytes: self.limits.segment_bytes,
            });
        }
        let offsets = self.shared().offsets();
        let (base_offset, position) = match group.batches.last() {
            Some((_, last)) => (last.last_offset.next(), last.end()),
            None => (offsets.end, self.active.segment().size_bytes()),
        };
        let header = BatchHeader {
            base_offset,
            partition_leader_epoch: leader_epoch,
            ..batch.header.clone()
        };
        let append_time = match header.timestamp_type() {
            TimestampType::LogAppendTime => header.max_timestamp,
            TimestampType::CreateTime => NO_TIMESTAMP,
        };
        if let Verdict::Duplicate(stored) = self.judge(group, batch, &header)? {
            return Ok(Appended {
                base_offset: stored.last_offset.plus(-i64::from(stored.offset_delta)),
                last_offset: stored.last_offset,
                append_time: stored.timestamp,
                log_start: offsets.start,
                is_duplicate: true,
            });
        }
        let last_offset = header.last_offset();
        let size_bytes = u32::try_from(size_bytes).expect("segment.bytes limits it");
        group.add(index, header, position, size_bytes);
        Ok(Appended {
            base_offset,
            last_offset,
            append_time,
            log_start: offsets.start,
            is_duplicate: false,
        })
    }

    /// Whether the batch's producer may write it now. `New` for a batch without a producer.
    fn judge(
        &self,
        group: &mut Group,
        batch: &LeaderBatch,
        header: &BatchHeader,
    ) -> Result<Verdict, AppendError> {
        let Some(produced) = ProducerBatch::of(header, batch.marker) else {
            return Ok(Verdict::New);
        };
        let mut state = self.shared().producers.lock();
        let producers = state
            .loaded()
            .expect("append_as_leader loads the producers, and only the writer spills them");
        group
            .draft
            .check(producers, &produced, batch.origin, batch.proof)
            .map_err(AppendError::Producer)
    }

    fn write(&mut self, group: &mut Group, batches: &[LeaderBatch]) -> Result<(), AppendError> {
        if group.batches.is_empty() {
            return Ok(());
        }
        let mut parts = Vec::with_capacity(group.batches.len() * 2);
        for (head, (index, _)) in group.heads.iter().zip(&group.batches) {
            parts.push(IoSlice::new(head));
            parts.push(IoSlice::new(&batches[*index].records));
        }
        let placed: Vec<BatchAt> = group.batches.drain(..).map(|(_, batch)| batch).collect();
        self.write_parts(&parts, &placed, std::mem::take(&mut group.draft))
    }

    /// Writes these parts, which are `placed`, at the end of the active segment; then, and only then, changes anything.
    pub(super) fn write_parts(
        &mut self,
        parts: &[IoSlice<'_>],
        placed: &[BatchAt],
        draft: Draft,
    ) -> Result<(), AppendError> {
        let segment = self.active.segment().clone();
        let size_bytes = segment.size_bytes();
        let file = segment
            .log_file()
            .open()
            .map_err(|error| AppendError::Io(Failure::new("opening a log", &error)))?;
        if let Err(error) = file.write_vectored_at(parts, size_bytes) {
            let failure = Failure::new("appending to a log", &error);
            if let Err(error) = file.set_size_bytes(size_bytes) {
                self.shared()
                    .fail(Failure::new("undoing a failed append", &error));
            }
            return Err(AppendError::Io(failure));
        }
        self.install(placed, draft);
        Ok(())
    }

    fn install(&mut self, placed: &[BatchAt], draft: Draft) {
        let Some(last) = placed.last() else { return };
        let shared = self.reader.shared.clone();
        self.active.appended(placed, &self.limits);
        {
            let mut epochs = shared.epochs.lock();
            for batch in placed {
                if let Some(header) = &batch.header {
                    epochs.assign(header.partition_leader_epoch, batch.base_offset);
                }
            }
        }
        // The table and the end change under one lock, so that a snapshot taken elsewhere is exactly as of its offset.
        let mut producers = shared.producers.lock();
        let aborted = producers.loaded().map_or_else(Vec::new, |producers| {
            let aborted = producers.install(draft);
            producers.shrink_to(shared.config.load().max_producers);
            aborted
        });
        shared.change_offsets(|offsets| offsets.end = last.last_offset.next());
        drop(producers);
        if let Err(error) = self.active.segment().transactions().append(&aborted) {
            shared.fail(Failure::new("writing a transaction index", &error));
        }
        self.active.write_indexes_if_many();
        self.snapshot_if_due(placed.iter().map(|batch| u64::from(batch.size_bytes)).sum());
    }
}
