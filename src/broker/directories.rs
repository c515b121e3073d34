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

/// The directories of a node, in use.
pub struct Directories {
    pub cluster_id: String,
    /// Of the directory with the metadata log: half of this node's raft id.
    pub metadata_id: Uuid,
    /// Held when `metadata.log.dir` is none of `log.dirs`.
    pub metadata_lock: Option<LogDirectory>,
    pub log_dirs: Vec<Arc<Directory>>,
}

type Opened = Result<LogDirectory, DirectoryError>;

/// Opens, checks and names every directory.
///
/// # Errors
/// [`StartError::Directory`] with the sentence that says what was found and what to do.
pub fn open<N: Net>(config: &BrokerConfig, world: &World<N>) -> Result<Directories, StartError> {
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
    let cluster_id = agreed_cluster_id(config, &opened)?;
    if let Some(missing) = lost_metadata(config, world, &opened) {
        return Err(StartError::Directory(missing));
    }
    let cluster_id = cluster_id
        .or_else(|| config.cluster_id.clone())
        .unwrap_or_else(|| world.rng.uuid().to_string());
    adopt(config, world, opened, cluster_id)
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

fn adopt<N: Net>(
    config: &BrokerConfig,
    world: &World<N>,
    opened: Vec<(PathBuf, Opened)>,
    cluster_id: String,
) -> Result<Directories, StartError> {
    let mut adopted = Directories {
        metadata_id: Uuid::ZERO,
        metadata_lock: None,
        log_dirs: Vec::new(),
        cluster_id,
    };
    for (index, (path, directory)) in opened.into_iter().enumerate() {
        let is_metadata = path == config.metadata_log_dir;
        let is_log_dir = config.log_dirs.contains(&path);
        let named = directory.and_then(|mut directory| {
            let id = identify(&mut directory, &adopted.cluster_id, config.node_id, world)?;
            Ok((directory, id))
        });
        let threads = || {
            world
                .directory_threads(index)
                .map_err(|error| StartError::Threads(error.to_string()))
        };
        match named {
            Ok((directory, id)) => {
                if is_metadata {
                    adopted.metadata_id = id;
                }
                if is_log_dir {
                    adopted.log_dirs.push(Directory::new(
                        directory,
                        id,
                        world.clock.clone(),
                        threads()?,
                    ));
                } else {
                    adopted.metadata_lock = Some(directory);
                }
            }
            Err(error) if is_metadata => return Err(StartError::Directory(error.to_string())),
            Err(error) => {
                let (disk, clock) = (world.disk.clone(), world.clock.clone());
                adopted.log_dirs.push(Directory::failed(
                    path,
                    disk,
                    clock,
                    threads()?,
                    &error.to_string(),
                ));
            }
        }
    }
    Ok(adopted)
}

/// The directory's id; a new directory gets one, for good.
fn identify<N: Net>(
    directory: &mut LogDirectory,
    cluster_id: &str,
    node_id: i32,
    world: &World<N>,
) -> Result<Uuid, DirectoryError> {
    if let Some(id) = directory
        .identity()
        .and_then(|identity| identity.directory_id)
    {
        return Ok(Uuid(id.0));
    }
    let id = world.rng.uuid();
    directory.identify(cluster_id, node_id, checkpoint::Uuid(id.0))?;
    Ok(id)
}
