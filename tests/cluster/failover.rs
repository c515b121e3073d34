//! Machines that fail under produce: what was acknowledged stays, followers come back in sync, groups keep their offsets, and a disk that is
//! lost is refilled.

use crate::host::{Cluster, Node};
use crate::wire::{FETCH, PRODUCE, batch, create, fetch, produce, read};
use ottla_protocol::messages::fetch::FetchRequest;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};
use ottla_protocol::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A partition as one node's metadata has it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub leader: i32,
    pub isr: Vec<i32>,
}

pub async fn seen(cluster: &Cluster, topic: &str) -> Option<Seen> {
    let topics = Some(vec![MetadataRequestTopic {
        name: Some(topic.into()),
        ..Default::default()
    }]);
    let request = MetadataRequest {
        topics,
        ..Default::default()
    };
    for node in cluster.nodes.iter().filter(|node| node.runs()) {
        let response = node.ask(9, &request).await;
        let partition = response
            .as_ref()
            .and_then(|response| response.topics.first()?.partitions.first());
        if let Some(partition) = partition.filter(|partition| partition.leader_id >= 0) {
            return Some(Seen {
                leader: partition.leader_id,
                isr: partition.isr_nodes.clone(),
            });
        }
    }
    None
}

async fn three(settings: &[(&str, &str)]) -> Cluster {
    begun(Cluster::named(3), settings).await
}

/// Three nodes that know each other, in racks of their own.
pub async fn begun(mut cluster: Cluster, settings: &[(&str, &str)]) -> Cluster {
    for id in 1..=3 {
        let node = cluster.node_mut(id);
        let metadata = node.data().with_file_name("metadata").display().to_string();
        node.set("metadata.log.dir", &metadata);
        node.set("broker.rack", &format!("rack-{id}"));
        node.set("replica.lag.time.max.ms", "2000");
        for (key, value) in settings {
            node.set(key, value);
        }
    }
    cluster.nodes.iter().for_each(Node::start);
    for node in &cluster.nodes {
        node.ready().await;
    }
    cluster
        .until("three brokers", async |cluster| {
            let response = cluster.node(1).ask(9, &MetadataRequest::default()).await?;
            (response.brokers.len() == 3).then_some(())
        })
        .await;
    cluster
}

pub async fn create_replicated(cluster: &Cluster, topic: &str) {
    let mut request = create(topic, 1, &[("min.insync.replicas", "2")]);
    request.topics[0].replication_factor = 3;
    let created = cluster.node(1).ask(5, &request).await.expect("an answer");
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
}

pub async fn in_sync(cluster: &Cluster, topic: &str, count: usize) -> Seen {
    cluster
        .until("they are in sync", async |cluster| {
            let seen = seen(cluster, topic).await?;
            (seen.isr.len() == count).then_some(seen)
        })
        .await
}

/// Produces one value, again and again until it is acknowledged; answers its offset and how long that took.
pub async fn produce_surely(cluster: &Cluster, topic: &str, value: &str) -> (i64, Duration) {
    let began = Instant::now();
    let offset = cluster
        .until("an acknowledgement", async |cluster| {
            let leader = seen(cluster, topic).await?.leader;
            let node = cluster.node(leader);
            if !node.runs() {
                return None;
            }
            let request = produce(topic, 0, batch(None, 0, &[value]));
            let response = node.ask(PRODUCE, &request).await?;
            let answer = &response.responses[0].partition_responses[0];
            (answer.error_code == ErrorCode::NONE).then_some(answer.base_offset)
        })
        .await;
    (offset, began.elapsed())
}

/// Everything below the high watermark, by offset.
pub async fn content(cluster: &Cluster, node: i32, topic: &str) -> BTreeMap<i64, String> {
    let mut found = BTreeMap::new();
    loop {
        let from = found.last_key_value().map_or(0, |(offset, _)| offset + 1);
        let response = cluster
            .until("records", async |cluster| {
                let response = cluster
                    .node(node)
                    .ask(FETCH, &fetch(topic, 0, from))
                    .await?;
                let partition = response.responses.first()?.partitions.first()?.clone();
                (partition.error_code == ErrorCode::NONE).then_some(partition)
            })
            .await;
        let before = found.len();
        for stored in read(&response.records) {
            found.insert(stored.offset, stored.value);
        }
        if found.len() == before || from >= response.high_watermark {
            return found;
        }
    }
}

#[tokio::test]
async fn a_leader_killed_again_and_again_loses_nothing_and_returns_in_sync() {
    let cluster = three(&[]).await;
    create_replicated(&cluster, "kept").await;
    let mut acknowledged = BTreeMap::new();
    let mut gaps = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            let value = format!("{round}/{number}");
            let (offset, _) = produce_surely(&cluster, "kept", &value).await;
            acknowledged.insert(offset, value);
        }
        let leader = in_sync(&cluster, "kept", 3).await.leader;
        cluster.node(leader).kill();
        let value = format!("{round}/after");
        let (offset, took) = produce_surely(&cluster, "kept", &value).await;
        acknowledged.insert(offset, value);
        gaps.push(took.as_millis());
        cluster.node(leader).restart().await;
        in_sync(&cluster, "kept", 3).await;
    }
    println!("milliseconds from a leader's death to the next acknowledgement: {gaps:?}");
    // Its session would end after nine seconds: a refused connection is evidence enough.
    assert!(gaps.iter().all(|gap| *gap < 6_000), "{gaps:?}");
    let leader = in_sync(&cluster, "kept", 3).await.leader;
    let found = content(&cluster, leader, "kept").await;
    for (offset, value) in &acknowledged {
        assert_eq!(found.get(offset), Some(value), "offset {offset}");
    }
}

#[tokio::test]
async fn a_broker_that_stands_still_is_fenced_when_its_session_ends() {
    // Half of the default session; heartbeats of the default period would come too late for it on a busy machine.
    let cluster = three(&[
        ("broker.session.timeout.ms", "4500"),
        ("broker.heartbeat.interval.ms", "300"),
    ])
    .await;
    create_replicated(&cluster, "kept").await;
    let leader = in_sync(&cluster, "kept", 3).await.leader;
    let other = cluster.nodes.iter().position(|node| node.id != leader);
    let other = other.expect("three nodes");
    cluster.node(leader).pause();
    let began = Instant::now();
    cluster
        .until("another leader", async |cluster| {
            let request = MetadataRequest {
                topics: Some(vec![MetadataRequestTopic {
                    name: Some("kept".into()),
                    ..Default::default()
                }]),
                ..Default::default()
            };
            let response = cluster.nodes[other].ask(9, &request).await?;
            let now = response.topics.first()?.partitions.first()?.leader_id;
            (now >= 0 && now != leader).then_some(())
        })
        .await;
    let took = began.elapsed();
    cluster.node(leader).resume();
    assert!(
        took > Duration::from_secs(3),
        "silence is no evidence: {took:?}"
    );
    assert!(
        took < Duration::from_secs(8),
        "its session is over: {took:?}"
    );
    in_sync(&cluster, "kept", 3).await;
}

#[tokio::test]
async fn a_broker_that_lost_its_disk_is_refilled_before_it_counts() {
    let cluster = three(&[]).await;
    create_replicated(&cluster, "kept").await;
    for number in 0..50 {
        produce_surely(&cluster, "kept", &number.to_string()).await;
    }
    let before = in_sync(&cluster, "kept", 3).await;
    let lost = before.isr.iter().find(|id| **id != before.leader);
    let lost = *lost.expect("a follower");
    cluster.node(lost).kill();
    cluster.node(lost).wipe();
    produce_surely(&cluster, "kept", "meanwhile").await;
    cluster.node(lost).restart().await;
    in_sync(&cluster, "kept", 3).await;
    let leader = seen(&cluster, "kept").await.expect("a leader").leader;
    let expected = content(&cluster, leader, "kept").await;
    assert_eq!(expected.len(), 51);
    let refilled = cluster
        .until(
            "the refilled replica knows what is committed",
            async |cluster| {
                let found = content(cluster, lost, "kept").await;
                (found.len() == expected.len()).then_some(found)
            },
        )
        .await;
    assert_eq!(refilled, expected);
}

#[tokio::test]
async fn a_consumer_is_sent_to_its_rack_and_reads_there() {
    let selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
    let cluster = three(&[("replica.selector.class", selector)]).await;
    create_replicated(&cluster, "kept").await;
    produce_surely(&cluster, "kept", "value").await;
    let seen = in_sync(&cluster, "kept", 3).await;
    let near = *seen.isr.iter().find(|id| **id != seen.leader).unwrap();
    let request = FetchRequest {
        rack_id: Str::from(format!("rack-{near}")),
        ..fetch("kept", 0, 0)
    };
    cluster
        .until("it is sent there", async |cluster| {
            let response = cluster.node(seen.leader).ask(FETCH, &request).await?;
            let partition = response.responses.first()?.partitions.first()?;
            (partition.preferred_read_replica == near).then_some(())
        })
        .await;
    cluster
        .until("it reads there", async |cluster| {
            let found = content(cluster, near, "kept").await;
            (found.len() == 1).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_groups_offsets_outlive_its_coordinator() {
    let cluster = three(&[("offsets.topic.num.partitions", "1")]).await;
    create_replicated(&cluster, "kept").await;
    let coordinator = async |cluster: &Cluster| {
        let request = FindCoordinatorRequest {
            coordinator_keys: vec!["group".into()],
            ..Default::default()
        };
        let asked = cluster.nodes.iter().find(|node| node.runs())?;
        let response = asked.ask(4, &request).await?;
        let found = response.coordinators.first()?;
        (found.error_code == ErrorCode::NONE).then_some(found.node_id)
    };
    for committed in [7, 8, 9] {
        let commit = OffsetCommitRequest {
            group_id: "group".into(),
            generation_id_or_member_epoch: -1,
            topics: vec![OffsetCommitRequestTopic {
                name: "kept".into(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: 0,
                    committed_offset: committed,
                    committed_leader_epoch: -1,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let leads = cluster
            .until("the commit", async |cluster| {
                let id = coordinator(cluster).await?;
                let response = cluster.node(id).ask(8, &commit).await?;
                let answer = response.topics.first()?.partitions.first()?;
                (answer.error_code == ErrorCode::NONE).then_some(id)
            })
            .await;
        in_sync(&cluster, "__consumer_offsets", 3).await;
        cluster.node(leads).kill();
        let request = OffsetFetchRequest {
            group_id: "group".into(),
            topics: Some(vec![OffsetFetchRequestTopic {
                name: "kept".into(),
                partition_indexes: vec![0],
                ..Default::default()
            }]),
            ..Default::default()
        };
        let found = cluster
            .until("another coordinator", async |cluster| {
                let id = coordinator(cluster).await.filter(|id| *id != leads)?;
                let response = cluster.node(id).ask(5, &request).await?;
                let answer = response.topics.first()?.partitions.first()?;
                let is_known =
                    response.error_code == ErrorCode::NONE && answer.error_code == ErrorCode::NONE;
                is_known.then_some(answer.committed_offset)
            })
            .await;
        assert_eq!(found, committed);
        cluster.node(leads).restart().await;
    }
}
