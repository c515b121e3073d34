//! The log directories and what is in them: DescribeLogDirs (KIP-113, KIP-827).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ottla_protocol::Uuid;

use super::directory::Directory;
use super::moving::Copying;
use super::replica::Partition;
use super::table::Table;

/// One log directory as DescribeLogDirs tells of it.
#[derive(Debug)]
pub struct DescribedDirectory {
    pub path: PathBuf,
    /// KAFKA_STORAGE_ERROR instead of everything else.
    pub is_offline: bool,
    /// Takes no new partitions (KIP-1066).
    pub is_cordoned: bool,
    /// −1 when the disk does not say.
    pub total_bytes: i64,
    pub usable_bytes: i64,
    pub partitions: Vec<Arc<Partition>>,
    /// Copies of partitions that are on their way here.
    pub copies: Vec<Copying>,
}

impl Table {
    /// Keeps new partitions out of the directories with these paths, `*` for all, and lets them into the others. Says which paths are no
    /// directory of this broker.
    pub fn cordon<'a>(&self, paths: &'a [String]) -> Vec<&'a str> {
        let all = paths.iter().any(|path| path == "*");
        for directory in self.directories() {
            let named = paths.iter().any(|path| Path::new(path) == directory.path());
            directory.set_cordoned(all || named);
        }
        let is_unknown = |path: &&String| {
            let mut known = self.directories();
            *path != "*" && !known.any(|directory| directory.path() == Path::new(*path))
        };
        paths
            .iter()
            .filter(is_unknown)
            .map(|path| &**path)
            .collect()
    }

    /// The ids of the directories that take no new partitions.
    pub fn cordoned(&self) -> Vec<Uuid> {
        let cordoned = self
            .directories()
            .filter(|directory| directory.is_cordoned());
        cordoned.map(|directory| directory.id()).collect()
    }

    /// Every log directory, in the order of `log.dirs`, with the partitions in it.
    pub fn describe_directories(&self) -> Vec<DescribedDirectory> {
        let hosted = self.hosted();
        self.directories()
            .enumerate()
            .map(|(index, directory)| {
                describe(directory, hosted.partitions(), self.copies_in(index))
            })
            .collect()
    }
}

fn describe<'a>(
    directory: &Arc<Directory>,
    all: impl Iterator<Item = &'a Arc<Partition>>,
    copies: Vec<Copying>,
) -> DescribedDirectory {
    let is_offline = directory.is_offline();
    let space = if is_offline {
        None
    } else {
        directory.look_at_space()
    };
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let here =
        |partition: &&Arc<Partition>| !is_offline && Arc::ptr_eq(&partition.directory(), directory);
    DescribedDirectory {
        path: directory.path().to_owned(),
        is_offline,
        is_cordoned: directory.is_cordoned(),
        total_bytes: space.map_or(-1, |space| bytes(space.total_bytes)),
        usable_bytes: space.map_or(-1, |space| bytes(space.free_bytes)),
        partitions: all.filter(here).cloned().collect(),
        copies: if is_offline { Vec::new() } else { copies },
    }
}
