//! Taking the log directories into use: whose they are, and whether they belong together.
//!
//! Guarantees: a directory that another node, another cluster or Apache Kafka has used is refused before anything in it is
//! touched; one that cannot be opened is offline, and the node serves the rest as long as the metadata's directory works.

use super::StartError;
use super::world::World;
use crate::config::BrokerConfig;
use crate::net::world::Net;
use crate::partition::Directory;
use ottla_protocol::Uuid;
use ottla_storage::checkpoint;
use ottla_storage::dir::{DirectoryError, LogDirectory};
use ottla_storage::segment::FileCache;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the metadata log lies, in `metadata.log.dir`.
pub const METADATA_DIRECTORY: &str = "__ottla_metadata";
/// Segment files open at the same time over all directories; the soft limit on descriptors is usually 1024 or more.
const OPEN_FILES_MAX: usize = 512;

/// The directories of a node, locked and named, before it is known which cluster they will belong to.
pub struct Claimed {
    /// The cluster that they belong to, or are to belong to; `None` when that is still to be learned.
    pub cluster_id: Option<String>,
    /// Of the directory with the metadata log: half of this node's raft id.
    pub metadata_id: Uuid,
    opened: Vec<(PathBuf, Opened)>,
}

/// The directories of a node, in use.
pub struct Directories {
    /// Held when `metadata.log.dir` is none of `log.dirs`.
    pub metadata_lock: Option<LogDirectory>,
    pub log_dirs: Vec<Arc<Directory>>,
}

type Opened = Result<LogDirectory, DirectoryError>;

/// Opens and checks every directory, and gives the new ones their ids, for good.
///
/// # Errors
/// [`StartError::Directory`] with the sentence that says what was found and what to do.
pub fn claim<N: Net>(config: &BrokerConfig, world: &World<N>) -> Result<Claimed, StartError> {
    let files = FileCache::new(world.disk.clone(), OPEN_FILES_MAX);
    let mut opened: Vec<(PathBuf, Opened)> = Vec::new();
    for path in paths(config) {
        let directory = LogDirectory::open(path.clone(), files.clone());
        if let Err(error) = &directory
            && (path == config.metadata_log_dir || !matches!(error, DirectoryError::Io(_)))
        {
            return Err(StartError::Directory(error.to_string()));
        }
        opened.push((path, directory));
    }
    let mut cluster_id = agreed_cluster_id(config, &opened)?;
    if config.quorum.is_alone() {
        if let Some(missing) = lost_metadata(config, world, &opened) {
            return Err(StartError::Directory(missing));
        }
        let new = || world.rng.uuid().to_string();
        cluster_id = cluster_id.or_else(|| Some(config.cluster_id.clone().unwrap_or_else(new)));
    }
    let mut metadata_id = Uuid::ZERO;
    for (path, directory) in &mut opened {
        let named = match directory {
            Ok(directory) => name(directory, cluster_id.as_deref(), config.node_id, world),
            Err(_) => continue,
        };
        match named {
            Ok(id) if *path == config.metadata_log_dir => metadata_id = id,
            Ok(_) => {}
            Err(error) if *path == config.metadata_log_dir => {
                return Err(StartError::Directory(error.to_string()));
            }
            Err(error) => *directory = Err(error),
        }
    }
    Ok(Claimed {
        cluster_id: cluster_id.or_else(|| config.cluster_id.clone()),
        metadata_id,
        opened,
    })
}

/// `log.dirs`, and `metadata.log.dir` where it is another.
fn paths(config: &BrokerConfig) -> Vec<PathBuf> {
    let mut paths = config.log_dirs.clone();
    if !paths.contains(&config.metadata_log_dir) {
        paths.push(config.metadata_log_dir.clone());
    }
    paths
}

/// The cluster that the directories belong to; `None` when all are new.
fn agreed_cluster_id(
    config: &BrokerConfig,
    opened: &[(PathBuf, Opened)],
) -> Result<Option<String>, StartError> {
    let refuse = |path: &Path, what: String| {
        Err(StartError::Directory(format!("{} {what}", path.display())))
    };
    let mut agreed: Option<(&Path, String)> = config
        .cluster_id
        .clone()
        .map(|id| (Path::new("CLUSTER_ID"), id));
    let mut is_used = false;
    for (path, directory) in opened {
        let Some(identity) = directory.as_ref().ok().and_then(LogDirectory::identity) else {
            continue;
        };
        is_used = true;
        if let Some(node_id) = identity
            .node_id
            .filter(|node_id| *node_id != config.node_id)
        {
            let ours = config.node_id;
            return refuse(
                path,
                format!(
                    "belongs to node {node_id}, and node.id is {ours}: set node.id={node_id}, or use another directory"
                ),
            );
        }
        let Some(cluster_id) = identity.cluster_id.clone() else {
            continue;
        };
        match &agreed {
            Some((other, known)) if *known != cluster_id => {
                let other = other.display();
                return refuse(
                    path,
                    format!(
                        "belongs to cluster {cluster_id}, but {other} says {known}: a node serves one cluster"
                    ),
                );
            }
            _ => agreed = Some((path, cluster_id)),
        }
    }
    Ok(agreed.filter(|_| is_used).map(|(_, cluster_id)| cluster_id))
}

/// Topics without the metadata that knows them must not be hidden behind a new, empty cluster.
fn lost_metadata<N: Net>(
    config: &BrokerConfig,
    world: &World<N>,
    opened: &[(PathBuf, Opened)],
) -> Option<String> {
    let metadata = config.metadata_log_dir.join(METADATA_DIRECTORY);
    if world.disk.metadata(&metadata).is_ok() {
        return None;
    }
    opened.iter().find_map(|(path, directory)| {
        let directory = directory.as_ref().ok().filter(|directory| directory.identity().is_some())?;
        let holds_partitions = directory.contents().is_ok_and(|contents| !contents.partitions.is_empty());
        holds_partitions.then(|| {
            format!(
                "{} holds partitions, but {} is missing: bring the metadata directory back, or move the partitions away to start an empty node",
                path.display(),
                metadata.display()
            )
        })
    })
}

impl Claimed {
    /// Takes the directories into use for the cluster that this node turned out to belong to.
    ///
    /// # Errors
    /// [`StartError::Directory`] when they belong to another, or the metadata's cannot be written.
    pub fn adopt<N: Net>(
        self,
        config: &BrokerConfig,
        world: &World<N>,
        cluster_id: &str,
    ) -> Result<Directories, StartError> {
        if let Some(own) = self.cluster_id.filter(|own| own != cluster_id) {
            return Err(StartError::Cluster(format!(
                "this node belongs to cluster {own}, and the cluster that it found is {cluster_id}: use empty log.dirs, or correct controller.quorum.voters, controller.quorum.bootstrap.servers or CLUSTER_ID"
            )));
        }
        let mut adopted = Directories {
            metadata_lock: None,
            log_dirs: Vec::new(),
        };
        for (index, (path, directory)) in self.opened.into_iter().enumerate() {
            let is_metadata = path == config.metadata_log_dir;
            let is_log_dir = config.log_dirs.contains(&path);
            let named = directory.and_then(|mut directory| {
                let id = name(&mut directory, Some(cluster_id), config.node_id, world)?;
                Ok((directory, id))
            });
            let threads = || world.directory_threads(index).map_err(StartError::threads);
            match named {
                Ok((directory, id)) if is_log_dir => {
                    let clock = world.clock.clone();
                    let directory = Directory::new(directory, id, clock, threads()?);
                    adopted.log_dirs.push(directory);
                }
                Ok((directory, _)) => adopted.metadata_lock = Some(directory),
                Err(error) if is_metadata => return Err(StartError::Directory(error.to_string())),
                Err(error) => {
                    let (disk, clock) = (world.disk.clone(), world.clock.clone());
                    let why = error.to_string();
                    let failed = Directory::failed(path, disk, clock, threads()?, &why);
                    adopted.log_dirs.push(failed);
                }
            }
        }
        Ok(adopted)
    }
}

/// The directory's id; a new directory gets one, for good, and the cluster's as soon as it is known.
fn name<N: Net>(
    directory: &mut LogDirectory,
    cluster_id: Option<&str>,
    node_id: i32,
    world: &World<N>,
) -> Result<Uuid, DirectoryError> {
    let identity = directory.identity();
    let known = identity.and_then(|identity| identity.directory_id);
    let has_cluster = identity.is_some_and(|identity| identity.cluster_id.is_some());
    let id = known.map_or_else(|| world.rng.uuid(), |id| Uuid(id.0));
    let written = checkpoint::Uuid(id.0);
    match cluster_id {
        Some(cluster_id) if known.is_none() || !has_cluster => {
            directory.identify(cluster_id, node_id, written)?;
        }
        None if known.is_none() => directory.reserve(node_id, written)?,
        _ => {}
    }
    Ok(id)
}
