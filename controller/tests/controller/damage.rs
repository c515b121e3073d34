//! What was damaged or removed behind our back is reported, never papered over.

use crate::support::{bring_up, create_topic, options, start};
use ottla_controller::controller::Limits;
use ottla_controller::{Controller, ControllerOptions};
use ottla_storage::disk::{Disk, SimulatedDisk};
use std::path::Path;

fn small(disk: &SimulatedDisk, seed: u64) -> ControllerOptions {
    let limits = Limits {
        segment_bytes: 600,
        snapshot_entries: 8,
        kept_entries: 2,
        ..Limits::default()
    };
    ControllerOptions {
        limits,
        ..options(disk, seed)
    }
}

async fn used_disk() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let controller = start(small(&disk, 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    for number in 0..30 {
        create_topic(&controller, &format!("t{number}"), 1)
            .await
            .unwrap();
    }
    controller.shutdown().await;
    disk
}

fn files(disk: &SimulatedDisk) -> Vec<String> {
    let names = disk.read_dir(Path::new("/metadata")).unwrap();
    names.into_iter().map(|entry| entry.name).collect()
}

async fn refusal(disk: &SimulatedDisk) -> String {
    match Controller::start(small(disk, 2)).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_flipped_bit_in_a_closed_segment_is_named() {
    let disk = used_disk().await;
    let closed = files(&disk)
        .into_iter()
        .find(|name| name.ends_with(".raft"))
        .unwrap();
    let path = Path::new("/metadata").join(&closed);
    let middle = disk.metadata(&path).unwrap().size_bytes / 2;
    disk.flip_bits(&path, middle, 1).unwrap();
    let said = refusal(&disk).await;
    assert!(
        said.contains(&closed) && said.contains("is damaged at byte"),
        "{said}"
    );
    assert!(files(&disk).contains(&closed), "it stays as it was found");
}

#[tokio::test]
async fn a_log_without_its_snapshot_does_not_start() {
    let disk = used_disk().await;
    disk.remove_file(Path::new("/metadata/snapshot")).unwrap();
    let said = refusal(&disk).await;
    assert!(
        said.contains("but the snapshot ends at its beginning"),
        "{said}"
    );
}

#[tokio::test]
async fn a_damaged_snapshot_does_not_start() {
    let disk = used_disk().await;
    disk.flip_bits(Path::new("/metadata/snapshot"), 40, 1)
        .unwrap();
    refusal(&disk).await;
}
