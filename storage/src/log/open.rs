//! Opening a partition's directory: new, cleanly stopped, or left behind by a crash; written by us or by Apache Kafka.
//!
//! What a crash left decides how far the files are believed ([`Trust`]):
//! - after a clean stop, wholly: only what follows the last index entry is walked, by heads;
//! - after the process died under the same kernel, up to the checkpointed end, for the page cache lost nothing; from there on every batch is
//!   checked, since a write may have been cut short;
//! - otherwise only up to the recovery point. From there on, across closed segments, the first batch whose CRC or offset is wrong, or the first
//!   segment that does not continue its predecessor, ends the log.
//!
//! A fault *below* the believed point means that durable bytes were damaged: [`OpenError::Corrupt`], and nothing has been changed.

use super::config::LogConfig;
use super::error::{Failure, OpenError};
use super::flush::FlushState;
use super::offsets::LogOffsets;
use super::recover::{self, Recovered};
use super::shared::{EpochState, Shared};
use super::snapshots::{self, ProducerState};
use super::writer::LogWriter;
use crate::disk::{self, Disk};
use crate::epochs::Epochs;
use crate::offset::Offset;
use crate::segment::{
    ActiveSegment, Extent, FileCache, Place, Segment, SegmentSet, ignore_missing,
};
use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub(super) const EPOCHS: &str = "leader-epoch-checkpoint";

/// What the checkpoints of the log's directory say of this log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpointed {
    pub recovery_point: Offset,
    pub high_watermark: Offset,
    pub start: Offset,
    /// Where the log ended. Believed only under the kernel that wrote it.
    pub end: Offset,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    CleanStop,
    SameBoot,
    RecoveryPoint,
}

/// The order to open a log.
#[derive(Clone, Debug)]
pub struct OpenLog {
    /// `<log dir>/<topic>-<partition>`; created when missing.
    pub path: PathBuf,
    pub files: Arc<FileCache>,
    pub config: Arc<LogConfig>,
    pub checkpointed: Checkpointed,
    pub trust: Trust,
    pub now_ms: i64,
}

/// An open log.
#[derive(Debug)]
pub struct Opened {
    pub writer: LogWriter,
    pub recovery: Recovery,
}

/// What opening had to do, for one log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The directory did not exist.
    pub is_new: bool,
    /// Bytes whose CRC was checked.
    pub checked_bytes: u64,
    /// Bytes at the end that no complete batch holds, or that follow them.
    pub truncated_bytes: u64,
    pub truncated_segments: usize,
    pub rebuilt_indexes: usize,
}

/// The names in a partition's directory, sorted out.
#[derive(Debug, Default)]
pub(super) struct Listing {
    segments: BTreeMap<Offset, Names>,
    pub snapshots: Vec<Offset>,
    /// Names that a crash left and that mean nothing: `.deleted`, `.cleaned`, `.tmp`.
    leftovers: Vec<String>,
    has_swap: bool,
    has_epochs: bool,
}

/// Which files a segment has.
#[derive(Clone, Copy, Debug, Default)]
struct Names {
    has_log: bool,
    has_offset_index: bool,
    has_time_index: bool,
    has_transactions: bool,
}

impl OpenLog {
    pub fn open(mut self) -> Result<Opened, OpenError> {
        let place = Place::new(self.files.clone(), self.path.clone());
        let disk = place.disk();
        let listing = match disk.read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.create_dir(&self.path)
                    .map_err(Failure::of("creating a log's directory"))?;
                self.checkpointed = Checkpointed::default();
                return self.create(place);
            }
            entries => Listing::of(
                entries
                    .map_err(Failure::of("listing a log's directory"))?
                    .into_iter()
                    .map(|entry| entry.name),
            ),
        };
        if listing.has_swap {
            let reason = "Apache Kafka was stopped in the middle of a compaction (.swap files); start it once more to finish".to_owned();
            return Err(OpenError::Corrupt {
                path: self.path,
                offset: self.checkpointed.start,
                reason,
            });
        }
        self.disown_stale_checkpoints(&listing);
        listing
            .clean_up(disk, &self.path)
            .map_err(Failure::of("removing leftovers"))?;
        let mut segments = listing
            .open_segments(&place)
            .map_err(Failure::of("reading a segment's size"))?;
        if segments.is_empty() {
            if !listing.has_epochs {
                self.checkpointed = Checkpointed::default();
            }
            return self.create(place);
        }
        let epochs =
            read_epochs(disk, &self.path).map_err(Failure::of("reading the leader epochs"))?;
        if self.trust != Trust::CleanStop {
            self.finish_deletion(&mut segments, epochs.as_ref())
                .map_err(Failure::of("removing old segments"))?;
        }
        let recovered = recover::recover(&self, &place, segments, &listing, epochs)?;
        self.finish(place, recovered, &listing.snapshots)
    }

    /// A recovery point moves only after the epochs were written, so a log without an epoch file has none: what the checkpoints say was said of an
    /// earlier log of the same name, if the last process died before they were written anew.
    fn disown_stale_checkpoints(&mut self, listing: &Listing) {
        if !listing.has_epochs {
            self.checkpointed.recovery_point = Offset::ZERO;
            self.checkpointed.end = Offset::ZERO;
        }
    }

    /// Before segments are deleted the epoch file says where the log starts (as in Kafka, its first epoch begins there), and the snapshot at that place is
    /// durable. A crash may have kept some of the names and taken others: what lies wholly below goes now, lest there be a hole. Messages
    /// older than epochs (magic 0 and 1) say nothing.
    fn finish_deletion(
        &mut self,
        segments: &mut Vec<Arc<Segment>>,
        epochs: Option<&EpochState>,
    ) -> io::Result<()> {
        let Some(first_epoch) = epochs.and_then(|state| state.epochs.earliest()) else {
            return Ok(());
        };
        let start = first_epoch.start_offset;
        if start <= segments[0].base_offset() || !recover::begins_with_epochs(&segments[0])? {
            return Ok(());
        }
        self.checkpointed.start = self.checkpointed.start.max(start);
        let old = segments
            .iter()
            .skip(1)
            .take_while(|next| next.base_offset() <= start)
            .count();
        segments
            .drain(..old)
            .try_for_each(|segment| segment.remove_files())
    }

    /// A log without segments: it begins at the checkpointed start.
    fn create(self, place: Arc<Place>) -> Result<Opened, OpenError> {
        let start = self.checkpointed.start;
        if self.checkpointed.recovery_point > start {
            let reason = "every segment is missing".to_owned();
            return Err(OpenError::Corrupt {
                path: self.path,
                offset: start,
                reason,
            });
        }
        let limits = self.config.limits(0);
        let active = ActiveSegment::create(&place, start, &limits, self.now_ms)
            .map_err(Failure::of("creating a segment"))?;
        let shared = Shared {
            config: ArcSwap::new(self.config),
            segments: ArcSwap::from_pointee(SegmentSet::new(vec![active.segment().clone()])),
            producers: Mutex::new(ProducerState::Loaded(Default::default())),
            epochs: Mutex::default(),
            offsets: RwLock::new(LogOffsets::empty_at(start)),
            flush: Mutex::new(FlushState::new(start, true)),
            epoch_file: Mutex::new(()),
            failure: OnceLock::new(),
            place,
        };
        let recovery = Recovery {
            is_new: true,
            ..Recovery::default()
        };
        Ok(Opened {
            writer: LogWriter::new(Arc::new(shared), active),
            recovery,
        })
    }

    fn finish(
        self,
        place: Arc<Place>,
        recovered: Recovered,
        snapshots: &[Offset],
    ) -> Result<Opened, OpenError> {
        let Recovered {
            segments,
            active,
            producers,
            mut epochs,
            end,
            recovery,
        } = recovered;
        let first = segments[0].base_offset();
        let (checkpointed, now_ms) = (self.checkpointed.start, self.now_ms);
        let start = checkpointed.clamp(first, end.max(first));
        epochs.epochs.truncate_from_start(start);
        let high_watermark = self.checkpointed.high_watermark.clamp(start, end);
        // May lie below the start: what is deleted but not durable could be lost, and recovery would end the log there.
        let durable = match self.trust {
            Trust::CleanStop => end,
            Trust::SameBoot | Trust::RecoveryPoint => self.checkpointed.recovery_point.min(end),
        };
        // Whether names are durable is known only after a clean stop.
        let mut flush = FlushState::new(durable, self.trust != Trust::CleanStop);
        remove_beyond(&place, snapshots, end)
            .map_err(Failure::of("removing a producer snapshot"))?;
        let mut stale = Vec::new();
        for offset in snapshots.iter().copied().filter(|offset| *offset <= end) {
            stale.extend(flush.note_snapshot(offset, offset == durable));
        }
        let bases = segments.iter().map(|segment| segment.base_offset());
        flush.snapshots_unsynced(
            bases
                .chain(snapshots.iter().copied())
                .filter(|at| *at > durable && *at <= end),
        );
        if recovery.truncated_segments > 0 || recovery.rebuilt_indexes > 0 {
            flush.names_changed();
        }
        let unstable = producers.first_unstable_offset().unwrap_or(high_watermark);
        let stable = unstable.min(high_watermark).max(start);
        let shared = Shared {
            config: ArcSwap::new(self.config),
            segments: ArcSwap::from_pointee(SegmentSet::new(segments)),
            producers: Mutex::new(ProducerState::Loaded(producers)),
            epochs: Mutex::new(epochs),
            offsets: RwLock::new(LogOffsets {
                start,
                stable,
                high_watermark,
                end,
                flushed: durable,
            }),
            flush: Mutex::new(flush),
            epoch_file: Mutex::new(()),
            failure: OnceLock::new(),
            place,
        };
        shared.remove_snapshots(&stale);
        let mut writer = LogWriter::new(Arc::new(shared), active);
        if checkpointed > end {
            start_beyond(&mut writer, checkpointed, now_ms)?;
        }
        Ok(Opened { writer, recovery })
    }
}

impl Listing {
    fn of(names: impl Iterator<Item = String>) -> Listing {
        let mut listing = Listing::default();
        for name in names {
            if [".deleted", ".cleaned", ".tmp"]
                .iter()
                .any(|ending| name.ends_with(ending))
            {
                listing.leftovers.push(name);
                continue;
            }
            listing.has_swap |= name.ends_with(".swap");
            listing.has_epochs |= name == EPOCHS;
            listing.snapshots.extend(snapshot_offset(&name));
            let Some((stem, ending)) = name.split_once('.') else {
                continue;
            };
            let Some(base_offset) = parse_stem(stem) else {
                continue;
            };
            let mut note =
                |set: fn(&mut Names)| set(listing.segments.entry(base_offset).or_default());
            match ending {
                "log" => note(|names| names.has_log = true),
                "index" => note(|names| names.has_offset_index = true),
                "timeindex" => note(|names| names.has_time_index = true),
                "txnindex" => note(|names| names.has_transactions = true),
                _ => {}
            }
        }
        listing
    }

    fn clean_up(&self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        for name in &self.leftovers {
            ignore_missing(disk.remove_file(&path.join(name)))?;
        }
        for (base_offset, _) in self.segments.iter().filter(|(_, names)| !names.has_log) {
            for ending in [".index", ".timeindex", ".txnindex"] {
                ignore_missing(disk.remove_file(
                    &path.join(format!("{}{ending}", crate::segment::stem(*base_offset))),
                ))?;
            }
        }
        Ok(())
    }

    /// Every segment with its size; each but the last is taken to reach to the next.
    fn open_segments(&self, place: &Arc<Place>) -> io::Result<Vec<Arc<Segment>>> {
        let path = place.path()?;
        let logs: Vec<(Offset, Names)> = self
            .segments
            .iter()
            .filter(|(_, names)| names.has_log)
            .map(|(base_offset, names)| (*base_offset, *names))
            .collect();
        let mut segments = Vec::with_capacity(logs.len());
        for (index, (base_offset, names)) in logs.iter().enumerate() {
            let log = path.join(format!("{}.log", crate::segment::stem(*base_offset)));
            let size_bytes = place.disk().metadata(&log)?.size_bytes;
            let next_offset = logs
                .get(index + 1)
                .map_or(Offset(i64::MAX), |(next, _)| *next);
            segments.push(Segment::existing(
                place,
                *base_offset,
                Extent {
                    size_bytes,
                    next_offset,
                },
                names.has_transactions,
            ));
        }
        Ok(segments)
    }

    pub fn missing_indexes(&self) -> Vec<Offset> {
        let lacks =
            |names: &Names| names.has_log && !(names.has_offset_index && names.has_time_index);
        self.segments
            .iter()
            .filter(|(_, names)| lacks(names))
            .map(|(base_offset, _)| *base_offset)
            .collect()
    }
}

/// Power loss took a suffix that was deleted from already. What it held must not be numbered anew: the log is empty, and goes on where it was
/// said to start (`LogLoader.recoverLog`).
fn start_beyond(writer: &mut LogWriter, start: Offset, now_ms: i64) -> Result<(), OpenError> {
    let end = writer.reader().offsets().end;
    tracing::warn!(path = ?writer.reader().path(), %end, %start, "a log ends before its start: what is left of it was deleted, and goes");
    writer
        .truncate_fully_and_start_at(start, now_ms)
        .map_err(|error| {
            let error = io::Error::other(error.to_string());
            OpenError::Io(Failure::new("starting a log beyond its end", &error))
        })
}

/// Removes the snapshots of what the log has lost, for good: they must not be found when another log has come as far.
fn remove_beyond(place: &Place, snapshots: &[Offset], end: Offset) -> io::Result<()> {
    let beyond: Vec<Offset> = snapshots.iter().copied().filter(|at| *at > end).collect();
    if beyond.is_empty() {
        return Ok(());
    }
    beyond
        .into_iter()
        .try_for_each(|at| snapshots::remove(place, at))?;
    place.disk().sync_dir(&place.path()?)
}

/// The epochs in their file; `None` when there is no file or no sense in it.
fn read_epochs(disk: &dyn Disk, path: &Path) -> io::Result<Option<EpochState>> {
    let Some(bytes) = disk::read_file(disk, &path.join(EPOCHS))? else {
        return Ok(None);
    };
    let parsed = String::from_utf8(bytes)
        .ok()
        .and_then(|content| Epochs::parse(&content).ok());
    Ok(parsed.map(|epochs| EpochState {
        epochs,
        unwritten_from: None,
    }))
}

/// The offset in the name of a producer snapshot.
pub(super) fn snapshot_offset(name: &str) -> Option<Offset> {
    parse_stem(name.strip_suffix(snapshots::ENDING)?)
}

fn parse_stem(stem: &str) -> Option<Offset> {
    let is_number = stem.len() == 20 && stem.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| stem.parse().ok().map(Offset))?
}
