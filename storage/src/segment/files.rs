//! Files that open on use, and the limit on how many stay open.
//!
//! A [`LazyFile`] knows where it lives ([`Place`], shared by all files of a partition) and opens itself under its own lock; renaming the
//! partition's directory excludes opening, and a removed place never opens again. So an old reader gets the bytes that it was promised or
//! `NotFound`, never those of a topic created later under the same name. Lock order: file, place, cache.

use super::stem;
use crate::disk::{Disk, DiskFile, OpenHow};
use crate::offset::Offset;
use parking_lot::{Mutex, RwLock};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

/// The descriptors of one process: at most `capacity` files stay open, the longest unused are closed first (second chance).
#[derive(Debug)]
pub struct FileCache {
    disk: Arc<dyn Disk>,
    capacity: usize,
    open: Mutex<VecDeque<Weak<LazyFile>>>,
}

/// The directory of a partition, wherever it is now.
#[derive(Debug)]
pub struct Place {
    files: Arc<FileCache>,
    /// `None` once removed.
    path: RwLock<Option<PathBuf>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    Log,
    OffsetIndex,
    TimeIndex,
    TransactionIndex,
}

/// One file of a segment.
#[derive(Debug)]
pub struct LazyFile {
    place: Arc<Place>,
    base_offset: Offset,
    kind: FileKind,
    was_used: AtomicBool,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    open: Option<Arc<dyn DiskFile>>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Live,
    /// Renamed to `.deleted`: readers that hold the segment may still finish.
    Deleted,
    Removed,
}

impl FileKind {
    pub const ALL: [FileKind; 4] = [
        FileKind::Log,
        FileKind::OffsetIndex,
        FileKind::TimeIndex,
        FileKind::TransactionIndex,
    ];

    pub fn ending(self) -> &'static str {
        match self {
            FileKind::Log => ".log",
            FileKind::OffsetIndex => ".index",
            FileKind::TimeIndex => ".timeindex",
            FileKind::TransactionIndex => ".txnindex",
        }
    }
}

impl FileCache {
    pub fn new(disk: Arc<dyn Disk>, capacity: usize) -> Arc<FileCache> {
        Arc::new(FileCache {
            disk,
            capacity: capacity.max(1),
            open: Mutex::default(),
        })
    }

    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Files that are open now, those included that will be found closed at the next eviction.
    pub fn open_count(&self) -> usize {
        self.open.lock().len()
    }

    /// Counts a file that was just opened and closes others beyond the capacity. A file in use by someone is only forgotten here: its
    /// descriptor closes when the last user lets go.
    fn admit(&self, file: &Arc<LazyFile>) {
        let mut open = self.open.lock();
        open.push_back(Arc::downgrade(file));
        let mut chances = open.len();
        while open.len() > self.capacity {
            let Some(oldest) = open.pop_front() else {
                return;
            };
            let Some(candidate) = oldest.upgrade() else {
                continue;
            };
            chances = chances.saturating_sub(1);
            let has_chance = chances > 0 && candidate.was_used.swap(false, Ordering::Relaxed);
            match candidate.slot.try_lock() {
                Some(mut slot) if !has_chance => slot.open = None,
                Some(slot) if slot.open.is_none() => {}
                _ if chances > 0 => open.push_back(oldest),
                _ => {
                    open.push_front(oldest);
                    return;
                }
            }
        }
    }
}

impl Place {
    pub fn new(files: Arc<FileCache>, path: PathBuf) -> Arc<Place> {
        Arc::new(Place {
            files,
            path: RwLock::new(Some(path)),
        })
    }

    pub fn disk(&self) -> &dyn Disk {
        &*self.files.disk
    }

    /// Where the partition is now; `NotFound` once removed.
    pub fn path(&self) -> io::Result<PathBuf> {
        self.path
            .read()
            .clone()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Renames the directory; files open before stay readable, files opened later are found under the new name.
    pub fn rename(&self, to: PathBuf) -> io::Result<()> {
        let mut path = self.path.write();
        let from = path.as_ref().ok_or(io::ErrorKind::NotFound)?;
        self.files.disk.rename(from, &to)?;
        *path = Some(to);
        Ok(())
    }

    /// From here on nothing opens; answers where the directory was, for the caller to remove.
    pub fn doom(&self) -> Option<PathBuf> {
        self.path.write().take()
    }

    fn with_path<R>(&self, act: impl FnOnce(&Path) -> io::Result<R>) -> io::Result<R> {
        let path = self.path.read();
        act(path.as_ref().ok_or(io::ErrorKind::NotFound)?)
    }
}

impl LazyFile {
    pub fn new(place: Arc<Place>, base_offset: Offset, kind: FileKind) -> Arc<LazyFile> {
        Arc::new(LazyFile {
            place,
            base_offset,
            kind,
            was_used: AtomicBool::new(false),
            slot: Mutex::default(),
        })
    }

    /// The open file; `NotFound` when it is missing or gone.
    pub fn open(self: &Arc<Self>) -> io::Result<Arc<dyn DiskFile>> {
        self.open_how(OpenHow::Write)
    }

    /// As [`LazyFile::open`], but a missing file is created.
    pub fn create(self: &Arc<Self>) -> io::Result<Arc<dyn DiskFile>> {
        self.open_how(OpenHow::Create)
    }

    fn open_how(self: &Arc<Self>, how: OpenHow) -> io::Result<Arc<dyn DiskFile>> {
        self.was_used.store(true, Ordering::Relaxed);
        let mut slot = self.slot.lock();
        if let Some(file) = &slot.open {
            return Ok(file.clone());
        }
        if slot.state == State::Removed {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = self.place.with_path(|path| {
            self.place
                .disk()
                .open(&path.join(self.name(slot.state)), how)
        })?;
        slot.open = Some(file.clone());
        drop(slot);
        self.place.files.admit(self);
        Ok(file)
    }

    /// Lets the descriptor go; the next use opens the file again.
    pub fn close(&self) {
        self.slot.lock().open = None;
    }

    /// Renames the file to `.deleted`. It is no error when it is missing.
    pub fn mark_deleted(&self) -> io::Result<()> {
        let mut slot = self.slot.lock();
        if slot.state == State::Live {
            ignore_missing(self.place.with_path(|path| {
                self.place.disk().rename(
                    &path.join(self.name(State::Live)),
                    &path.join(self.name(State::Deleted)),
                )
            }))?;
            slot.state = State::Deleted;
        }
        Ok(())
    }

    /// Removes the file, under whichever name; nobody opens it again. It is no error when it is missing.
    pub fn remove(&self) -> io::Result<()> {
        let mut slot = self.slot.lock();
        let state = std::mem::replace(&mut slot.state, State::Removed);
        slot.open = None;
        if state == State::Removed {
            return Ok(());
        }
        ignore_missing(
            self.place
                .with_path(|path| self.place.disk().remove_file(&path.join(self.name(state)))),
        )
    }

    fn name(&self, state: State) -> String {
        let ending = if state == State::Live { "" } else { ".deleted" };
        format!("{}{}{ending}", stem(self.base_offset), self.kind.ending())
    }
}

/// Turns `NotFound` into success.
pub(crate) fn ignore_missing(answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Turns want of room into a warning: for what can be done without, so that a full disk can still be opened and cleared.
pub(crate) fn unless_full(doing: &'static str, answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => {
            tracing::warn!(doing, "no room on the disk; going on without");
            Ok(())
        }
        other => other,
    }
}
