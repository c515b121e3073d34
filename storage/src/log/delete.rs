//! Forgetting the beginning of a log: DeleteRecords, retention; and the whole of it: deleting a partition.
//!
//! Files are renamed at once and removed later (`file.delete.delay.ms`), so that readers which hold them finish; the removal is a value that the
//! caller runs when it is time.

use super::error::Failure;
use super::shared::LogReader;
use super::snapshots;
use super::writer::LogWriter;
use crate::batch::NO_TIMESTAMP;
use crate::offset::Offset;
use crate::retention::{Bounds, Candidate, Choice, Retention, choose};
use crate::segment::{FileCache, Patience, Place, Segment, ignore_missing, unless_full};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that nobody finds any more and that still take room.
#[derive(Debug)]
#[must_use = "the files stay until this is run"]
pub struct Removal {
    place: Arc<Place>,
    what: What,
}

#[derive(Debug)]
enum What {
    Segments(Vec<Arc<Segment>>),
    /// With the segments that readers may still have open.
    Directory(PathBuf, Vec<Arc<Segment>>),
}

impl Removal {
    /// Of a directory that no log has open.
    pub(crate) fn of_directory(files: Arc<FileCache>, path: PathBuf) -> Removal {
        Removal {
            place: Place::new(files, path.clone()),
            what: What::Directory(path, Vec::new()),
        }
    }

    /// How many segments go; the whole directory counts as none.
    pub fn segment_count(&self) -> usize {
        match &self.what {
            What::Segments(segments) => segments.len(),
            What::Directory(..) => 0,
        }
    }

    /// Removes the files. Readers that still hold them get `NotFound` from now on.
    pub fn run(self) -> Result<(), Failure> {
        let removed = match &self.what {
            What::Segments(segments) => segments
                .iter()
                .try_for_each(|segment| segment.remove_files()),
            What::Directory(path, segments) => {
                let removed = segments
                    .iter()
                    .try_for_each(|segment| segment.remove_files());
                self.place.doom();
                removed.and_then(|()| remove_directory(&self.place, path))
            }
        };
        removed.map_err(Failure::of("removing deleted files"))
    }
}

fn remove_directory(place: &Place, path: &Path) -> io::Result<()> {
    let disk = place.disk();
    let entries = match disk.read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        ignore_missing(disk.remove_file(&path.join(&entry.name)))?;
    }
    disk.remove_dir(path)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new("/")))
}

impl LogReader {
    /// What retention decides on; timestamps only where they matter, since they may have to be read.
    fn candidates(&self, retention: &Retention) -> io::Result<Vec<Candidate>> {
        let set = self.shared.segments.load();
        let needs_time = retention.is_delete && retention.time_ms.is_some();
        let candidate = |segment: &Arc<Segment>| -> io::Result<Candidate> {
            let largest_timestamp = if needs_time && !segment.is_empty() {
                self.largest_timestamp(segment)?
            } else {
                NO_TIMESTAMP
            };
            Ok(Candidate {
                base_offset: segment.base_offset(),
                size_bytes: segment.size_bytes(),
                largest_timestamp,
            })
        };
        set.iter().map(candidate).collect()
    }

    /// Records without a timestamp age with their file (`LogSegment.largestTimestamp`).
    fn largest_timestamp(&self, segment: &Segment) -> io::Result<i64> {
        let timestamp = segment.max_timestamp(Patience::Wait)?.timestamp;
        if timestamp >= 0 {
            return Ok(timestamp);
        }
        let path = self.shared.place.path()?.join(format!(
            "{}.log",
            crate::segment::stem(segment.base_offset())
        ));
        Ok(self.shared.place.disk().metadata(&path)?.modified_ms)
    }
}

impl LogWriter {
    /// Moves the log's start up to `offset` (DeleteRecords, or a follower hearing of its leader's), at most to the high watermark. Returns whether
    /// it moved; the files go with the next [`LogWriter::delete_old_segments`]. To survive a crash, the new start must be checkpointed.
    pub fn advance_start(&mut self, offset: Offset) -> bool {
        let shared = self.shared();
        let mut producers = shared.producers.lock();
        let offsets = shared.offsets();
        let start = offset.min(offsets.high_watermark);
        if start <= offsets.start {
            return false;
        }
        if let Some(producers) = producers.loaded() {
            producers.log_start_moved(start);
        }
        shared.epochs.lock().epochs.truncate_from_start(start);
        shared.change_offsets(|offsets| {
            offsets.start = start;
            offsets.stable = offsets.stable.max(start);
        });
        true
    }

    /// Deletes the segments that [`crate::retention`] chooses. When all of them go, a new one begins at the end. `None` when none goes.
    pub fn delete_old_segments(
        &mut self,
        retention: &Retention,
        now_ms: i64,
    ) -> Result<Option<Removal>, Failure> {
        let offsets = self.shared().offsets();
        let bounds = Bounds {
            log_start: offsets.start,
            high_watermark: offsets.high_watermark,
            log_end: offsets.end,
        };
        let candidates = self
            .reader
            .candidates(retention)
            .map_err(Failure::of("reading a segment"))?;
        let Choice {
            count,
            reasons,
            roll,
        } = choose(&candidates, &bounds, retention, now_ms);
        if count == 0 {
            return Ok(None);
        }
        if roll {
            let end = self.shared().offsets().end;
            self.roll_at(end, now_ms)
                .map_err(Failure::of("rolling a segment"))?;
        }
        let shared = self.shared().clone();
        let set = shared.segments.load_full();
        let rest = set.without_first(count);
        let start = rest.first().base_offset();
        self.advance_start(start);
        shared.epochs.lock().epochs.truncate_from_start(start);
        // What the old segments said of their producers is now in one snapshot only.
        snapshots::sync(&shared.place, start)
            .map_err(Failure::of("syncing a producer snapshot"))?;
        // Should some old names go and others stay, the epoch file tells where the log starts; should all go and the new ones not have come, the log
        // would be empty: both are durable before any name changes.
        unless_full("writing the leader epochs", shared.write_epochs())
            .map_err(Failure::of("writing the leader epochs"))?;
        shared.flush.lock().names_changed();
        shared
            .sync_names()
            .map_err(Failure::of("syncing a directory"))?;
        shared.segments.store(Arc::new(rest));
        tracing::info!(path = ?shared.place.path().ok(), count, ?reasons, %start, "old segments go");
        let gone: Vec<Arc<Segment>> = set.iter().take(count).cloned().collect();
        for segment in &gone {
            segment
                .mark_deleted()
                .map_err(Failure::of("deleting a segment"))?;
            snapshots::remove(&shared.place, segment.base_offset())
                .map_err(Failure::of("deleting a producer snapshot"))?;
        }
        shared.flush.lock().names_changed();
        Ok(Some(Removal {
            place: shared.place.clone(),
            what: What::Segments(gone),
        }))
    }

    /// Takes the partition out of sight: its directory becomes `<topic>-<partition>.<unique>-delete`. From here on the log takes no writes; readers
    /// that found regions finish on them until the removal runs. `unique` is 32 hexadecimal digits in Kafka.
    pub fn delete(self, unique: &str) -> Result<Removal, Failure> {
        let shared = self.shared().clone();
        let gone = Failure::new(
            "writing",
            &io::Error::new(io::ErrorKind::NotFound, "the log was deleted"),
        );
        let _ = shared.failure.set(gone);
        let doing = "deleting a log";
        let path = shared.place.path().map_err(Failure::of(doing))?;
        let to = path.with_file_name(deleted_name(&path, unique));
        shared
            .place
            .rename(to.clone())
            .map_err(Failure::of(doing))?;
        let disk = shared.place.disk();
        disk.sync_dir(to.parent().unwrap_or(Path::new("/")))
            .map_err(Failure::of(doing))?;
        let segments = shared.segments.load().iter().cloned().collect();
        Ok(Removal {
            place: shared.place.clone(),
            what: What::Directory(to, segments),
        })
    }
}

/// `LocalLog.logDeleteDirName`: a name of at most 255 characters, at the cost of the topic's.
pub(crate) fn deleted_name(path: &Path, unique: &str) -> String {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let suffix = format!(".{unique}-delete");
    let (topic, partition) = name.rsplit_once('-').unwrap_or((name, ""));
    let room = 255usize.saturating_sub(suffix.len() + partition.len() + 1);
    let kept: String = topic.chars().take(room).collect();
    format!("{kept}-{partition}{suffix}")
}
