//! What a log needs of a disk, as two traits. [`RealDisk`] asks the operating system; `SimulatedDisk` (feature `simulation`) keeps
//! everything in memory and loses, on demand, what a power failure would lose.
//!
//! Guarantees asked of every disk:
//! - a write is whole or an error: short writes are retried inside; after an error any part of it may have been written;
//! - what was written survives process death; only what was synced survives power loss: contents by [`DiskFile::sync_data`],
//!   creation, removal and renaming by [`Disk::sync_dir`] of the directory that holds the name;
//! - names are listed in order, so that nothing above depends on a file system's mood.
//!
//! `disk.rs` and its folder are the only code that touches files. Nothing here knows what a log is.

mod real;
#[cfg(any(test, feature = "simulation"))]
mod simulated;

pub use real::RealDisk;
#[cfg(any(test, feature = "simulation"))]
pub use simulated::{Operation, SimulatedDisk};

use std::fmt::Debug;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;

/// A file system, or the part of one that a log sees. Calls block; which thread may block is the caller's decision.
pub trait Disk: Debug + Send + Sync + 'static {
    fn open(&self, path: &Path, how: OpenHow) -> io::Result<Arc<dyn DiskFile>>;
    /// Replaces what stands at `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// The directory must be empty.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Missing parents are created too; it is no error when the directory exists.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Sorted by name; names that are not UTF-8 are left out (no log file has one).
    fn read_dir(&self, path: &Path) -> io::Result<Vec<Entry>>;
    /// Makes creations, removals and renamings in this directory survive power loss.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// `NotFound` when nothing stands at `path`.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    fn space(&self, path: &Path) -> io::Result<Space>;
    /// Takes the exclusive lock on this file (created when missing) for as long as the answer lives; `None` when another process has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
    /// Changes with every start of the kernel, and only then; `None` when unknown.
    fn boot_id(&self) -> Option<String>;
}

/// An open file. Offsets are given with every call, so it can be shared between threads.
pub trait DiskFile: Debug + Send + Sync {
    /// Fills `buffer` as far as the file goes; the answer is shorter only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// As [`DiskFile::read_at`], but only from memory: `WouldBlock` when any part would have to come from the device
    /// (`preadv2` with `RWF_NOWAIT`). Where the file system cannot tell, it reads.
    fn read_at_if_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all parts one after another, starting at `offset` (`pwritev`).
    fn write_vectored_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<()>;
    /// Makes contents and length survive power loss (`fdatasync`). After a failure nothing about unsynced contents is known; a second
    /// call that succeeds means nothing.
    fn sync_data(&self) -> io::Result<()>;
    fn size_bytes(&self) -> io::Result<u64>;
    fn set_size_bytes(&self, size_bytes: u64) -> io::Result<()>;
    /// Reserves room up to this size without changing the file's length (`fallocate` with `KEEP_SIZE`).
    fn allocate(&self, size_bytes: u64) -> io::Result<()>;
    /// For `sendfile`; `None` when there is no descriptor, and the caller copies.
    fn as_fd(&self) -> Option<BorrowedFd<'_>>;
}

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenHow {
    /// To read; `NotFound` when missing.
    Read,
    /// To read and write; `NotFound` when missing.
    Write,
    /// To read and write; created when missing.
    Create,
    /// To read and write; created when missing, emptied when not.
    Truncate,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub name: String,
    pub is_dir: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub size_bytes: u64,
    pub is_dir: bool,
    /// Last change of the contents, in milliseconds since 1970.
    pub modified_ms: i64,
}

/// Room on the file system that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub total_bytes: u64,
    /// What this process may still write.
    pub free_bytes: u64,
}

/// Keeps other processes out until dropped.
#[derive(Debug)]
pub struct Lock {
    _held: Box<dyn Hold>,
}

/// Something whose drop releases a lock.
trait Hold: Debug + Send + Sync {}

/// The whole file, `None` when there is none. For small files: checkpoints, snapshots, `meta.properties`.
pub fn read_file(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, OpenHow::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes =
        vec![0; usize::try_from(file.size_bytes()?).expect("small files fit in memory")];
    let length = file.read_at(&mut bytes, 0)?;
    bytes.truncate(length);
    Ok(Some(bytes))
}

/// Replaces a small file in one step: whatever fails, the old contents or the new ones are there, never a mixture. Durable only after
/// `sync_dir` of the directory, which the caller does once for many files.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let file = disk.open(temporary, OpenHow::Truncate)?;
    file.write_vectored_at(&[IoSlice::new(bytes)], 0)?;
    file.sync_data()?;
    disk.rename(temporary, path)
}

/// Reads exactly `buffer.len()` bytes; `UnexpectedEof` when the file is shorter.
pub fn read_exact_at(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    if file.read_at(buffer, offset)? < buffer.len() {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok(())
    }
}

/// Makes the contents of a file durable; it is no error when there is none.
pub fn sync_if_present(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.open(path, OpenHow::Write) {
        Ok(file) => file.sync_data(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
