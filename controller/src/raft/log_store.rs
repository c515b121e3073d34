//! openraft's log: entries in memory, where replication and the state machine read them, and in files, where they survive.
//!
//! The log is as long as what the last snapshot does not cover, which the controller bounds by bytes, so all of it fits in
//! memory, in the form in which it is on disk: an entry is decoded when it is read, which is once where all is well. An append is readable when it returns, and durable when its callback is called.

use super::format::{put_entry, read_entry};
use super::frame::{self, put_frame};
use super::lane::{Blocking, Job, Lane};
use super::log_files::LogFiles;
use super::types::{Entry, LogId, Types, Vote};
use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use openraft::OptionalSend;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use ottla_storage::disk::Disk;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::path::Path;
use std::sync::Arc;

/// The log of this node. Clones share it.
#[derive(Clone)]
pub struct LogStore {
    memory: Arc<Mutex<Memory>>,
    lane: Arc<Lane>,
}

#[derive(Default)]
struct Memory {
    entries: BTreeMap<u64, Kept>,
    vote: Option<Vote>,
    purged: Option<LogId>,
    /// How many bytes were appended in this process' life.
    appended_bytes: u64,
}

/// An entry as it is on disk.
struct Kept {
    log_id: LogId,
    body: Bytes,
}

/// How many bytes of entries go to a member at once, unless one alone is larger.
const REPLICATED_BYTES_MAX: usize = 1 << 20;

impl LogStore {
    /// Opens the log in a directory. Blocks while it reads.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        segment_bytes_max: u64,
        blocking: Blocking,
    ) -> io::Result<Self> {
        let (files, found) = LogFiles::open(disk, directory, segment_bytes_max)?;
        let entries = found
            .entries
            .into_iter()
            .map(|(log_id, body)| (log_id.index, Kept { log_id, body }))
            .collect();
        let memory = Memory {
            entries,
            vote: found.vote,
            purged: found.purged,
            appended_bytes: 0,
        };
        Ok(LogStore {
            memory: Arc::new(Mutex::new(memory)),
            lane: Arc::new(Lane::new(files, blocking)),
        })
    }

    /// The last entry that is no longer in the log: a snapshot must reach up to it.
    pub fn purged(&self) -> Option<LogId> {
        self.memory.lock().purged
    }

    /// How many bytes were appended since it was opened: what the snapshot policy goes by.
    pub fn appended_bytes(&self) -> u64 {
        self.memory.lock().appended_bytes
    }

    /// Puts the entries into memory and returns what is to be written.
    fn remember(
        &self,
        entries: impl IntoIterator<Item = Entry>,
        flushed: IOFlushed<Types>,
    ) -> io::Result<Option<Job>> {
        let mut memory = self.memory.lock();
        let previous = memory.last();
        let (mut frames, mut written) = (BytesMut::new(), Vec::new());
        for entry in entries {
            let start = frames.len();
            put_frame(&mut frames, |to| put_entry(to, &entry))?;
            written.push((entry.log_id, start..frames.len()));
        }
        memory.appended_bytes += u64::try_from(frames.len()).expect("a length fits into 64 bits");
        let Some((first, _)) = written.first() else {
            flushed.io_completed(Ok(()));
            return Ok(None);
        };
        let (first_index, frames) = (first.index, frames.freeze());
        let lengths = written.iter().map(|(_, frame)| frame.len()).collect();
        for (log_id, frame) in written {
            let body = frames.slice(frame.start + frame::OVERHEAD_BYTES..frame.end);
            memory.entries.insert(log_id.index, Kept { log_id, body });
        }
        Ok(Some(Job::Append {
            frames,
            lengths,
            first_index,
            previous,
            flushed,
        }))
    }

    /// The entries in a range, not decoded.
    fn bodies(&self, range: impl RangeBounds<u64>) -> Vec<Bytes> {
        self.memory
            .lock()
            .entries
            .range(range)
            .map(|(_, kept)| kept.body.clone())
            .collect()
    }
}

fn decode(bodies: Vec<Bytes>) -> impl Iterator<Item = io::Result<Entry>> {
    bodies.into_iter().map(|body| Ok(read_entry(body)?))
}

impl Memory {
    fn last(&self) -> Option<LogId> {
        self.entries
            .last_key_value()
            .map(|(_, kept)| kept.log_id)
            .or(self.purged)
    }
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        decode(self.bodies(range)).collect()
    }

    async fn entries_stream<RB>(
        &mut self,
        range: RB,
    ) -> impl Stream<Item = io::Result<Entry>> + OptionalSend
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        stream::iter(decode(self.bodies(range)))
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, io::Error> {
        let mut bodies = self.bodies(start..end);
        let mut total = 0;
        let fits = |body: &Bytes| {
            total += body.len();
            total <= REPLICATED_BYTES_MAX
        };
        let count = bodies.iter().map(fits).take_while(|fits| *fits).count();
        bodies.truncate(count.max(1));
        decode(bodies).collect()
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.memory.lock().vote)
    }
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, io::Error> {
        let memory = self.memory.lock();
        Ok(LogState {
            last_purged_log_id: memory.purged,
            last_log_id: memory.last(),
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let vote = *vote;
        self.lane
            .finish(|done| Job::SaveVote { vote, done })
            .await?;
        self.memory.lock().vote = Some(vote);
        Ok(())
    }

    async fn append<I>(&mut self, entries: I, flushed: IOFlushed<Types>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        if let Some(job) = self.remember(entries, flushed)? {
            self.lane.submit(job);
        }
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let index = last.map_or(0, |last| last.index + 1);
        self.memory.lock().entries.split_off(&index);
        self.lane
            .finish(|done| Job::TruncateFrom { index, done })
            .await
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), io::Error> {
        {
            let mut memory = self.memory.lock();
            memory.purged = memory.purged.max(Some(upto));
            memory.entries = memory.entries.split_off(&(upto.index + 1));
        }
        self.lane.finish(|done| Job::Purge { upto, done }).await
    }
}
