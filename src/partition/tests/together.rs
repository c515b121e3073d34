//! Everything at once on several threads: appends, elections, passes, readers.

use super::*;
use crate::fetch::{self, Fetches, PartitionKey, TopicKey, Wanted};
use ottla_protocol::ErrorCode;
use std::sync::atomic::{AtomicBool, Ordering};

const PARTITIONS: i32 = 3;
const PRODUCERS: usize = 6;
const BATCHES: usize = 120;

/// Appends until so many are acknowledged; returns the offsets.
async fn produce(partition: Arc<Partition>, acks: Acks) -> Vec<i64> {
    let mut offsets = Vec::new();
    while offsets.len() < BATCHES {
        match partition
            .append(batch(&["value"]), &options(acks))
            .acknowledged()
            .await
        {
            Ok(appended) => offsets.push(appended.base_offset.0),
            Err(refused) => assert_eq!(
                refused.error,
                ErrorCode::NOT_LEADER_OR_FOLLOWER,
                "an election"
            ),
        }
    }
    offsets
}

/// Follows one partition through a session until it has seen `done` and nothing more comes; returns how far it got.
async fn consume(node: Arc<Node>, fetches: Fetches, index: i32, done: Arc<AtomicBool>) -> i64 {
    let (mut session, mut epoch, mut offset) = (0, 0, 0);
    let key = PartitionKey {
        topic: TopicKey::Name("orders".into()),
        index,
    };
    loop {
        let was_done = done.load(Ordering::SeqCst);
        let wanted = Wanted {
            fetch_offset: Offset(offset),
            partition_max_bytes: 500,
            current_leader_epoch: None,
            last_fetched_epoch: None,
            log_start: Offset::NONE,
        };
        let request = fetch::Request {
            session_id: session,
            session_epoch: epoch,
            uses_topic_ids: false,
            reader: crate::fetch::Reader::OfLeaders,
            nearby: Arc::default(),
            isolation: Isolation::ReadUncommitted,
            max_wait: Duration::from_millis(20),
            min_bytes: 1,
            max_bytes: 1_000,
            named: vec![(key.clone(), wanted)],
            forgotten: Vec::new(),
            brake: None,
        };
        let find = |key: &PartitionKey| node.table.by_name(&node.image, "orders", key.index);
        let answer = fetch::fetch(&fetches, request, find).await.unwrap();
        (session, epoch) = (answer.session_id, epoch + 1);
        let before = offset;
        for (_, read) in answer.partitions {
            for one in ottla_storage::batch::batches(bytes_of(read).into()) {
                let one = one.unwrap();
                assert_eq!(one.header.base_offset.0, offset, "no hole, nothing twice");
                offset = one.header.last_offset().next().0;
            }
        }
        if was_done && offset == before {
            return offset;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn appends_elections_passes_and_readers_do_not_disturb_each_other() {
    let mut node = Node::with_threads(&["/a", "/b"]);
    node.create(
        "orders",
        PARTITIONS,
        &[("flush.messages", "2"), ("internal.segment.bytes", "3000")],
    )
    .await;
    let reading = Arc::new(Node {
        disk: node.disk.clone(),
        table: node.table.clone(),
        image: node.image.clone(),
        clock: node.clock.clone(),
    });
    let (fetches, done) = (
        Fetches::new(10, node.clock.clone(), Rng::seeded(3)),
        Arc::new(AtomicBool::new(false)),
    );
    let consumers: Vec<_> = (0..PARTITIONS)
        .map(|index| {
            tokio::spawn(consume(
                reading.clone(),
                fetches.clone(),
                index,
                done.clone(),
            ))
        })
        .collect();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let index = i32::try_from(number).unwrap() % PARTITIONS;
            let acks = if number % 2 == 0 {
                Acks::All
            } else {
                Acks::Leader
            };
            (
                index,
                tokio::spawn(produce(node.partition("orders", index), acks)),
            )
        })
        .collect();
    for round in 0..20 {
        // Only partition 0 is elected anew; the others are not to notice.
        node.elect("orders", 1).await;
        node.table.checkpoint_high_watermarks().await;
        if round % 5 == 0 {
            node.table.rest_idle();
            node.table.checkpoint_recovery_points().await;
        }
    }
    let mut acknowledged = vec![std::collections::BTreeSet::new(); 3];
    for (index, producer) in producers {
        for offset in producer.await.unwrap() {
            assert!(
                acknowledged[usize::try_from(index).unwrap()].insert(offset),
                "one offset, one batch"
            );
        }
    }
    done.store(true, Ordering::SeqCst);
    for (index, consumer) in consumers.into_iter().enumerate() {
        let seen = consumer.await.unwrap();
        assert!(
            acknowledged[index].last().is_some_and(|last| *last < seen),
            "all that was acknowledged was read"
        );
    }
    node.table.shutdown(1).await;
}
