//! Nodes that do not hear each other: whoever cannot reach the others acknowledges nothing, the others go on without it, and once the wires are
//! whole again so is the cluster. Clients reach every node all the time.

use crate::failover::{begun, content, in_sync, produce_surely};
use crate::host::Cluster;
use crate::network::is_inside;
use crate::wire::{PRODUCE, batch, create, produce};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::create_topics::CreatableReplicaAssignment;
use ottla_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};

const TOPIC: &str = "kept";
/// What a client that is told so does once more, there or elsewhere.
const RETRIABLE: [ErrorCode; 5] = [
    ErrorCode::REQUEST_TIMED_OUT,
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::NOT_ENOUGH_REPLICAS,
    ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    ErrorCode::NOT_CONTROLLER,
];

/// Three nodes apart, and one partition led by whoever is wanted of the active controller (`true`) and another node.
async fn led_by_the_controller(is_wanted: bool) -> (Cluster, i32) {
    let cluster = begun(
        Cluster::apart(3),
        &[
            ("broker.session.timeout.ms", "3000"),
            ("broker.heartbeat.interval.ms", "300"),
        ],
    )
    .await;
    let controller = cluster
        .until("a controller", async |cluster| cluster.active().await)
        .await;
    let mut replicas = vec![1, 2, 3];
    replicas.sort_by_key(|id| (*id == controller) != is_wanted);
    let leader = replicas[0];
    let mut request = create(TOPIC, -1, &[("min.insync.replicas", "2")]);
    request.topics[0].replication_factor = -1;
    request.topics[0].assignments = vec![CreatableReplicaAssignment {
        partition_index: 0,
        broker_ids: replicas,
        ..Default::default()
    }];
    cluster
        .until("the topic", async |cluster| {
            let created = cluster.node(1).ask(5, &request).await?;
            let error = created.topics[0].error_code;
            [ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS]
                .contains(&error)
                .then_some(())
        })
        .await;
    produce_surely(&cluster, TOPIC, "before").await;
    assert_eq!(in_sync(&cluster, TOPIC, 3).await.leader, leader);
    (cluster, leader)
}

/// Who leads, as the nodes but this one say.
async fn led_by_another(cluster: &Cluster, lost: i32) -> i32 {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(TOPIC.into()),
            ..Default::default()
        }]),
        ..Default::default()
    };
    cluster
        .until("another leader", async |cluster| {
            let mut leader = None;
            for node in cluster.nodes.iter().filter(|node| node.id != lost) {
                let response = node.ask(9, &request).await?;
                let now = response.topics.first()?.partitions.first()?.leader_id;
                if now < 0 || now == lost || leader.is_some_and(|leader| leader != now) {
                    return None;
                }
                leader = Some(now);
            }
            leader
        })
        .await
}

/// What a node answers to an append that all in sync must have within a second.
async fn offered(cluster: &Cluster, node: i32, value: &str) -> Option<ErrorCode> {
    let mut request = produce(TOPIC, 0, batch(None, 0, &[value]));
    request.timeout_ms = 1_000;
    let response = cluster.node(node).ask(PRODUCE, &request).await?;
    Some(response.responses[0].partition_responses[0].error_code)
}

async fn acknowledged(cluster: &Cluster, node: i32, value: &str) {
    cluster
        .until("an acknowledgement", async |cluster| {
            let error = offered(cluster, node, value).await?;
            (error == ErrorCode::NONE).then_some(())
        })
        .await;
}

/// All replicas are in sync, and these values are there, and no others.
async fn holds(cluster: &Cluster, expected: &[&str]) {
    in_sync(cluster, TOPIC, 3).await;
    let leader = led_by_another(cluster, 0).await;
    let found = content(cluster, leader, TOPIC).await;
    let found: Vec<&str> = found.values().map(String::as_str).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_leader_cut_off_from_its_followers_acknowledges_nothing_and_gives_way() {
    if !is_inside(
        "partitions::a_leader_cut_off_from_its_followers_acknowledges_nothing_and_gives_way",
    ) {
        return;
    }
    let (cluster, leader) = led_by_the_controller(false).await;
    cluster.node(leader).isolate();
    let answer = offered(&cluster, leader, "to the one cut off").await;
    let error = answer.expect("clients still reach it, and are answered");
    assert!(RETRIABLE.contains(&error), "{error:?}");
    let other = led_by_another(&cluster, leader).await;
    acknowledged(&cluster, other, "to its successor").await;
    let late = offered(&cluster, leader, "late, to the one cut off").await;
    assert!(
        late.is_none_or(|error| RETRIABLE.contains(&error)),
        "{late:?}"
    );
    cluster.node(leader).heal();
    holds(&cluster, &["before", "to its successor"]).await;
}

#[tokio::test]
async fn an_isolated_controller_is_replaced_and_cannot_acknowledge_what_it_led() {
    if !is_inside(
        "partitions::an_isolated_controller_is_replaced_and_cannot_acknowledge_what_it_led",
    ) {
        return;
    }
    let (cluster, lost) = led_by_the_controller(true).await;
    cluster.node(lost).isolate();
    let error = offered(&cluster, lost, "to the one cut off").await;
    let error = error.expect("clients still reach it, and are answered");
    assert!(RETRIABLE.contains(&error), "{error:?}");
    let mut request = create("never", 1, &[]);
    request.timeout_ms = 1_000;
    let created = cluster.node(lost).ask(5, &request).await;
    if let Some(created) = created {
        let error = created.topics[0].error_code;
        assert!(RETRIABLE.contains(&error), "{error:?}");
    }
    cluster
        .until("another controller", async |cluster| {
            let others = cluster.nodes.iter().find(|node| node.id != lost)?;
            let active = others.quorum().await?.leader_id;
            (active >= 0 && active != lost).then_some(())
        })
        .await;
    let other = led_by_another(&cluster, lost).await;
    acknowledged(&cluster, other, "to its successor").await;
    cluster.node(lost).heal();
    cluster
        .until("one controller for all", async |cluster| {
            cluster.active().await.filter(|active| *active != lost)
        })
        .await;
    holds(&cluster, &["before", "to its successor"]).await;
}

#[tokio::test]
async fn whoever_is_not_heard_or_does_not_hear_gives_way_and_comes_back() {
    if !is_inside("partitions::whoever_is_not_heard_or_does_not_hear_gives_way_and_comes_back") {
        return;
    }
    let (cluster, leader) = led_by_the_controller(true).await;
    cluster.node(leader).silence();
    let second = led_by_another(&cluster, leader).await;
    acknowledged(&cluster, second, "while the first is not heard").await;
    cluster.node(leader).heal();
    in_sync(&cluster, TOPIC, 3).await;
    let second = led_by_another(&cluster, 0).await;
    cluster.node(second).deafen();
    let third = led_by_another(&cluster, second).await;
    acknowledged(&cluster, third, "while the second does not hear").await;
    cluster.node(second).heal();
    holds(
        &cluster,
        &[
            "before",
            "while the first is not heard",
            "while the second does not hear",
        ],
    )
    .await;
}
