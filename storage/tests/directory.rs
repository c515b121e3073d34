//! A log directory on a disk: whose it is, what it holds, what is never touched.

use ottla_storage::checkpoint::Uuid;
use ottla_storage::dir::{DirectoryError, LogDirectory};
use ottla_storage::disk::{Disk, Operation, RealDisk, SimulatedDisk};
use ottla_storage::segment::FileCache;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn open(disk: &SimulatedDisk) -> Result<LogDirectory, DirectoryError> {
    let files = FileCache::new(Arc::new(disk.clone()), 10);
    LogDirectory::open(PathBuf::from("/data/logs"), files)
}

fn write(disk: &dyn Disk, path: &str, content: &str) {
    let path = Path::new(path);
    disk.create_dir(path.parent().expect("it has a parent"))
        .expect("it is created");
    ottla_storage::disk::replace_file(disk, path, content.as_bytes()).expect("it is written");
}

#[test]
fn a_new_directory_remembers_whose_it_is() {
    let disk = SimulatedDisk::new();
    let mut directory = open(&disk).expect("it opens");
    assert!(directory.identity().is_none());
    directory
        .identify("the-cluster", 7, Uuid([5; 16]))
        .expect("it is written");
    disk.power_loss(1);
    let directory = open(&disk).expect("it opens");
    let identity = directory.identity().expect("it is known");
    assert_eq!(identity.cluster_id.as_deref(), Some("the-cluster"));
    assert_eq!(
        (identity.node_id, identity.directory_id),
        (Some(7), Some(Uuid([5; 16])))
    );
}

#[test]
fn a_directory_in_use_is_refused() {
    let disk = SimulatedDisk::new();
    let first = open(&disk).expect("it opens");
    assert!(matches!(open(&disk), Err(DirectoryError::InUse { .. })));
    drop(first);
    open(&disk).expect("it is free again");
}

#[test]
fn a_real_directory_in_use_is_refused_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let files = FileCache::new(Arc::new(RealDisk), 10);
    let open = || LogDirectory::open(directory.path().join("logs"), files.clone());
    let first = open().expect("it opens");
    assert!(matches!(open(), Err(DirectoryError::InUse { .. })));
    drop(first);
    open().expect("it is free again");
}

#[test]
fn a_directory_of_apache_kafka_is_refused_and_not_touched() {
    let kafkas = "version=1\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\nnode.id=1\ndirectory.id=BB6ZIlTHT-uiKNo2oTmHpw\n";
    for (path, content, found) in [
        ("/data/logs/meta.properties", kafkas, "meta.properties"),
        (
            "/data/logs/__cluster_metadata-0/00000000000000000000.log",
            "",
            "__cluster_metadata-0",
        ),
    ] {
        let disk = SimulatedDisk::new();
        write(&disk, path, content);
        disk.set_hook(Some(Arc::new(|operation, path| match operation {
            Operation::Write | Operation::SetSize | Operation::Rename | Operation::Remove => {
                Err(io::Error::other(format!("{} was touched", path.display())))
            }
            _ => Ok(()),
        })));
        let refused = open(&disk).expect_err("it is Kafka's");
        assert!(
            matches!(&refused, DirectoryError::Foreign { found: by, .. } if *by == found),
            "{refused}"
        );
        assert!(
            refused.to_string().contains(found) && !refused.to_string().contains('\n'),
            "{refused}"
        );
        let names = disk
            .read_dir(Path::new("/data/logs"))
            .expect("it is listed");
        assert_eq!(names.len(), 1, "no lock file either: {names:?}");
    }
}

#[test]
fn what_lies_in_a_directory_is_told_apart_and_left_alone() {
    let disk = SimulatedDisk::new();
    let deleted = "gone-3.0123456789abcdef0123456789abcdef-delete";
    for path in [
        "orders-0",
        "with-dash.and_dot-12",
        "something else",
        deleted,
        "orders-0-stray",
    ] {
        disk.create_dir(&Path::new("/data/logs").join(path))
            .expect("it is created");
    }
    let directory = open(&disk).expect("it opens");
    directory
        .write_partition_metadata("with-dash.and_dot", 12, Uuid([9; 16]))
        .expect("it is written");
    let contents = directory.contents().expect("it is listed");
    let partitions: Vec<_> = contents
        .partitions
        .iter()
        .map(|found| (found.topic.as_str(), found.partition, found.topic_id))
        .collect();
    assert_eq!(
        partitions,
        [
            ("orders", 0, None),
            ("with-dash.and_dot", 12, Some(Uuid([9; 16])))
        ]
    );
    assert_eq!(contents.deleted, [deleted]);
    assert_eq!(contents.unknown, ["orders-0-stray", "something else"]);
    directory.removal_of(deleted).run().expect("it is removed");
    assert!(
        directory
            .contents()
            .expect("it is listed")
            .deleted
            .is_empty()
    );
}
