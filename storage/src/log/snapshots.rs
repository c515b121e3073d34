//! The producers of a log, in memory or spilled to a `.snapshot` file, and those files.
//!
//! A snapshot named by offset N holds the producers as they were before offset N. One is taken at every roll, at every complete flush, when
//! the log rests and at a clean stop; the CRC inside tells a whole one from a torn one, so none needs to be synced before it is renamed into place.

use super::error::Failure;
use super::shared::{LogReader, Shared};
use crate::disk::{self, OpenHow};
use crate::offset::Offset;
use crate::producers::{Producers, snapshot};
use crate::segment::{Place, ignore_missing, stem};
use std::io::{self, IoSlice};
use std::path::PathBuf;

/// See the module.
#[derive(Debug)]
pub(super) enum ProducerState {
    Loaded(Producers),
    /// Everything is in the snapshot at this offset, no transaction is open.
    Spilled(Offset),
}

pub(super) const ENDING: &str = ".snapshot";

pub(super) fn path(place: &Place, offset: Offset) -> io::Result<PathBuf> {
    Ok(place.path()?.join(format!("{}{ENDING}", stem(offset))))
}

/// Writes a snapshot without syncing it. A whole one that is there already says the same, and may be durable: it stays.
pub(super) fn write(place: &Place, offset: Offset, bytes: &[u8]) -> io::Result<()> {
    let path = path(place, offset)?;
    if let Some(known) = disk::read_file(place.disk(), &path)?
        && snapshot::parse(&known).is_ok()
    {
        return Ok(());
    }
    let file = place.disk().open(&path, OpenHow::Truncate)?;
    file.write_vectored_at(&[IoSlice::new(bytes)], 0)
}

/// Makes the contents of a snapshot durable, if there is one.
pub(super) fn sync(place: &Place, offset: Offset) -> io::Result<()> {
    disk::sync_if_present(place.disk(), &path(place, offset)?)
}

pub(super) fn remove(place: &Place, offset: Offset) -> io::Result<()> {
    ignore_missing(place.disk().remove_file(&path(place, offset)?))
}

/// The producers before `offset`; `None` when there is no whole snapshot.
pub(super) fn load(
    place: &Place,
    offset: Offset,
    now_ms: i64,
    expiration_ms: i64,
) -> io::Result<Option<Producers>> {
    let Some(bytes) = disk::read_file(place.disk(), &path(place, offset)?)? else {
        return Ok(None);
    };
    match snapshot::parse(&bytes) {
        Ok(entries) => Ok(Some(Producers::load(entries, now_ms, expiration_ms))),
        Err(malformed) => {
            tracing::warn!(%offset, %malformed, "a producer snapshot is ignored");
            Ok(None)
        }
    }
}

impl ProducerState {
    /// What the last stable offset must not pass.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        match self {
            ProducerState::Loaded(producers) => producers.first_unstable_offset(),
            ProducerState::Spilled(_) => None,
        }
    }

    pub fn loaded(&mut self) -> Option<&mut Producers> {
        match self {
            ProducerState::Loaded(producers) => Some(producers),
            ProducerState::Spilled(_) => None,
        }
    }
}

impl Shared {
    /// Removes snapshots that are of no use, except where a segment starts. What cannot be removed does no harm.
    pub fn remove_snapshots(&self, offsets: &[Offset]) {
        let set = self.segments.load();
        let is_base = |offset: &Offset| set.iter().any(|segment| segment.base_offset() == *offset);
        for offset in offsets.iter().filter(|offset| !is_base(offset)) {
            if let Err(error) = remove(&self.place, *offset) {
                tracing::warn!(%error, %offset, "an old producer snapshot stays");
            }
        }
    }

    /// Brings the producers back into memory.
    pub fn load_producers(&self, now_ms: i64) -> Result<(), Failure> {
        let ProducerState::Spilled(offset) = *self.producers.lock() else {
            return Ok(());
        };
        let expiration_ms = self.config.load().producer_expiration_ms;
        let loaded = load(&self.place, offset, now_ms, expiration_ms)
            .map_err(Failure::of("reading a producer snapshot"))?;
        let producers = loaded.ok_or_else(|| {
            Failure::new(
                "reading a producer snapshot",
                &io::Error::new(io::ErrorKind::InvalidData, "it is missing or damaged"),
            )
        })?;
        let mut state = self.producers.lock();
        if matches!(*state, ProducerState::Spilled(_)) {
            *state = ProducerState::Loaded(producers);
        }
        Ok(())
    }
}

impl LogReader {
    /// Looks at what is known of the log's producers. Reads a snapshot file when they are spilled: may block.
    pub fn with_producers<R>(
        &self,
        now_ms: i64,
        look: impl FnOnce(&Producers) -> R,
    ) -> Result<R, Failure> {
        let offset = match &*self.shared.producers.lock() {
            ProducerState::Loaded(producers) => return Ok(look(producers)),
            ProducerState::Spilled(offset) => *offset,
        };
        let expiration_ms = self.shared.config.load().producer_expiration_ms;
        let loaded = load(&self.shared.place, offset, now_ms, expiration_ms)
            .map_err(Failure::of("reading a producer snapshot"))?;
        Ok(look(&loaded.unwrap_or_default()))
    }

    /// Changes what is known of the log's producers between appends: verifications, expiry. Reads a snapshot file when they are spilled.
    pub fn with_producers_mut<R>(
        &self,
        now_ms: i64,
        change: impl FnOnce(&mut Producers) -> R,
    ) -> Result<R, Failure> {
        loop {
            if let Some(producers) = self.shared.producers.lock().loaded() {
                return Ok(change(producers));
            }
            self.shared.load_producers(now_ms)?;
        }
    }

    /// Forgets producers that were idle for `producer.id.expiration.ms`. Spilled ones are judged when they come back. Returns how many went.
    pub fn expire_producers(&self, now_ms: i64) -> usize {
        let expiration_ms = self.shared.config.load().producer_expiration_ms;
        self.shared
            .producers
            .lock()
            .loaded()
            .map_or(0, |producers| producers.expire(now_ms, expiration_ms))
    }
}
