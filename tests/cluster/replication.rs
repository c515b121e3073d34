//! What was acknowledged by all replicas in sync is still there when machines are not.

use crate::host::Cluster;
use crate::wire::{FETCH, PRODUCE, batch, create, fetch, produce};
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use ottla_protocol::{ErrorCode, Records};

struct Seen {
    leader: i32,
    in_sync: usize,
}

async fn seen(cluster: &Cluster, node: i32, topic: &str) -> Option<Seen> {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(topic.into()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    let response = cluster.node(node).ask(9, &request).await?;
    let partition = response.topics.first()?.partitions.first()?;
    Some(Seen {
        leader: partition.leader_id,
        in_sync: partition.isr_nodes.len(),
    })
}

#[tokio::test]
async fn what_all_in_sync_acknowledged_outlives_its_leader() {
    let cluster = Cluster::of(3).await;
    cluster
        .until("three brokers", async |cluster| {
            let request = MetadataRequest::default();
            let response = cluster.node(1).ask(9, &request).await?;
            (response.brokers.len() == 3).then_some(())
        })
        .await;
    let mut request = create("kept", 1, &[("min.insync.replicas", "2")]);
    request.topics[0].replication_factor = 3;
    let created = cluster.node(1).ask(5, &request).await.unwrap();
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
    let before = seen(&cluster, 1, "kept").await.unwrap();
    assert_eq!(before.in_sync, 3);
    for value in ["first", "second"] {
        let request = produce("kept", 0, batch(None, 0, &[value]));
        cluster
            .until("the leader knows the topic", async |cluster| {
                let leader = cluster.node(before.leader);
                let response = leader.ask(PRODUCE, &request).await?;
                let error = response.responses[0].partition_responses[0].error_code;
                let early = [
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    ErrorCode::NOT_LEADER_OR_FOLLOWER,
                ];
                let is_early = early.contains(&error);
                assert!(is_early || error == ErrorCode::NONE, "{error:?}");
                (!is_early).then_some(())
            })
            .await;
    }
    cluster.node(before.leader).kill();
    let asked = cluster.nodes.iter().find(|node| node.id != before.leader);
    let asked = asked.unwrap().id;
    let after = cluster
        .until("another leader", async |cluster| {
            let seen = seen(cluster, asked, "kept").await?;
            (seen.leader >= 0 && seen.leader != before.leader).then_some(seen)
        })
        .await;
    let records = cluster
        .until("the records", async |cluster| {
            let response = cluster
                .node(after.leader)
                .ask(FETCH, &fetch("kept", 0, 0))
                .await?;
            let partition = response.responses.first()?.partitions.first()?.clone();
            match partition.records {
                Records::Bytes(bytes) if partition.high_watermark == 2 => Some(bytes),
                _ => None,
            }
        })
        .await;
    let text = String::from_utf8_lossy(&records).into_owned();
    assert!(text.contains("first") && text.contains("second"), "{text}");
}

#[tokio::test]
async fn a_produce_of_every_version_learns_that_another_broker_leads() {
    let cluster = Cluster::of(3).await;
    let created = cluster
        .node(1)
        .ask(5, &create("led", 1, &[]))
        .await
        .unwrap();
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
    let leader = cluster
        .until("a leader", async |cluster| {
            let seen = seen(cluster, 1, "led").await?;
            (seen.leader >= 0).then_some(seen.leader)
        })
        .await;
    let asked = cluster.nodes.iter().find(|node| node.id != leader).unwrap();
    let request = produce("led", 0, batch(None, 0, &["value"]));
    for version in 3..=12 {
        let told = cluster
            .until("an answer", async |_| asked.ask(version, &request).await)
            .await;
        let partition = &told.responses[0].partition_responses[0];
        assert_eq!(
            partition.error_code,
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            "version {version}"
        );
        let expected = if version >= 10 { leader } else { -1 };
        assert_eq!(partition.current_leader.leader_id, expected);
    }
}
