//! The files of the raft log: segments and the vote. Blocking; called by one thread at a time.
//!
//! Every step leaves a directory that opens to what was acknowledged, whatever subset of unsynced writes and names a power
//! failure drops: a segment is synced before the next one is created, new names are synced before they are used, truncation
//! removes the newest file first and syncs each removal, purging removes the oldest first. So among the files found, the
//! newest unbroken run is the log, and files before a gap are leftovers of a purge.

use super::bytes::Reader;
use super::format::{put_vote, read_vote};
use super::frame::{put_frame, take_frame};
use super::segment::{Segment, StoredEntry, first_index_of};
use super::types::{LogId, Vote};
use bytes::{Bytes, BytesMut};
use ottla_storage::disk::{Disk, read_file, replace_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const VOTE: &str = "vote";

/// Open files of the log.
pub struct LogFiles {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    /// At least one, in order; the last takes appends.
    segments: Vec<Segment>,
    segment_bytes_max: u64,
}

/// What the files hold.
#[derive(Debug, Default)]
pub struct Found {
    pub vote: Option<Vote>,
    /// The id of the last entry that is no longer there.
    pub purged: Option<LogId>,
    pub entries: Vec<StoredEntry>,
}

impl LogFiles {
    /// Opens the log in a directory, creating both where they are missing.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        segment_bytes_max: u64,
    ) -> io::Result<(Self, Found)> {
        disk.create_dir(directory)?;
        if let Some(parent) = directory.parent() {
            disk.sync_dir(parent)?;
        }
        let mut files = LogFiles {
            disk,
            directory: directory.to_owned(),
            segments: Vec::new(),
            segment_bytes_max,
        };
        let mut found = Found {
            vote: files.read_small(VOTE, read_vote)?,
            ..Default::default()
        };
        files.open_segments(&mut found)?;
        if files.segments.is_empty() {
            files.start_segment(0, None)?;
        }
        found.purged = files.segments[0].previous;
        Ok((files, found))
    }

    fn open_segments(&mut self, found: &mut Found) -> io::Result<()> {
        let names = self.disk.read_dir(&self.directory)?;
        for entry in names
            .into_iter()
            .filter(|entry| first_index_of(&entry.name).is_some())
        {
            let path = self.directory.join(&entry.name);
            let Some((segment, mut entries)) = Segment::open(&*self.disk, path.clone())? else {
                self.disk.remove_file(&path)?;
                continue;
            };
            let before = self.segments.last().map(Segment::next_index);
            if before.is_some_and(|before| before != segment.first_index) {
                found.entries.clear();
                for leftover in self.segments.drain(..) {
                    self.disk.remove_file(leftover.path())?;
                }
            }
            found.entries.append(&mut entries);
            self.segments.push(segment);
        }
        self.disk.sync_dir(&self.directory)
    }

    /// Appends framed entries of these lengths, the first of them with this index; durable only after [`LogFiles::sync`].
    /// `previous` is the id of the last entry before them, for the header of a new segment.
    pub fn append(
        &mut self,
        frames: &[u8],
        lengths: &[usize],
        first_index: u64,
        previous: Option<LogId>,
    ) -> io::Result<()> {
        let active = self.active();
        let follows = active.next_index() == first_index;
        if active.is_empty() && !follows {
            let unused = self.segments.pop().expect("there is always one");
            self.disk.remove_file(unused.path())?;
            self.disk.sync_dir(&self.directory)?;
            self.start_segment(first_index, previous)?;
        } else if !follows || (!active.is_empty() && active.size_bytes() >= self.segment_bytes_max)
        {
            active.sync()?;
            self.start_segment(first_index, previous)?;
        }
        self.active_mut().append(frames, lengths)
    }

    /// Makes everything appended survive power loss.
    pub fn sync(&self) -> io::Result<()> {
        self.active().sync()
    }

    /// Removes the entries from `index` on; durable when it returns.
    pub fn truncate_from(&mut self, index: u64) -> io::Result<()> {
        while self.segments.len() > 1 && self.active().first_index >= index {
            let newest = self.segments.pop().expect("more than one");
            self.disk.remove_file(newest.path())?;
            self.disk.sync_dir(&self.directory)?;
        }
        self.active_mut().truncate_from(index)
    }

    /// Gives up the entries up to and with `upto`, file by file: those that share a file with later ones stay.
    pub fn purge(&mut self, upto: LogId) -> io::Result<()> {
        if self.active().next_index() <= upto.index {
            // Beyond the end: a snapshot took the log's place. The log goes on after it.
            self.start_segment(upto.index + 1, Some(upto))?;
        }
        let later = self.segments.iter().skip(1);
        let dead = later
            .take_while(|segment| segment.first_index <= upto.index + 1)
            .count();
        for segment in self.segments.drain(..dead) {
            self.disk.remove_file(segment.path())?;
        }
        if dead > 0 {
            self.disk.sync_dir(&self.directory)
        } else {
            Ok(())
        }
    }

    /// Replaces the vote; durable when it returns.
    pub fn save_vote(&self, vote: &Vote) -> io::Result<()> {
        self.write_small(VOTE, |to| put_vote(to, vote))?;
        self.disk.sync_dir(&self.directory)
    }

    fn read_small<T>(
        &self,
        name: &str,
        read: impl FnOnce(&mut Reader) -> Result<T, super::format::FormatError>,
    ) -> io::Result<Option<T>> {
        let path = self.directory.join(name);
        let Some(bytes) = read_file(&*self.disk, &path)? else {
            return Ok(None);
        };
        let Some(body) = take_frame(&mut Bytes::from(bytes)) else {
            let message = format!("{} is damaged", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        Ok(Some(read(&mut Reader::new(body))?))
    }

    fn write_small(&self, name: &str, write: impl FnOnce(&mut BytesMut)) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        put_frame(&mut bytes, |to| {
            write(to);
            Ok(())
        })?;
        replace_file(&*self.disk, &self.directory.join(name), &bytes)
    }

    fn start_segment(&mut self, first_index: u64, previous: Option<LogId>) -> io::Result<()> {
        let segment = Segment::create(&*self.disk, &self.directory, first_index, previous)?;
        self.segments.push(segment);
        Ok(())
    }

    fn active(&self) -> &Segment {
        self.segments.last().expect("there is always one")
    }

    fn active_mut(&mut self) -> &mut Segment {
        self.segments.last_mut().expect("there is always one")
    }
}
