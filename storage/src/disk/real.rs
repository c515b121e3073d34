//! The operating system's files, by rustix. Every call is the plain system call, retried after a signal.

use super::{Disk, DiskFile, Entry, Hold, Lock, Metadata, OpenHow, Space};
use rustix::fs::{FallocateFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::{Errno, IoSliceMut, ReadWriteFlags, retry_on_intr};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

/// The most parts that one `pwritev` takes (`IOV_MAX`).
const MAX_PARTS: usize = 1024;

#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(OwnedFd);

impl Hold for OwnedFd {}

impl Disk for RealDisk {
    fn open(&self, path: &Path, how: OpenHow) -> io::Result<Arc<dyn DiskFile>> {
        let flags = match how {
            OpenHow::Read => OFlags::RDONLY,
            OpenHow::Write => OFlags::RDWR,
            OpenHow::Create => OFlags::RDWR | OFlags::CREATE,
            OpenHow::Truncate => OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
        };
        Ok(Arc::new(RealFile(open(path, flags)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::rename(from, to)?)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlink(path)?)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::rmdir(path)?)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::new(open(path, OFlags::RDONLY | OFlags::DIRECTORY)?)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let is_dir = match entry.file_type() {
                FileType::Unknown | FileType::Symlink => {
                    std::fs::metadata(path.join(name)).is_ok_and(|metadata| metadata.is_dir())
                }
                known => known == FileType::Directory,
            };
            entries.push(Entry {
                name: name.to_owned(),
                is_dir,
            });
        }
        entries.sort_unstable();
        Ok(entries)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::fsync(open(
            path,
            OFlags::RDONLY | OFlags::DIRECTORY,
        )?)?)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let stat = rustix::fs::stat(path)?;
        Ok(Metadata {
            size_bytes: stat.st_size.try_into().unwrap_or(0),
            is_dir: FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
            #[allow(
                clippy::unnecessary_cast,
                reason = "the field's type differs between architectures"
            )]
            modified_ms: stat.st_mtime as i64 * 1000 + stat.st_mtime_nsec as i64 / 1_000_000,
        })
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(Space {
            total_bytes: stat.f_blocks * stat.f_frsize,
            free_bytes: stat.f_bavail * stat.f_frsize,
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = open(path, OFlags::RDWR | OFlags::CREATE)?;
        match retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)) {
            Ok(()) => Ok(Some(Lock {
                _held: Box::new(file),
            })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn boot_id(&self) -> Option<String> {
        Some(
            std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()?
                .trim()
                .to_owned(),
        )
    }
}

fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    Ok(retry_on_intr(|| {
        rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o644))
    })?)
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match retry_on_intr(|| {
                rustix::io::pread(&self.0, &mut buffer[filled..], offset + filled as u64)
            })? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }

    fn read_at_if_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let mut parts = [IoSliceMut::new(&mut buffer[filled..])];
            match rustix::io::preadv2(
                &self.0,
                &mut parts,
                offset + filled as u64,
                ReadWriteFlags::NOWAIT,
            ) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return self.read_at(buffer, offset),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(filled)
    }

    fn write_vectored_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut offset = offset;
        for chunk in parts.chunks(MAX_PARTS) {
            offset += write_chunk(&self.0, chunk, offset)?;
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(&self.0)?)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(rustix::fs::fstat(&self.0)?.st_size.try_into().unwrap_or(0))
    }

    fn set_size_bytes(&self, size_bytes: u64) -> io::Result<()> {
        Ok(retry_on_intr(|| {
            rustix::fs::ftruncate(&self.0, size_bytes)
        })?)
    }

    fn allocate(&self, size_bytes: u64) -> io::Result<()> {
        match retry_on_intr(|| {
            rustix::fs::fallocate(&self.0, FallocateFlags::KEEP_SIZE, 0, size_bytes)
        }) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            answer => Ok(answer?),
        }
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

/// Writes these parts, however often the kernel stops half way; answers how many bytes they are.
fn write_chunk(file: &OwnedFd, parts: &[IoSlice<'_>], offset: u64) -> io::Result<u64> {
    let size_bytes: usize = parts.iter().map(|part| part.len()).sum();
    let mut written_bytes = retry_on_intr(|| rustix::io::pwritev(file, parts, offset))?;
    if written_bytes < size_bytes {
        let mut parts = parts.to_vec();
        let mut rest = &mut parts[..];
        IoSlice::advance_slices(&mut rest, written_bytes);
        while written_bytes < size_bytes {
            match retry_on_intr(|| rustix::io::pwritev(file, rest, offset + written_bytes as u64))?
            {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => {
                    written_bytes += written;
                    IoSlice::advance_slices(&mut rest, written);
                }
            }
        }
    }
    Ok(size_bytes as u64)
}
