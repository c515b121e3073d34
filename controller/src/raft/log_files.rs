//! The files of the raft log: segments and the vote. Blocking; called by one thread at a time.
//!
//! Every step leaves a directory that opens to what was acknowledged, whatever subset of unsynced writes and names a power
//! failure drops: a segment is synced before the next one is created, new names are synced before they are used, truncation
//! removes the newest file first and syncs each removal, purging removes the oldest first. So among the files found, the
//! newest unbroken run is the log, and files before a gap are leftovers of a purge.
//!
//! On a full disk the log goes on for a while in the room of a file that is kept for that, and so does the start of a node: whoever decides
//! sees by then that there is no room ([`ConfigRules::metadata_room`](crate::decide::ConfigRules)), and lets nothing grow.

use super::segment::{Segment, StoredEntry, first_index_of};
use super::types::{LogId, Vote};
use super::vote_file::VoteFile;
use ottla_storage::disk::{Disk, OpenHow};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const VOTE: &str = "vote";
const RESERVE: &str = "reserve";
/// Thousands of changes of leaders and of ISRs, and quickly written at a first start.
const RESERVE_BYTES: usize = 1 << 18;
/// The reserve is made (again) only where it is this small a part of what is free.
const RESERVE_SHARE: u64 = 16;

/// Open files of the log.
pub struct LogFiles {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    /// At least one, in order; the last takes appends.
    segments: Vec<Segment>,
    segment_bytes_max: u64,
    vote: VoteFile,
    has_reserve: bool,
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
        create_durably(&*disk, directory)?;
        let (vote_file, vote) = VoteFile::open(&*disk, &directory.join(VOTE))?;
        let mut files = LogFiles {
            disk,
            directory: directory.to_owned(),
            segments: Vec::new(),
            segment_bytes_max,
            vote: vote_file,
            has_reserve: false,
        };
        files.has_reserve = files.disk.metadata(&files.reserve()).is_ok();
        let mut found = Found {
            vote,
            ..Default::default()
        };
        files.open_segments(&mut found)?;
        if files.segments.is_empty() {
            files.roomy(|files| files.start_segment(0, None))?;
        }
        files.keep_reserve();
        found.purged = files.segments[0].previous;
        Ok((files, found))
    }

    fn open_segments(&mut self, found: &mut Found) -> io::Result<()> {
        let mut names = self.disk.read_dir(&self.directory)?;
        names.retain(|entry| first_index_of(&entry.name).is_some());
        let count = names.len();
        for (number, entry) in names.into_iter().enumerate() {
            let path = self.directory.join(&entry.name);
            // Only the newest may have a torn tail: the others were synced before the next one was created.
            let is_newest = number + 1 == count;
            let Some((segment, mut entries)) = Segment::open(&*self.disk, path.clone(), is_newest)?
            else {
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
        if count > 0 {
            self.disk.sync_dir(&self.directory)
        } else {
            Ok(())
        }
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
        self.roomy(|files| files.append_where_there_is_room(frames, lengths, first_index, previous))
    }

    fn append_where_there_is_room(
        &mut self,
        frames: &[u8],
        lengths: &[usize],
        first_index: u64,
        previous: Option<LogId>,
    ) -> io::Result<()> {
        let active = self.active();
        let follows = active.next_index() == first_index;
        if active.is_empty() && !follows {
            // The new one first: should it not find room, the log is what it was.
            let unused = self.segments.len() - 1;
            self.start_segment(first_index, previous)?;
            let unused = self.segments.remove(unused);
            self.disk.remove_file(unused.path())?;
            self.disk.sync_dir(&self.directory)?;
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
        self.keep_reserve();
        if dead > 0 {
            self.disk.sync_dir(&self.directory)
        } else {
            Ok(())
        }
    }

    /// Tries once more in the room of the reserve what found none.
    fn roomy<T>(&mut self, act: impl Fn(&mut Self) -> io::Result<T>) -> io::Result<T> {
        match act(self) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull && self.has_reserve => {
                tracing::warn!(directory = %self.directory.display(), "the disk is full: the metadata log goes on in its reserve");
                self.has_reserve = false;
                self.disk.remove_file(&self.reserve())?;
                act(self)
            }
            done => done,
        }
    }

    /// Makes the reserve where there is room for it. Without it the log goes on all the same.
    fn keep_reserve(&mut self) {
        let path = self.reserve();
        let wanted = RESERVE_BYTES as u64 * RESERVE_SHARE;
        let has_room = self
            .disk
            .space(&self.directory)
            .is_ok_and(|space| space.free_bytes >= wanted);
        if self.has_reserve || !has_room {
            return;
        }
        let kept = self.disk.open(&path, OpenHow::Truncate).and_then(|file| {
            file.write_vectored_at(&[IoSlice::new(&vec![0; RESERVE_BYTES])], 0)?;
            file.sync_data()
        });
        match kept {
            Ok(()) => self.has_reserve = true,
            Err(error) => {
                tracing::warn!(%error, "no reserve is kept for the metadata log");
                // What is there of it only takes room.
                let _ = self.disk.remove_file(&path);
            }
        }
    }

    fn reserve(&self) -> PathBuf {
        self.directory.join(RESERVE)
    }

    /// Replaces the vote; durable when it returns.
    pub fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.roomy(|files| files.vote.save(vote))
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

/// Creates a directory and makes its name durable, and the names of the parents that were missing.
fn create_durably(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    let missing = |path: &&Path| {
        disk.metadata(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let named: Vec<&Path> = directory.ancestors().skip(1).take_while(missing).collect();
    disk.create_dir(directory)?;
    for path in std::iter::once(directory).chain(named) {
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            disk.sync_dir(parent)?;
        }
    }
    Ok(())
}
