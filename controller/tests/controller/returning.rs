//! A broker without a vote that comes back after the log it would have to read is gone.

use crate::quorum::{Switchboard, count};
use crate::support::{bring_up, create_on, create_topic, member, options, partition, with_wire};
use ottla_controller::controller::Limits;
use ottla_controller::raft::{Peer, Wire};
use ottla_controller::{BrokerId, Controller, ControllerOptions, decide};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use ottla_protocol::messages::delete_topics::DeleteTopicsRequest;
use ottla_storage::disk::{Disk, SimulatedDisk};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A log of few and short segments.
const SHORT: fn() -> Limits = || Limits {
    segment_bytes: 512,
    snapshot_entries: 5,
    kept_entries: 2,
    ..Limits::default()
};

async fn delete(controller: &Controller, topic: &str) {
    let request = DeleteTopicsRequest {
        topic_names: vec![topic.into()],
        ..Default::default()
    };
    let deleted = controller
        .propose(move |image, _| decide::delete_topics(image, &request))
        .await;
    assert_eq!(deleted.unwrap().0.responses[0].error_code, ErrorCode::NONE);
}

async fn reassign(controller: &Controller, topic: &str, replicas: &[i32]) {
    let topic = ReassignableTopic {
        name: topic.into(),
        partitions: vec![ReassignablePartition {
            partition_index: 0,
            replicas: Some(replicas.to_vec()),
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = AlterPartitionReassignmentsRequest {
        topics: vec![topic],
        ..Default::default()
    };
    let reassigned = controller
        .propose(move |image, turn| {
            decide::alter_partition_reassignments(image, turn.rules, &request)
        })
        .await;
    let error = reassigned.unwrap().0.responses[0].partitions[0].error_code;
    assert_eq!(error, ErrorCode::NONE);
}

fn files(disk: &SimulatedDisk) -> BTreeSet<String> {
    let files = disk.read_dir(Path::new("/metadata")).unwrap();
    files.into_iter().map(|file| file.name).collect()
}

#[tokio::test(start_paused = true)]
async fn a_learner_that_missed_the_purge_returns_by_snapshot_and_learns_what_became_of_each_topic()
{
    let (board, disk) = (Switchboard::default(), SimulatedDisk::new());
    let wire: Arc<dyn Wire> = Arc::new(board.clone());
    let first = board
        .plug_in(ControllerOptions {
            wire: wire.clone(),
            limits: SHORT(),
            ..options(&disk, 1)
        })
        .await;
    for broker in [1, 2] {
        bring_up(&first, broker, 1, -1).await;
    }
    for topic in ["gone", "again", "moved"] {
        create_on(&first, topic, &[1]).await;
    }
    let learner = board
        .plug_in(with_wire(&SimulatedDisk::new(), 2, wire))
        .await;
    first.add_learner(member(2), Peer::default()).await.unwrap();
    let reached = first.metadata().image().offset;
    let before = learner.metadata().at_least(reached).await.unwrap();
    let mut updates = learner.metadata().subscribe();
    updates.next().await.unwrap();

    board.unplug(2);
    let old_files = files(&disk);
    delete(&first, "gone").await;
    delete(&first, "again").await;
    create_topic(&first, "again", 3).await.unwrap();
    reassign(&first, "moved", &[2]).await;
    let mut offset = first.metadata().image().offset;
    // Until nothing of the log that the learner has seen is left: it does not hold the purge.
    let is_log = |name: &&String| name.ends_with(".raft");
    while old_files
        .intersection(&files(&disk))
        .any(|name| is_log(&name))
    {
        offset = count(&first).await.unwrap().1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    board.plug(2, &learner);

    let image = learner.metadata().at_least(offset).await.unwrap();
    assert_eq!(*image, *first.metadata().image());
    let (mut changed, mut seen) = (BTreeSet::new(), before.offset);
    while seen < offset {
        let update = updates.next().await.unwrap();
        assert_eq!(update.before.offset, seen);
        changed.extend(update.delta.topics.keys().copied());
        seen = update.image.offset;
    }
    let id = |image: &ottla_controller::Image, name| image.topics.by_name(name).unwrap().id;
    let (old, new) = (id(&before, "again"), id(&image, "again"));
    assert_ne!(old, new);
    let expected = BTreeSet::from([id(&before, "gone"), old, new, id(&image, "moved")]);
    assert_eq!(changed, expected, "and nothing else");
    assert!(image.topics.by_name("gone").is_none() && image.topics.by_id(old).is_none());
    assert!(partition(&learner, "moved").replicas.contains(&BrokerId(2)));
    first.shutdown().await;
    learner.shutdown().await;
}
