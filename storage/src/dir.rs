//! A log directory: whose it is, and which partitions it holds.
//!
//! Guarantees:
//! - one process at a time ([`LogDirectory::open`] holds `.lock`);
//! - a directory that an Apache Kafka node has used is refused before anything in it is touched. Ours are told apart by the line `ottla=1` in
//!   `meta.properties`, which Kafka ignores;
//! - what it cannot explain it reports, and never touches.
//!
//! It opens no log and knows no topic's configuration. Checkpoint files are the caller's.

use crate::checkpoint::meta_properties::MetaProperties;
use crate::checkpoint::{Uuid, meta_properties, partition_metadata};
use crate::disk::{self, Disk, Entry, Lock};
use crate::log::{Failure, Removal};
use crate::segment::{FileCache, ignore_missing};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const META_PROPERTIES: &str = "meta.properties";
const LOCK: &str = ".lock";
const PARTITION_METADATA: &str = "partition.metadata";
/// Kafka's metadata log: a KRaft node lived here.
const KAFKA_METADATA_LOG: &str = "__cluster_metadata-0";
/// Of a directory's name, as file systems have it.
const NAME_MAX: usize = 255;
const OUR_MARK: &str = "ottla=1";
/// Directories beside partitions that this broker keeps for itself (the metadata log).
const OUR_PREFIX: &str = "__ottla_";
/// Ends the name of a replica that is being copied here from another directory (KIP-113).
const FUTURE: &str = "-future";
/// In a partition's directory: this copy is whole and took the place of the one that it was made of. Lies there until the cluster knows.
const MOVED_HERE: &str = "ottla-moved-here";

/// See the module.
#[derive(Debug)]
pub struct LogDirectory {
    path: PathBuf,
    files: Arc<FileCache>,
    identity: Option<MetaProperties>,
    _lock: Lock,
}

/// Why a directory is not used.
#[derive(Clone, Debug)]
pub enum DirectoryError {
    Io(Failure),
    /// Another process uses it.
    InUse {
        path: PathBuf,
    },
    /// An Apache Kafka node's. `found` names the file or directory that tells.
    Foreign {
        path: PathBuf,
        found: &'static str,
    },
    /// `meta.properties` is ours and makes no sense.
    Malformed {
        path: PathBuf,
        reason: String,
    },
}

/// What a log directory holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub partitions: Vec<FoundPartition>,
    /// Copies of replicas in other directories, in the making when the process ended.
    pub futures: Vec<FoundFuture>,
    /// Partitions that were deleted and still take room: [`LogDirectory::removal_of`].
    pub deleted: Vec<String>,
    /// Directories that are no partition's, for a warning.
    pub unknown: Vec<String>,
}

/// A partition's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPartition {
    pub topic: String,
    pub partition: i32,
    /// As its `partition.metadata` says; `None` without a readable one.
    pub topic_id: Option<Uuid>,
    pub path: PathBuf,
    /// It took the place of a copy in another directory; one that is still there is older.
    pub is_moved_here: bool,
}

/// The directory of a copy that is not whole yet. Its name may hold less than the topic's: the id tells whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFuture {
    pub topic_id: Uuid,
    pub partition: i32,
    pub name: String,
}

impl LogDirectory {
    /// Takes a directory into use; it is created when missing.
    pub fn open(path: PathBuf, files: Arc<FileCache>) -> Result<LogDirectory, DirectoryError> {
        let disk = files.disk().clone();
        if let Some(found) =
            find_foreign(&*disk, &path).map_err(Failure::of("looking at a log directory"))?
        {
            return Err(DirectoryError::Foreign { path, found });
        }
        create_durably(&*disk, &path).map_err(Failure::of("creating a log directory"))?;
        let locked = disk
            .lock(&path.join(LOCK))
            .map_err(Failure::of("locking a log directory"))?;
        let Some(lock) = locked else {
            return Err(DirectoryError::InUse { path });
        };
        let identity = match read_text(&*disk, &path.join(META_PROPERTIES))
            .map_err(Failure::of("reading meta.properties"))?
        {
            None => None,
            Some(content) => Some(MetaProperties::parse(&content).map_err(|malformed| {
                DirectoryError::Malformed {
                    path: path.clone(),
                    reason: malformed.to_string(),
                }
            })?),
        };
        Ok(LogDirectory {
            path,
            files,
            identity,
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn files(&self) -> &Arc<FileCache> {
        &self.files
    }

    /// Whose directory it is; `None` for a new one.
    pub fn identity(&self) -> Option<&MetaProperties> {
        self.identity.as_ref()
    }

    /// Says once and for all whose directory this is (`meta.properties`).
    pub fn identify(
        &mut self,
        cluster_id: &str,
        node_id: i32,
        directory_id: Uuid,
    ) -> Result<(), Failure> {
        self.describe(MetaProperties::encode(cluster_id, node_id, directory_id))
    }

    /// Says which node's directory this is before its cluster is known; [`LogDirectory::identify`] follows.
    pub fn reserve(&mut self, node_id: i32, directory_id: Uuid) -> Result<(), Failure> {
        self.describe(MetaProperties::encode_without_cluster(
            node_id,
            directory_id,
        ))
    }

    fn describe(&mut self, properties: String) -> Result<(), Failure> {
        let content = format!("{}{OUR_MARK}\n", ensure_newline(properties));
        let disk = self.files.disk();
        disk::replace_file(
            &**disk,
            &self.path.join(META_PROPERTIES),
            content.as_bytes(),
        )
        .and_then(|()| disk.sync_dir(&self.path))
        .map_err(Failure::of("writing meta.properties"))?;
        self.identity = meta_properties::MetaProperties::parse(&content).ok();
        Ok(())
    }

    /// Every directory in here, in order of name.
    pub fn contents(&self) -> Result<Contents, Failure> {
        let entries = self
            .files
            .disk()
            .read_dir(&self.path)
            .map_err(Failure::of("listing a log directory"))?;
        let mut contents = Contents::default();
        for Entry { name, .. } in entries.into_iter().filter(|entry| entry.is_dir) {
            if is_deleted(&name) {
                contents.deleted.push(name);
                continue;
            }
            if let Some(future) = self.future(&name)? {
                contents.futures.push(future);
                continue;
            }
            let Some((topic, partition)) = parse_partition(&name) else {
                if !name.starts_with(OUR_PREFIX) {
                    contents.unknown.push(name);
                }
                continue;
            };
            let path = self.path.join(&name);
            let topic_id = self
                .topic_id(&path)
                .map_err(Failure::of("reading partition.metadata"))?;
            let is_moved_here = self.files.disk().metadata(&path.join(MOVED_HERE)).is_ok();
            contents.partitions.push(FoundPartition {
                topic: topic.to_owned(),
                partition,
                topic_id,
                path,
                is_moved_here,
            });
        }
        Ok(contents)
    }

    /// `None` for a directory that is no future replica's, or does not say whose.
    fn future(&self, name: &str) -> Result<Option<FoundFuture>, Failure> {
        let Some(partition) = parse_future(name) else {
            return Ok(None);
        };
        let topic_id = self
            .topic_id(&self.path.join(name))
            .map_err(Failure::of("reading partition.metadata"))?;
        Ok(topic_id.map(|topic_id| FoundFuture {
            topic_id,
            partition,
            name: name.to_owned(),
        }))
    }

    fn topic_id(&self, path: &Path) -> io::Result<Option<Uuid>> {
        let content = read_text(&**self.files.disk(), &path.join(PARTITION_METADATA))?;
        Ok(content.and_then(|content| partition_metadata::parse(&content).ok()))
    }

    /// Where a partition's log lives.
    pub fn partition_path(&self, topic: &str, partition: i32) -> PathBuf {
        self.path.join(format!("{topic}-{partition}"))
    }

    /// Notes which topic a partition's directory belongs to; creates the directory. Durable with the log's first flush.
    pub fn write_partition_metadata(
        &self,
        topic: &str,
        partition: i32,
        topic_id: Uuid,
    ) -> Result<(), Failure> {
        write_partition_metadata(
            &**self.files.disk(),
            &self.partition_path(topic, partition),
            topic_id,
        )
        .map_err(Failure::of("writing partition.metadata"))
    }

    /// Makes the directory of a copy of a replica that lies in another directory, and answers where
    /// (`UnifiedLog.logFutureDirName`). `unique` is 32 hexadecimal digits.
    pub fn create_future(
        &self,
        topic: &str,
        partition: i32,
        unique: &str,
        topic_id: Uuid,
    ) -> Result<PathBuf, Failure> {
        let suffix = format!("-{partition}.{unique}{FUTURE}");
        let kept: String = topic
            .chars()
            .take(NAME_MAX.saturating_sub(suffix.len()))
            .collect();
        let path = self.path.join(format!("{kept}{suffix}"));
        write_partition_metadata(&**self.files.disk(), &path, topic_id)
            .map_err(Failure::of("writing partition.metadata"))?;
        Ok(path)
    }

    /// A copy that took another's place lies where the cluster thinks it does.
    pub fn forget_move(&self, topic: &str, partition: i32) -> Result<(), Failure> {
        let mark = self.partition_path(topic, partition).join(MOVED_HERE);
        ignore_missing(self.files.disk().remove_file(&mark))
            .map_err(Failure::of("removing the mark of a moved replica"))
    }

    /// Takes an older copy of a partition, which no log has open, out of sight. `unique` is 32 hexadecimal digits.
    pub fn discard(&self, topic: &str, partition: i32, unique: &str) -> Result<Removal, Failure> {
        let path = self.partition_path(topic, partition);
        let to = path.with_file_name(crate::log::deleted_name(&path, unique));
        let disk = self.files.disk();
        disk.rename(&path, &to)
            .and_then(|()| disk.sync_dir(&self.path))
            .map_err(Failure::of("discarding an older copy"))?;
        Ok(Removal::of_directory(self.files.clone(), to))
    }

    /// The removal of a directory that [`Contents::deleted`] named: it was interrupted, or its time had not come.
    pub fn removal_of(&self, deleted: &str) -> Removal {
        Removal::of_directory(self.files.clone(), self.path.join(deleted))
    }
}

/// Marks a whole copy, before its directory gets the partition's name. Durable once `path` is synced.
pub(crate) fn mark_moved(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.open(&path.join(MOVED_HERE), disk::OpenHow::Truncate)
        .map(drop)
}

/// Creates the directory and its parents so that power loss cannot take them with everything in them. What was there already is the
/// work of others.
fn create_durably(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let is_missing = |path: &&Path| {
        let is_there = disk.metadata(path).is_ok_and(|metadata| metadata.is_dir);
        !path.as_os_str().is_empty() && !is_there
    };
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    disk.create_dir(path)?;
    let parents = missing.into_iter().filter_map(Path::parent);
    parents
        .filter(|parent| !parent.as_os_str().is_empty())
        .try_for_each(|parent| disk.sync_dir(parent))
}

/// Not synced by itself: a flush of the log syncs it with the directory's first names.
fn write_partition_metadata(disk: &dyn Disk, path: &Path, topic_id: Uuid) -> io::Result<()> {
    disk.create_dir(path)?;
    let file = disk.open(&path.join(PARTITION_METADATA), disk::OpenHow::Truncate)?;
    file.write_vectored_at(
        &[io::IoSlice::new(
            partition_metadata::encode(topic_id).as_bytes(),
        )],
        0,
    )
}

/// What says that a Kafka node has used the directory.
fn find_foreign(disk: &dyn Disk, path: &Path) -> io::Result<Option<&'static str>> {
    let entries = match disk.read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    if entries.iter().any(|entry| entry.name == KAFKA_METADATA_LOG) {
        return Ok(Some(KAFKA_METADATA_LOG));
    }
    let content = read_text(disk, &path.join(META_PROPERTIES))?;
    let is_ours = content.is_none_or(|content| content.lines().any(|line| line.trim() == OUR_MARK));
    Ok((!is_ours).then_some(META_PROPERTIES))
}

fn read_text(disk: &dyn Disk, path: &Path) -> io::Result<Option<String>> {
    Ok(disk::read_file(disk, path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn ensure_newline(mut content: String) -> String {
    if !content.ends_with('\n') {
        content.push('\n');
    }
    content
}

/// `<topic>-<partition>`, as `LogManager.parseTopicPartitionName`.
fn parse_partition(name: &str) -> Option<(&str, i32)> {
    let (topic, partition) = name.rsplit_once('-')?;
    let is_topic = !topic.is_empty()
        && topic.len() <= 249
        && topic != "."
        && topic != ".."
        && topic
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    let is_number = !partition.is_empty() && partition.bytes().all(|byte| byte.is_ascii_digit());
    (is_topic && is_number).then(|| Some((topic, partition.parse().ok()?)))?
}

/// The partition's number in `<topic>-<partition>.<32 hexadecimal digits>-future`.
fn parse_future(name: &str) -> Option<i32> {
    let (partition, unique) = name.strip_suffix(FUTURE)?.rsplit_once('.')?;
    let (_, number) = partition.rsplit_once('-')?;
    let is_unique = unique.len() == 32 && unique.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_unique && is_number).then(|| number.parse().ok())?
}

/// `<topic>-<partition>.<32 hexadecimal digits>-delete`.
fn is_deleted(name: &str) -> bool {
    let Some((partition, unique)) = name
        .strip_suffix("-delete")
        .and_then(|rest| rest.rsplit_once('.'))
    else {
        return false;
    };
    unique.len() == 32
        && unique.bytes().all(|byte| byte.is_ascii_hexdigit())
        && partition.contains('-')
}

impl From<Failure> for DirectoryError {
    fn from(failure: Failure) -> Self {
        DirectoryError::Io(failure)
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DirectoryError::Io(failure) => failure.fmt(f),
            DirectoryError::InUse { path } => write!(
                f,
                "log directory {} is in use by another process",
                path.display()
            ),
            DirectoryError::Foreign { path, found } => write!(
                f,
                "log directory {} belongs to an Apache Kafka node ({found} was found): nothing in it was touched; name another directory \
                 in log.dirs and copy the data over with a client or MirrorMaker",
                path.display()
            ),
            DirectoryError::Malformed { path, reason } => {
                write!(f, "{}: {reason}", path.join(META_PROPERTIES).display())
            }
        }
    }
}

impl std::error::Error for DirectoryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(parse_partition("a-b.c-12"), Some(("a-b.c", 12)));
        for other in [
            "a",
            "-1",
            "a-",
            "a-x",
            "a-99999999999",
            "a b-0",
            "orders-0.tmp",
        ] {
            assert_eq!(parse_partition(other), None, "{other}");
        }
        assert!(is_deleted(
            "orders-0.0123456789abcdef0123456789abcdef-delete"
        ));
        assert!(!is_deleted("orders-0.mine-delete"));
        assert!(!is_deleted("my-delete"));
        let future = "orders-7.0123456789abcdef0123456789abcdef-future";
        assert_eq!(parse_future(future), Some(7));
        assert_eq!(parse_future("orders-7.mine-future"), None);
        assert_eq!(parse_partition(future), None);
    }
}
