//! Records on their way from files to sockets.
//!
//! A region that is resident in the page cache, and long enough, goes by `sendfile`; a shorter one is copied through a pooled buffer
//! together with the bytes around it. What is not resident is read on a worker's thread, so that a cold read never stalls the runtime.

use super::memory::{Charge, Memory};
use crate::partition::Regions;
use ottla_protocol::DeferredRecords;
use ottla_storage::disk::DiskFile;
use ottla_storage::log::FileRegion;
use parking_lot::Mutex;
use std::any::Any;
use std::io;
use std::sync::Arc;

/// Below this `sendfile` costs more than copying (measured: at 64 KiB 0.32 against 0.24 core-seconds per GB, at 1 MiB 0.136 against 0.23).
pub const SEND_FILE_MIN_BYTES: usize = 256 * 1024;
/// How much is probed, and then sent, at a time.
const WINDOW_BYTES: usize = 1024 * 1024;
/// A window is probed this often; the kernel reads ahead at least as much.
const PROBE_STRIDE_BYTES: usize = 64 * 1024;

/// A pooled buffer's size: how much of records is in memory for one connection.
pub const STAGE_BYTES: usize = 256 * 1024;
/// What a connection may stage when the node's budget is used up, so that it still moves.
const STAGE_MIN_BYTES: usize = 16 * 1024;
/// How many unused buffers are kept.
const IDLE_BUFFERS_MAX: usize = 8;

/// A contiguous part of a file whose bytes do not change: what a log hands out.
#[derive(Clone, Debug)]
pub struct Region {
    file: Source,
    position: u64,
    size_bytes: usize,
}

#[derive(Clone, Debug)]
enum Source {
    Log(FileRegion),
    Open(Arc<dyn DiskFile>),
}

impl Region {
    /// A part of an open file.
    pub fn of_file(file: Arc<dyn DiskFile>, position: u64, size_bytes: usize) -> Self {
        Self {
            file: Source::Open(file),
            position,
            size_bytes,
        }
    }

    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn open(&self) -> io::Result<Arc<dyn DiskFile>> {
        match &self.file {
            Source::Log(region) => region.open(),
            Source::Open(file) => Ok(file.clone()),
        }
    }
}

impl From<FileRegion> for Region {
    fn from(region: FileRegion) -> Self {
        Self {
            position: region.position,
            size_bytes: region.size_bytes as usize,
            file: Source::Log(region),
        }
    }
}

/// The regions behind the records of a fetch answer; `None` for a source of another kind.
pub fn regions_of(deferred: &DeferredRecords) -> Option<Vec<Region>> {
    let source: &dyn Any = &*deferred.source;
    let Regions(regions) = source.downcast_ref()?;
    Some(regions.iter().cloned().map(Region::from).collect())
}

/// How far a region has been sent. Opens its file when its turn has come, not before: an answer may have ten thousand of them.
pub struct Cursor {
    region: Region,
    open: Option<Arc<dyn DiskFile>>,
    offset: usize,
    /// Bytes from `offset` on that were found resident and go by `sendfile`.
    window_bytes: usize,
}

impl Cursor {
    pub fn new(region: Region) -> Self {
        Self {
            region,
            open: None,
            offset: 0,
            window_bytes: 0,
        }
    }

    /// Bytes not yet sent.
    pub fn remaining(&self) -> usize {
        self.region.size_bytes - self.offset
    }

    /// Where in the file the next byte is.
    pub fn position(&self) -> u64 {
        self.region.position + self.offset as u64
    }

    pub fn advance(&mut self, count: usize) {
        self.offset += count;
        self.window_bytes = self.window_bytes.saturating_sub(count);
    }

    /// The file.
    pub fn file(&mut self) -> io::Result<&Arc<dyn DiskFile>> {
        if self.open.is_none() {
            self.open = Some(self.region.open()?);
        }
        Ok(self.open.as_ref().expect("opened above"))
    }

    /// How many bytes from here on may go by `sendfile`; 0 to copy. Probes when the last window is used up.
    pub fn sendable_bytes(&mut self) -> io::Result<usize> {
        let is_long = self.remaining() >= SEND_FILE_MIN_BYTES;
        if self.window_bytes == 0 && is_long && self.file()?.as_fd().is_some() {
            // What is too short to be a window of its own joins the last one.
            let window = match self.remaining() {
                remaining if remaining < WINDOW_BYTES + SEND_FILE_MIN_BYTES => remaining,
                _ => WINDOW_BYTES,
            };
            if self.is_resident(window)? {
                self.window_bytes = window;
            }
        }
        Ok(self.window_bytes)
    }

    /// Samples, at less than 3 µs per MiB. A wrong yes costs blocking page faults in `sendfile`, nothing else.
    fn is_resident(&mut self, window: usize) -> io::Result<bool> {
        let position = self.position();
        let file = self.file()?;
        let mut samples = (0..window).step_by(PROBE_STRIDE_BYTES).chain([window - 1]);
        Ok(samples.all(|at| {
            matches!(
                file.read_at_if_cached(&mut [0], position + at as u64),
                Ok(1)
            )
        }))
    }
}

/// Buffers that connections take in turns.
pub struct Pool {
    memory: Arc<Memory>,
    idle: Mutex<Vec<Vec<u8>>>,
}

/// A buffer with what is to be sent in `start..end`. Goes back to its pool when dropped.
pub struct Staged {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    pool: Arc<Pool>,
    _charge: Charge,
}

impl Pool {
    pub fn new(memory: Arc<Memory>) -> Arc<Self> {
        Arc::new(Self {
            memory,
            idle: Mutex::default(),
        })
    }

    /// An empty buffer: of [`STAGE_BYTES`], or a small one when the budget is used up.
    pub fn take(self: &Arc<Self>) -> Staged {
        let size = if self.memory.has_room() {
            STAGE_BYTES
        } else {
            STAGE_MIN_BYTES
        };
        let idle = if size == STAGE_BYTES {
            self.idle.lock().pop()
        } else {
            None
        };
        Staged {
            bytes: idle.unwrap_or_else(|| vec![0; size]),
            start: 0,
            end: 0,
            pool: self.clone(),
            _charge: self.memory.charge(size),
        }
    }
}

impl Staged {
    /// What is still to be sent.
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Where more can be put.
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.end..]
    }

    /// `count` bytes were put into [`Staged::room`].
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        assert!(self.end <= self.bytes.len(), "what was filled fits");
    }

    /// `count` bytes of [`Staged::unsent`] were sent.
    pub fn sent(&mut self, count: usize) {
        self.start += count;
        assert!(self.start <= self.end, "what was sent was there");
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock();
        if self.bytes.len() == STAGE_BYTES && idle.len() < IDLE_BUFFERS_MAX {
            idle.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::IntGauge;

    #[test]
    fn a_used_up_budget_leaves_small_buffers() {
        let used = IntGauge::new("used", "used").unwrap();
        let pool = Pool::new(Memory::new(STAGE_BYTES, used.clone()));
        let mut first = pool.take();
        assert_eq!(first.room().len(), STAGE_BYTES);
        assert_eq!(pool.take().room().len(), STAGE_MIN_BYTES);
        drop(first);
        assert_eq!((used.get(), pool.idle.lock().len()), (0, 1));
        assert_eq!(pool.take().room().len(), STAGE_BYTES);
    }
}
