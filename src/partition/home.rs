//! One log directory with what the table needs of it: its open files, its checkpoints, and what lay in it at the start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ottla_controller::ids::TopicId;
use ottla_protocol::Uuid;
use ottla_storage::dir::{Contents, FoundFuture, FoundPartition};
use ottla_storage::log::{Checkpointed, Failure, Trust};
use parking_lot::Mutex;

use super::checkpoints::{Checkpoints, Found, Key};
use super::directory::Directory;
use super::replica::Partition;

/// See the module.
#[derive(Debug)]
pub(super) struct Home {
    pub directory: Arc<Directory>,
    /// How far the files were to be believed at the start, and the broker epoch of the last clean stop.
    pub trust: Trust,
    pub clean_in_epoch: Option<i64>,
    pub checkpoints: Checkpoints,
    /// One set of checkpoints is collected and written at a time: two at once would take each other's temporary file away, and
    /// might leave the older values.
    checkpointing: Mutex<()>,
    /// A partition here could not be opened or closed: this run must not end as a clean one.
    pub is_unclean: AtomicBool,
    /// Partition directories that no partition was opened from.
    pub unclaimed: Mutex<BTreeMap<Key, FoundPartition>>,
    /// Copies of partitions elsewhere that an earlier run began.
    futures: Mutex<Vec<FoundFuture>>,
    /// Names of deleted partitions' directories, to be removed in the background.
    pub leftovers: Mutex<Vec<String>>,
}

impl Home {
    /// Looks at a directory. One that cannot be read is taken offline, and is a home all the same: its partitions are known
    /// to live there.
    pub fn open(directory: Arc<Directory>) -> Self {
        let (found, contents) = read(&directory).unwrap_or_else(|failure| {
            directory.fail(&failure.to_string());
            Default::default()
        });
        let key = |partition: &FoundPartition| (partition.topic.clone(), partition.partition);
        let unclaimed = contents
            .partitions
            .into_iter()
            .map(|partition| (key(&partition), partition))
            .collect();
        for name in &contents.unknown {
            let path = directory.path().join(name);
            tracing::warn!(path = %path.display(), "this is no partition's directory: it is left as it is");
        }
        let unclaimed: BTreeMap<Key, FoundPartition> = unclaimed;
        let (trust, clean_in_epoch) = (found.trust(), found.clean_in_epoch);
        let path = directory.path().to_owned();
        let home = Self {
            trust,
            clean_in_epoch,
            checkpoints: Checkpoints::new(path, found, |key| unclaimed.contains_key(key)),
            checkpointing: Mutex::new(()),
            is_unclean: AtomicBool::new(false),
            unclaimed: Mutex::new(unclaimed),
            futures: Mutex::new(contents.futures),
            leftovers: Mutex::new(contents.deleted),
            directory,
        };
        home.begin();
        home
    }

    /// From here on the directory is in use. Stale entries go before anything can be created.
    fn begin(&self) {
        let disk = &**self.directory.disk();
        let begun = |files: &Checkpoints| {
            files.remove_clean_shutdown(disk)?;
            files.prune(disk)
        };
        self.checkpoint(&[], |files, _| begun(files));
    }

    /// Whether a directory of this name lies here, and whose it is.
    pub fn owner(&self, key: &Key) -> Option<Owner> {
        self.unclaimed
            .lock()
            .get(key)
            .map(|partition| match partition.topic_id {
                None => Owner::Unsaid,
                Some(id) => Owner::Topic(TopicId(Uuid(id.0))),
            })
    }

    /// Whether what lies here took the place of a copy elsewhere, as far as this home knows.
    pub fn is_moved_here(&self, key: &Key) -> bool {
        let unclaimed = self.unclaimed.lock();
        unclaimed
            .get(key)
            .is_some_and(|partition| partition.is_moved_here)
    }

    /// The copies of a partition that an earlier run began here.
    pub fn take_futures(&self, id: TopicId, partition: i32) -> Vec<String> {
        let is_its =
            |future: &FoundFuture| future.topic_id.0 == id.0.0 && future.partition == partition;
        let mut futures = self.futures.lock();
        let (taken, left) = std::mem::take(&mut *futures).into_iter().partition(is_its);
        *futures = left;
        let taken: Vec<FoundFuture> = taken;
        taken.into_iter().map(|future| future.name).collect()
    }

    pub fn claim(&self, key: &Key) {
        self.unclaimed.lock().remove(key);
    }

    /// Says what lies here that is not ours.
    pub fn report_unknown(&self) {
        let unclaimed = self.unclaimed.lock();
        for partition in unclaimed.values() {
            tracing::warn!(
                path = %partition.path.display(),
                topic_id = %partition.topic_id.unwrap_or_default(),
                "the metadata does not know this partition directory: it is left as it is"
            );
        }
        for future in &*self.futures.lock() {
            tracing::warn!(
                path = %self.directory.path().join(&future.name).display(), topic_id = %future.topic_id,
                "this is a copy of a partition that this node does not have: it is left as it is"
            );
        }
    }

    /// Writes some of the checkpoints. A directory that refuses is taken offline.
    pub fn checkpoint(
        &self,
        partitions: &[Arc<Partition>],
        write: impl FnOnce(&Checkpoints, &[(Key, Checkpointed)]) -> Result<(), Failure>,
    ) {
        let _one_at_a_time = self.checkpointing.lock();
        if self.directory.is_offline() {
            return;
        }
        let logs: Vec<_> = partitions
            .iter()
            .map(|partition| (partition, partition.store()))
            .filter(|(_, store)| Arc::ptr_eq(&store.directory, &self.directory))
            .map(|(partition, store)| {
                (
                    (partition.topic.name().to_string(), partition.index),
                    store.reader.checkpoint(),
                )
            })
            .collect();
        if let Err(failure) = write(&self.checkpoints, &logs) {
            self.directory.report(&failure);
        }
    }
}

/// Whose a partition directory says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Topic(TopicId),
    /// It has no `partition.metadata`: whoever has its name in the metadata may have its place, and what was flushed of it.
    Unsaid,
}

fn read(directory: &Directory) -> Result<(Found, Contents), Failure> {
    let Some(held) = directory.held() else {
        return Ok(Default::default());
    };
    let found = Found::read(&**directory.disk(), directory.path())
        .map_err(|error| Failure::new("reading the checkpoints", &error))?;
    Ok((found, held.contents()?))
}

/// The home that a partition lives in or goes to: pure.
///
/// A directory of its name and id wins; of several the one that took the others' place, then the assigned one. It does not win while
/// the assigned directory may be an offline one: what lies here would be older. One of its name with another id blocks that home. Otherwise the directory that the
/// metadata assigns, if it is one of ours; an assigned one that is not ours is a lost one, and the partition begins anew elsewhere only
/// where nobody counts on this replica (`may_begin_anew`), and while no directory is offline, which might be the one (as Kafka). Else the online home with the fewest partitions; a full one
/// only when there is no other, and a cordoned one (KIP-1066) only when all are.
pub(super) fn choose_home(
    owners: &[HomeView],
    id: TopicId,
    assigned: Uuid,
    is_assigned: bool,
    may_begin_anew: bool,
) -> Result<usize, NoHome> {
    let known = owners.iter().position(|home| home.id == assigned);
    let is_any_offline = owners.iter().any(|home| home.is_offline);
    let own = owners
        .iter()
        .enumerate()
        .filter(|(_, home)| home.owner == Some(Owner::Topic(id)))
        .max_by_key(|(index, home)| {
            let is_assigned = home.id == assigned;
            (home.is_moved_here, is_assigned, std::cmp::Reverse(*index))
        });
    if let Some((index, home)) = own {
        let is_assigned_offline = known.map_or(is_any_offline, |known| owners[known].is_offline);
        let may_be_older = is_assigned && is_assigned_offline && home.id != assigned;
        return match may_be_older && !home.is_moved_here {
            true => Err(NoHome::Lost),
            false => Ok(index),
        };
    }
    if is_assigned && (known.is_some() || is_any_offline || !may_begin_anew) {
        let index = known.ok_or(NoHome::Lost)?;
        return match owners[index] {
            HomeView {
                is_offline: true, ..
            } => Err(NoHome::Lost),
            HomeView {
                owner: Some(Owner::Topic(_)),
                ..
            } => Err(NoHome::Occupied(index)),
            _ => Ok(index),
        };
    }
    if let Some(index) = owners
        .iter()
        .position(|home| home.owner == Some(Owner::Unsaid))
    {
        return Ok(index);
    }
    let free = owners
        .iter()
        .enumerate()
        .filter(|(_, home)| !home.is_offline && home.owner.is_none());
    let rank = |home: &HomeView| (home.is_cordoned, home.is_full, home.partitions);
    if let Some((index, _)) = free.min_by_key(|(_, home)| rank(home)) {
        return Ok(index);
    }
    Err(owners
        .iter()
        .position(|home| home.owner.is_some())
        .map_or(NoHome::Lost, NoHome::Occupied))
}

/// What [`choose_home`] looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct HomeView {
    pub id: Uuid,
    pub is_offline: bool,
    pub is_full: bool,
    pub is_cordoned: bool,
    pub partitions: usize,
    pub owner: Option<Owner>,
    /// It took the place of a copy elsewhere, which may still be there.
    pub is_moved_here: bool,
}

/// Why a partition finds no home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHome {
    /// Its directory, or every directory, is offline.
    Lost,
    /// A directory of its name, but of another topic, lies there.
    Occupied(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: TopicId = TopicId(Uuid([7; 16]));
    const OTHER: Option<Owner> = Some(Owner::Topic(TopicId(Uuid([8; 16]))));

    fn home(number: u8, partitions: usize, owner: Option<Owner>, is_offline: bool) -> HomeView {
        HomeView {
            id: Uuid([number; 16]),
            is_offline,
            is_full: false,
            is_cordoned: false,
            partitions,
            owner,
            is_moved_here: false,
        }
    }

    #[test]
    fn a_partition_goes_where_it_is_or_where_it_belongs_or_where_there_are_fewest() {
        let mine = Some(Owner::Topic(MINE));
        // (name, homes, assigned, expected)
        let cases = [
            (
                "where it is",
                vec![home(1, 0, None, false), home(2, 9, mine, false)],
                None,
                Ok(1),
            ),
            (
                "where it is, whatever is assigned",
                vec![home(1, 0, mine, false), home(2, 0, None, false)],
                Some(2),
                Ok(0),
            ),
            (
                "where it is assigned, of two copies",
                vec![home(1, 0, mine, false), home(2, 0, mine, false)],
                Some(2),
                Ok(1),
            ),
            (
                "not an older copy, while the assigned directory is offline",
                vec![home(1, 0, mine, false), home(2, 0, None, true)],
                Some(2),
                Err(NoHome::Lost),
            ),
            (
                "nor while one is offline that nobody can name",
                vec![home(1, 0, mine, false), home(0, 0, None, true)],
                Some(2),
                Err(NoHome::Lost),
            ),
            (
                "where it was moved to, of two copies",
                vec![
                    HomeView {
                        is_moved_here: true,
                        ..home(1, 0, mine, false)
                    },
                    home(2, 0, mine, false),
                ],
                Some(2),
                Ok(0),
            ),
            (
                "where it is assigned",
                vec![home(1, 0, None, false), home(2, 9, None, false)],
                Some(2),
                Ok(1),
            ),
            (
                "fewest",
                vec![home(1, 3, None, false), home(2, 2, None, false)],
                None,
                Ok(1),
            ),
            (
                "not on an offline one",
                vec![home(1, 3, None, false), home(2, 0, None, true)],
                None,
                Ok(0),
            ),
            (
                "assigned to an offline one",
                vec![home(1, 3, None, false), home(2, 0, None, true)],
                Some(2),
                Err(NoHome::Lost),
            ),
            (
                "assigned to one that is gone",
                vec![home(1, 3, None, false)],
                Some(9),
                Err(NoHome::Lost),
            ),
            (
                "not over another topic's",
                vec![home(1, 0, OTHER, false), home(2, 9, None, false)],
                None,
                Ok(1),
            ),
            (
                "nowhere but over another topic's",
                vec![home(1, 0, OTHER, false)],
                None,
                Err(NoHome::Occupied(0)),
            ),
            (
                "a directory without an id",
                vec![
                    home(1, 0, None, false),
                    home(2, 9, Some(Owner::Unsaid), false),
                ],
                None,
                Ok(1),
            ),
            (
                "all offline",
                vec![home(1, 0, None, true)],
                None,
                Err(NoHome::Lost),
            ),
        ];
        for (name, homes, assigned, expected) in cases {
            let assigned_id = Uuid([assigned.unwrap_or(0); 16]);
            assert_eq!(
                choose_home(&homes, MINE, assigned_id, assigned.is_some(), false),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_full_directory_gets_a_new_partition_only_when_there_is_no_other() {
        let full = |number| HomeView {
            is_full: true,
            ..home(number, 0, None, false)
        };
        let with_room = home(2, 9, None, false);
        assert_eq!(
            choose_home(&[full(1), with_room], MINE, Uuid::default(), false, false),
            Ok(1)
        );
        assert_eq!(
            choose_home(&[full(1), full(2)], MINE, Uuid::default(), false, false),
            Ok(0)
        );
        let cordoned = HomeView {
            is_cordoned: true,
            ..home(3, 0, None, false)
        };
        let choose = |homes: &[HomeView]| choose_home(homes, MINE, Uuid::default(), false, false);
        assert_eq!(choose(&[cordoned, full(1)]), Ok(1));
        assert_eq!(choose(&[cordoned]), Ok(0));
    }

    #[test]
    fn a_replica_of_a_lost_directory_begins_anew_only_where_nobody_counts_on_it() {
        let lost = Uuid([9; 16]);
        let choose = |homes: &[HomeView], anew| choose_home(homes, MINE, lost, true, anew);
        let (online, offline) = (home(1, 0, None, false), home(2, 0, None, true));
        assert_eq!(choose(&[online], true), Ok(0));
        assert_eq!(choose(&[online], false), Err(NoHome::Lost));
        assert_eq!(
            choose(&[online, offline], true),
            Err(NoHome::Lost),
            "it may be there"
        );
    }
}
