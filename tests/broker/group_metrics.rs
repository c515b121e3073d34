//! What a scrape says of the groups that a node coordinates.

use super::host::{Broker, Raw, until};
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use ottla_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use ottla_protocol::{ErrorCode, Str};

async fn commit(client: &mut Raw, group: &'static str, topic: &str) -> ErrorCode {
    let request = OffsetCommitRequest {
        group_id: Str::from_static(group),
        generation_id_or_member_epoch: -1,
        topics: vec![OffsetCommitRequestTopic {
            name: Str::from(topic),
            partitions: vec![OffsetCommitRequestPartition {
                committed_offset: 1,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = client.ask(8, &request).await.unwrap();
    response.topics[0].partitions[0].error_code
}

#[tokio::test]
async fn a_scrape_counts_groups_and_their_offsets_as_they_are_now() {
    let mut broker = Broker::with(&[("offsets.topic.num.partitions", "3")]).await;
    let mut client = broker.client().await;
    client.create("orders", 1, &[]).await.unwrap();
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![Str::from_static("a")],
        ..Default::default()
    };
    client.ask(4, &request).await.unwrap();
    for group in ["a", "b", "c"] {
        until("it is committed", async || {
            let error = commit(&mut client, group, "orders").await;
            (error == ErrorCode::NONE).then_some(())
        })
        .await;
    }
    let text = broker.node().metrics.fresh_text().await;
    for line in [
        "ottla_groups{state=\"Empty\"} 3",
        "ottla_groups{state=\"Stable\"} 0",
        "ottla_group_members 0",
        "ottla_group_offsets 3",
        "ottla_group_rebalances_total 0",
        "ottla_coordinator_shards{state=\"serving\"} 3",
        "ottla_coordinator_load_seconds_count{topic=\"__consumer_offsets\"} 3",
        "ottla_coordinator_commit_seconds_count{topic=\"__consumer_offsets\"} 3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    broker.stop().await;
}
