//! The checkpoint files of one log directory: what a restart begins with.
//!
//! | file | says | Kafka's |
//! |---|---|---|
//! | `recovery-point-offset-checkpoint` | before it everything is durable | yes |
//! | `replication-offset-checkpoint` | high watermarks | yes |
//! | `log-start-offset-checkpoint` | log starts, where DeleteRecords moved them | yes |
//! | `ottla-log-end-checkpoint` | log ends, and the boot of the kernel that knew them | no: a hint |
//! | `.kafka_cleanshutdown` | the last stop was clean, in this broker epoch | yes |
//!
//! Guarantees: a file is replaced whole or not at all and rewritten only when it says something new. What was found at the
//! start stays until the partition is hosted (then its log says it anew) or deleted: entries of partitions that the metadata
//! does not know, or that could not be opened, are not lost. Entries without a directory are dropped before a partition of
//! that name can be created, since they would be a deleted topic's. A hint of another boot is ignored. Does not decide when
//! to write.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ottla_storage::checkpoint::clean_shutdown;
use ottla_storage::checkpoint::offsets::{self, PartitionOffsets};
use ottla_storage::disk::{Disk, read_file, replace_file};
use ottla_storage::log::{Checkpointed, Failure, Trust};
use ottla_storage::offset::Offset;
use parking_lot::Mutex;

const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
const LOG_STARTS: &str = "log-start-offset-checkpoint";
const LOG_ENDS: &str = "ottla-log-end-checkpoint";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// What the files said when the directory was opened.
#[derive(Debug, Default)]
pub struct Found {
    recovery_points: PartitionOffsets,
    high_watermarks: PartitionOffsets,
    log_starts: PartitionOffsets,
    log_ends: PartitionOffsets,
    is_same_boot: bool,
    /// The broker epoch of the last clean stop.
    pub clean_in_epoch: Option<i64>,
}

/// The files of one directory, and what was last written into each.
#[derive(Debug)]
pub struct Checkpoints {
    path: PathBuf,
    /// What was found at the start and still counts, unless the partition's own log says it anew.
    kept: Mutex<Found>,
    written: Mutex<BTreeMap<&'static str, String>>,
    /// Whether the files say something of partitions that are gone.
    is_stale: bool,
    /// The directory's count of changes when each way of writing was last due.
    seen: Mutex<BTreeMap<usize, u64>>,
}

/// One of the ways to write a checkpoint.
pub type Write = fn(&Checkpoints, &dyn Disk, &[(Key, Checkpointed)]) -> Result<(), Failure>;

/// One partition's place in the files.
pub type Key = (String, i32);

impl Found {
    /// Reads the files of a directory. A file that cannot be read as what it is counts as missing, with a warning.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn read(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        let text = |name: &str| -> io::Result<Option<String>> {
            let bytes = read_file(disk, &path.join(name))?;
            Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
        };
        let entries = |name: &str| -> io::Result<PartitionOffsets> {
            Ok(text(name)?
                .map(|content| parse(path, name, &content))
                .unwrap_or_default())
        };
        let ends = text(LOG_ENDS)?.unwrap_or_default();
        let (boot_id, ends) = ends.split_once('\n').unwrap_or_default();
        let is_same_boot = disk.boot_id().is_some_and(|now| now == boot_id);
        Ok(Self {
            recovery_points: entries(RECOVERY_POINTS)?,
            high_watermarks: entries(HIGH_WATERMARKS)?,
            log_starts: entries(LOG_STARTS)?,
            log_ends: if is_same_boot {
                parse(path, LOG_ENDS, ends)
            } else {
                PartitionOffsets::new()
            },
            is_same_boot,
            clean_in_epoch: text(CLEAN_SHUTDOWN)?
                .map(|content| clean_shutdown::parse(&content).unwrap_or(-1)),
        })
    }

    /// What the files say of one partition.
    pub fn of(&self, key: &Key) -> Checkpointed {
        let get = |offsets: &PartitionOffsets| offsets.get(key).copied().unwrap_or_default();
        Checkpointed {
            recovery_point: get(&self.recovery_points),
            high_watermark: get(&self.high_watermarks),
            start: get(&self.log_starts),
            end: get(&self.log_ends),
        }
    }

    fn entries_mut(&mut self) -> [&mut PartitionOffsets; 4] {
        [
            &mut self.recovery_points,
            &mut self.high_watermarks,
            &mut self.log_starts,
            &mut self.log_ends,
        ]
    }

    /// How far the files of the directory are to be believed.
    pub fn trust(&self) -> Trust {
        if self.clean_in_epoch.is_some() {
            Trust::CleanStop
        } else if self.is_same_boot {
            Trust::SameBoot
        } else {
            Trust::RecoveryPoint
        }
    }
}

impl Checkpoints {
    /// Keeps what was found of the partitions whose directories exist.
    pub fn new(path: PathBuf, mut found: Found, exists: impl Fn(&Key) -> bool) -> Self {
        let mut is_stale = false;
        for entries in found.entries_mut() {
            let before = entries.len();
            entries.retain(|key, _| exists(key));
            is_stale |= entries.len() < before;
        }
        Self {
            path,
            kept: Mutex::new(found),
            written: Mutex::default(),
            is_stale,
            seen: Mutex::default(),
        }
    }

    /// Drops what the files say of partitions that are gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn prune(&self, disk: &dyn Disk) -> Result<(), Failure> {
        if self.is_stale {
            self.write_all(disk, &[])
        } else {
            Ok(())
        }
    }

    /// Whether anything changed in the directory since this was last asked for this way of writing: with ten thousand idle
    /// partitions even looking would show.
    pub fn is_due(&self, write: Write, changes: u64) -> bool {
        self.seen.lock().insert(write as usize, changes) != Some(changes)
    }

    /// What was found of one partition.
    pub fn found(&self, key: &Key) -> Checkpointed {
        self.kept.lock().of(key)
    }

    /// A partition was deleted: a later one of its name must not inherit anything. Write the files after this, and before a
    /// partition of that name is created.
    pub fn forget(&self, key: &Key) {
        for entries in self.kept.lock().entries_mut() {
            entries.remove(key);
        }
    }

    /// Writes every file but the mark of a clean stop.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_all(&self, disk: &dyn Disk, logs: &[(Key, Checkpointed)]) -> Result<(), Failure> {
        self.write_log_starts(disk, logs)?;
        self.write_high_watermarks(disk, logs)?;
        self.write_recovery_points(disk, logs)
    }

    /// Writes high watermarks, and the hint of where logs end.
    ///
    /// # Errors
    /// When the disk refuses; the old files stay then.
    pub fn write_high_watermarks(
        &self,
        disk: &dyn Disk,
        logs: &[(Key, Checkpointed)],
    ) -> Result<(), Failure> {
        let ends = self.entries(logs, |kept| &kept.log_ends, |log| log.end);
        if let Some(boot_id) = disk.boot_id() {
            self.write(
                disk,
                LOG_ENDS,
                format!("{boot_id}\n{}", offsets::encode(&ends)),
            )?;
        }
        let high_watermarks =
            self.entries(logs, |kept| &kept.high_watermarks, |log| log.high_watermark);
        self.write(disk, HIGH_WATERMARKS, offsets::encode(&high_watermarks))
            .map(drop)
    }

    /// Writes recovery points.
    ///
    /// # Errors
    /// When the disk refuses; the old file stays then.
    pub fn write_recovery_points(
        &self,
        disk: &dyn Disk,
        logs: &[(Key, Checkpointed)],
    ) -> Result<(), Failure> {
        let points = self.entries(logs, |kept| &kept.recovery_points, |log| log.recovery_point);
        self.write_durably(disk, RECOVERY_POINTS, offsets::encode(&points))
    }

    /// Writes log starts.
    ///
    /// # Errors
    /// When the disk refuses; the old file stays then.
    pub fn write_log_starts(
        &self,
        disk: &dyn Disk,
        logs: &[(Key, Checkpointed)],
    ) -> Result<(), Failure> {
        // As Kafka, only where it is not what an empty log begins with.
        let moved: Vec<_> = logs
            .iter()
            .filter(|(_, log)| log.start > Offset::ZERO)
            .cloned()
            .collect();
        let starts = self.entries(&moved, |kept| &kept.log_starts, |log| log.start);
        self.write_durably(disk, LOG_STARTS, offsets::encode(&starts))
    }

    /// Notes that this stop is clean: the very last write.
    ///
    /// # Errors
    /// When the disk refuses: then the next start takes this one for a crash.
    pub fn write_clean_shutdown(&self, disk: &dyn Disk, broker_epoch: i64) -> Result<(), Failure> {
        self.write_durably(disk, CLEAN_SHUTDOWN, clean_shutdown::encode(broker_epoch))
    }

    /// From here on this is a running node: before the first write.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_clean_shutdown(&self, disk: &dyn Disk) -> Result<(), Failure> {
        let removed = match disk.remove_file(&self.path.join(CLEAN_SHUTDOWN)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => Err(error),
            Ok(()) => disk.sync_dir(&self.path),
        };
        removed.map_err(|error| Failure::new("removing the mark of a clean stop", &error))
    }

    fn entries(
        &self,
        logs: &[(Key, Checkpointed)],
        kept: impl Fn(&Found) -> &PartitionOffsets,
        of: impl Fn(&Checkpointed) -> Offset,
    ) -> PartitionOffsets {
        let mut entries = kept(&self.kept.lock()).clone();
        entries.extend(logs.iter().map(|(key, log)| (key.clone(), of(log))));
        entries
    }

    fn write_durably(
        &self,
        disk: &dyn Disk,
        name: &'static str,
        content: String,
    ) -> Result<(), Failure> {
        if self.write(disk, name, content)? {
            disk.sync_dir(&self.path).map_err(|error| {
                // Else the next attempt would find nothing new to write.
                self.written.lock().remove(name);
                Failure::new("syncing a log directory", &error)
            })?;
        }
        Ok(())
    }

    /// Returns whether there was anything new to write.
    fn write(&self, disk: &dyn Disk, name: &'static str, content: String) -> Result<bool, Failure> {
        if self.written.lock().get(name) == Some(&content) {
            return Ok(false);
        }
        replace_file(disk, &self.path.join(name), content.as_bytes())
            .map_err(|error| Failure::new("writing a checkpoint", &error))?;
        self.written.lock().insert(name, content);
        Ok(true)
    }
}

fn parse(path: &Path, name: &str, content: &str) -> PartitionOffsets {
    offsets::parse(content).unwrap_or_else(|malformed| {
        tracing::warn!(file = %path.join(name).display(), %malformed, "a checkpoint is ignored");
        PartitionOffsets::new()
    })
}
