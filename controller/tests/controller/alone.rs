//! A quorum of one: bootstrap, restart, order of decisions, snapshots.

use crate::support::{CLUSTER, bring_up, create_topic, options, start};
use ottla_controller::controller::Limits;
use ottla_controller::{Controller, ControllerOptions, Image, MetadataOffset, Outcome, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::delete_topics::DeleteTopicsRequest;
use ottla_storage::disk::{Operation, SimulatedDisk};
use std::io;
use std::sync::Arc;

#[tokio::test]
async fn an_empty_directory_becomes_a_cluster_with_its_id_and_features() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    let image = controller
        .metadata()
        .at_least(MetadataOffset(0))
        .await
        .unwrap();
    assert_eq!(image.cluster_id.as_deref(), Some(CLUSTER));
    assert_eq!(image.features.level("metadata.version"), 30);
    assert_eq!(image.features.level("transaction.version"), 0);
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_alone_leads_without_waiting_for_an_election() {
    let disk = SimulatedDisk::new();
    for seed in 0..2 {
        let begun = tokio::time::Instant::now();
        let controller = start(options(&disk, seed)).await;
        assert!(
            begun.elapsed().as_millis() < 20,
            "took {:?}",
            begun.elapsed()
        );
        controller.shutdown().await;
    }
}

#[tokio::test]
async fn a_restarted_controller_has_the_same_image() {
    let disk = SimulatedDisk::new();
    let controller = start(options(&disk, 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    create_topic(&controller, "a", 3).await.unwrap();
    let before = controller.metadata().image();
    controller.shutdown().await;

    let controller = start(options(&disk, 2)).await;
    assert_eq!(*controller.metadata().image(), *before);
    controller.shutdown().await;
}

#[tokio::test]
async fn decisions_under_way_together_see_each_other() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    let racing: Vec<_> = (0..50)
        .map(|_| create_topic(&controller, "same", 1))
        .collect();
    let results = futures::future::join_all(racing).await;
    let codes: Vec<ErrorCode> = results
        .into_iter()
        .map(|result| result.unwrap().0.topics[0].error_code)
        .collect();
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == ErrorCode::NONE)
            .count(),
        1
    );
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == ErrorCode::TOPIC_ALREADY_EXISTS)
            .count(),
        49
    );
    controller.shutdown().await;
}

#[tokio::test]
async fn an_answer_comes_when_the_image_shows_it() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    let (_, offset) = create_topic(&controller, "a", 1).await.unwrap();
    let image = controller.metadata().image();
    assert!(image.offset >= offset && image.topics.by_name("a").is_some());
    controller.shutdown().await;
}

fn small(disk: &SimulatedDisk, seed: u64) -> ControllerOptions {
    let limits = Limits {
        segment_bytes: 512,
        snapshot_entries: 5,
        kept_entries: 2,
        ..Limits::default()
    };
    ControllerOptions {
        limits,
        ..options(disk, seed)
    }
}

async fn create_and_delete(controller: &Controller, round: usize) {
    let name = format!("t{round}");
    create_topic(controller, &name, 2).await.unwrap();
    if round.is_multiple_of(2) {
        let request = DeleteTopicsRequest {
            topic_names: vec![name.as_str().into()],
            ..Default::default()
        };
        let deleted = controller
            .propose(move |image, _| decide::delete_topics(image, &request))
            .await
            .unwrap()
            .0;
        assert_eq!(deleted.responses[0].error_code, ErrorCode::NONE);
    }
}

#[tokio::test]
async fn snapshots_keep_the_log_short_and_lose_nothing() {
    let disk = SimulatedDisk::new();
    let mut before = Image::default();
    for life in 0..4 {
        let controller = start(small(&disk, life)).await;
        if life == 0 {
            bring_up(&controller, 1, 1, -1).await;
        } else {
            assert_eq!(*controller.metadata().image(), before, "life {life}");
        }
        for round in 0..20 {
            create_and_delete(&controller, round + 100 * usize::try_from(life).unwrap()).await;
        }
        before = Image::clone(&controller.metadata().image());
        controller.shutdown().await;
    }
    let files =
        ottla_storage::disk::Disk::read_dir(&disk, std::path::Path::new("/metadata")).unwrap();
    assert!(files.iter().any(|file| file.name == "snapshot"));
    assert!(files.len() < 25, "{files:?}");
}

#[tokio::test]
async fn a_failed_sync_stops_the_controller_and_acknowledges_nothing() {
    let disk = SimulatedDisk::new();
    let controller = start(options(&disk, 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    let fail = |operation, _: &std::path::Path| match operation {
        Operation::Sync => Err(io::Error::other("the disk is gone")),
        _ => Ok(()),
    };
    disk.set_hook(Some(Arc::new(fail)));
    assert!(create_topic(&controller, "a", 1).await.is_err());
    assert!(controller.stopped().await.is_some());
    assert!(
        controller
            .propose(|_, _| Outcome::unchanged(()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_subscriber_follows_from_nothing_to_the_latest() {
    let controller = start(options(&SimulatedDisk::new(), 1)).await;
    bring_up(&controller, 1, 1, -1).await;
    let mut updates = controller.metadata().subscribe();
    let (_, offset) = create_topic(&controller, "a", 3).await.unwrap();
    let mut seen = MetadataOffset::NONE;
    while seen < offset {
        let update = updates.next().await.unwrap();
        assert_eq!(update.before.offset, seen);
        seen = update.image.offset;
    }
    controller.shutdown().await;
    while updates.next().await.is_some() {}
}
