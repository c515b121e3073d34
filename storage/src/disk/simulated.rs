//! A disk in memory that fails on demand, the same way every time for the same seed.
//!
//! It keeps, for each file and directory, what is durable and what was done since the last sync. [`SimulatedDisk::power_loss`] keeps any
//! subset of the latter: whole writes, sectors of a write, creations, removals and renamings, each or none, whatever their order. That is
//! harsher than a journalling file system. [`SimulatedDisk::process_death`] keeps everything. After either, files that were open answer EIO.
//! A hook sees every operation first and may fail it, delay it or count it.

mod contents;
mod names;

use super::{Disk, DiskFile, Entry, Hold, Lock, Metadata, OpenHow, Space};
use contents::Contents;
use names::{Names, Node};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is about to happen to the path that the hook gets with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Open,
    Read,
    /// A read that must not wait: answer `WouldBlock` for a cold page.
    ReadIfCached,
    Write,
    SetSize,
    Sync,
    SyncDirectory,
    Rename,
    Remove,
    List,
    Stat,
}

type Hook = Arc<dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync>;

/// Clones share the disk.
#[derive(Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

struct State {
    names: Names,
    files: Vec<Contents>,
    locks: BTreeSet<PathBuf>,
    capacity_bytes: u64,
    /// Counts deaths and power losses: a handle from before answers EIO.
    life: u64,
    boots: u64,
    hook: Option<Hook>,
}

struct SimulatedFile {
    disk: SimulatedDisk,
    path: PathBuf,
    index: usize,
    life: u64,
}

#[derive(Debug)]
struct Held {
    disk: SimulatedDisk,
    path: PathBuf,
    life: u64,
}

impl Hold for Held {}

impl Default for SimulatedDisk {
    fn default() -> Self {
        let state = State {
            names: Names::default(),
            files: Vec::new(),
            locks: BTreeSet::new(),
            capacity_bytes: u64::MAX,
            life: 0,
            boots: 0,
            hook: None,
        };
        SimulatedDisk {
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl SimulatedDisk {
    pub fn new() -> SimulatedDisk {
        SimulatedDisk::default()
    }

    /// Loses any subset of what was not synced; the same subset for the same seed and history. The kernel starts anew.
    pub fn power_loss(&self, seed: u64) {
        let mut random = Random(seed);
        let state = &mut *self.state.lock();
        for file in &mut state.files {
            file.lose_unsynced(&mut random);
        }
        state.names.lose_unsynced(&mut random);
        state.boots += 1;
        state.life += 1;
        state.locks.clear();
    }

    /// Loses nothing: the kernel has it all.
    pub fn process_death(&self) {
        let mut state = self.state.lock();
        state.life += 1;
        state.locks.clear();
    }

    /// Called before every operation; an error from it is the operation's. `None` takes it away.
    pub fn set_hook(&self, hook: Option<Hook>) {
        self.state.lock().hook = hook;
    }

    /// From here on a write that would take the files' sizes beyond this fails with `StorageFull`, after writing what fits.
    pub fn set_capacity_bytes(&self, capacity_bytes: u64) {
        self.state.lock().capacity_bytes = capacity_bytes;
    }

    /// Flips the bits of `mask` in one byte, durably: what a bad sector does.
    pub fn flip_bits(&self, path: &Path, offset: u64, mask: u8) -> io::Result<()> {
        let state = &mut *self.state.lock();
        let index = state.names.file(path)?;
        state.files[index].flip_bits(
            usize::try_from(offset).expect("a test's file is small"),
            mask,
        )
    }

    fn check(&self, operation: Operation, path: &Path) -> io::Result<()> {
        let hook = self.state.lock().hook.clone();
        hook.map_or(Ok(()), |hook| hook(operation, path))
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path, how: OpenHow) -> io::Result<Arc<dyn DiskFile>> {
        self.check(Operation::Open, path)?;
        let state = &mut *self.state.lock();
        let index = match state.names.file(path) {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && matches!(how, OpenHow::Create | OpenHow::Truncate) =>
            {
                state.files.push(Contents::default());
                let index = state.files.len() - 1;
                state.names.link(path, Node::File(index))?;
                index
            }
            found => found?,
        };
        if how == OpenHow::Truncate {
            state.files[index].set_size(0);
        }
        Ok(Arc::new(SimulatedFile {
            disk: self.clone(),
            path: path.to_owned(),
            index,
            life: state.life,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(Operation::Rename, from)?;
        self.state.lock().names.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.check(Operation::Remove, path)?;
        let state = &mut *self.state.lock();
        state.names.file(path)?;
        state.names.unlink(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.check(Operation::Remove, path)?;
        let state = &mut *self.state.lock();
        if !state.names.list(path)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        state.names.unlink(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.check(Operation::Open, path)?;
        self.state.lock().names.create_dir(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.check(Operation::List, path)?;
        self.state.lock().names.list(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.check(Operation::SyncDirectory, path)?;
        self.state.lock().names.sync(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.check(Operation::Stat, path)?;
        let state = self.state.lock();
        Ok(match state.names.resolve(path)? {
            Node::File(index) => Metadata {
                size_bytes: state.files[index].bytes().len() as u64,
                is_dir: false,
                modified_ms: 0,
            },
            Node::Directory(_) => Metadata {
                size_bytes: 0,
                is_dir: true,
                modified_ms: 0,
            },
        })
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let state = self.state.lock();
        let used_bytes = state.used_bytes();
        Ok(Space {
            total_bytes: state.capacity_bytes,
            free_bytes: state.capacity_bytes.saturating_sub(used_bytes),
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        self.open(path, OpenHow::Create)?;
        let mut state = self.state.lock();
        if !state.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        let held = Held {
            disk: self.clone(),
            path: path.to_owned(),
            life: state.life,
        };
        Ok(Some(Lock {
            _held: Box::new(held),
        }))
    }

    fn boot_id(&self) -> Option<String> {
        Some(format!("boot-{}", self.state.lock().boots))
    }
}

impl State {
    fn used_bytes(&self) -> u64 {
        self.names
            .live_files()
            .map(|index| self.files[index].bytes().len() as u64)
            .sum()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.disk.state.lock();
        if state.life == self.life {
            state.locks.remove(&self.path);
        }
    }
}

impl SimulatedFile {
    fn with<R>(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut State) -> io::Result<R>,
    ) -> io::Result<R> {
        self.disk.check(operation, &self.path)?;
        let state = &mut *self.disk.state.lock();
        if state.life != self.life {
            return Err(io::Error::other("this file was opened before the crash"));
        }
        act(state)
    }

    fn read(&self, operation: Operation, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(operation, |state| {
            Ok(state.files[self.index].read(buffer, usize::try_from(offset).unwrap_or(usize::MAX)))
        })
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(Operation::Read, buffer, offset)
    }

    fn read_at_if_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(Operation::ReadIfCached, buffer, offset)
    }

    fn write_vectored_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        self.with(Operation::Write, |state| {
            let room_bytes = state.capacity_bytes.saturating_sub(state.used_bytes());
            let size_bytes = state.files[self.index].bytes().len() as u64;
            let writable_bytes = (size_bytes + room_bytes).saturating_sub(offset);
            let is_whole = bytes.len() as u64 <= writable_bytes;
            bytes.truncate(usize::try_from(writable_bytes).unwrap_or(usize::MAX));
            state.files[self.index].write(
                usize::try_from(offset).expect("a test's file is small"),
                bytes,
            );
            if is_whole {
                Ok(())
            } else {
                Err(io::ErrorKind::StorageFull.into())
            }
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(Operation::Sync, |state| {
            state.files[self.index].sync();
            Ok(())
        })
    }

    fn size_bytes(&self) -> io::Result<u64> {
        self.with(Operation::Stat, |state| {
            Ok(state.files[self.index].bytes().len() as u64)
        })
    }

    fn set_size_bytes(&self, size_bytes: u64) -> io::Result<()> {
        self.with(Operation::SetSize, |state| {
            state.files[self.index]
                .set_size(usize::try_from(size_bytes).expect("a test's file is small"));
            Ok(())
        })
    }

    fn allocate(&self, _size_bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedDisk")
    }
}

impl Debug for SimulatedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedFile({})", self.path.display())
    }
}

/// SplitMix64: few lines, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
