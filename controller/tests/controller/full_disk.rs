//! A disk without room: the quorum goes on in what it keeps for that, and starts on it.

use crate::support::{bring_up, create_topic, options, start};
use ottla_storage::disk::{Disk, SimulatedDisk};
use std::path::Path;

/// Nothing more may be written than is written.
fn fill(disk: &SimulatedDisk) {
    let space = disk.space(Path::new("/")).unwrap();
    disk.set_capacity_bytes(space.total_bytes - space.free_bytes);
}

#[tokio::test]
async fn a_quorum_goes_on_in_its_reserve_and_starts_on_a_full_disk() {
    let disk = SimulatedDisk::new();
    let controller = start(options(&disk, 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    fill(&disk);
    create_topic(&controller, "in-the-reserve", 1)
        .await
        .unwrap();
    controller.shutdown().await;
    for seed in 2..5 {
        let controller = start(options(&disk, seed)).await;
        let image = controller.metadata().image();
        assert!(image.topics.by_name("in-the-reserve").is_some());
        controller.shutdown().await;
    }
}

#[tokio::test]
async fn the_reserve_is_made_again_once_there_is_room() {
    let reserve = Path::new("/metadata/reserve");
    let disk = SimulatedDisk::new();
    let controller = start(options(&disk, 1)).await;
    assert!(disk.metadata(reserve).is_ok());
    bring_up(&controller, 1, 1, -1).await;
    fill(&disk);
    create_topic(&controller, "in-the-reserve", 1)
        .await
        .unwrap();
    assert!(disk.metadata(reserve).is_err());
    controller.shutdown().await;
    disk.set_capacity_bytes(u64::MAX);
    start(options(&disk, 2)).await.shutdown().await;
    assert!(disk.metadata(reserve).is_ok());
}
