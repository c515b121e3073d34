//! openraft's log: entries in memory, where replication and the state machine read them, and in files, where they survive.
//!
//! The log is as long as what the last snapshot does not cover, which the controller bounds by bytes, so all of it fits in
//! memory. An append is readable when it returns, and durable when its callback is called.

use super::format::put_entry;
use super::frame::put_frame;
use super::lane::{Blocking, Job, Lane};
use super::log_files::LogFiles;
use super::types::{Entry, LogId, Types, Vote};
use bytes::BytesMut;
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
    entries: BTreeMap<u64, Entry>,
    vote: Option<Vote>,
    purged: Option<LogId>,
    /// How many bytes were appended in this process' life.
    appended_bytes: u64,
}

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
            .map(|entry| (entry.log_id.index, entry))
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
        let (mut frames, mut lengths, mut first_index) = (BytesMut::new(), Vec::new(), None);
        for entry in entries {
            let start = frames.len();
            put_frame(&mut frames, |to| put_entry(to, &entry))?;
            lengths.push(frames.len() - start);
            first_index.get_or_insert(entry.log_id.index);
            memory.entries.insert(entry.log_id.index, entry);
        }
        memory.appended_bytes += u64::try_from(frames.len()).expect("a length fits into 64 bits");
        let Some(first_index) = first_index else {
            flushed.io_completed(Ok(()));
            return Ok(None);
        };
        Ok(Some(Job::Append {
            frames,
            lengths,
            first_index,
            previous,
            flushed,
        }))
    }
}

impl Memory {
    fn last(&self) -> Option<LogId> {
        self.entries
            .last_key_value()
            .map(|(_, entry)| entry.log_id)
            .or(self.purged)
    }
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        Ok(self
            .memory
            .lock()
            .entries
            .range(range)
            .map(|(_, entry)| entry.clone())
            .collect())
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
