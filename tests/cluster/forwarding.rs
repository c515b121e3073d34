//! What belongs to the active controller may be asked of any broker, and is shown by it when it is answered.

use crate::host::Cluster;
use crate::wire::create;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::describe_cluster::DescribeClusterRequest;
use ottla_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use ottla_protocol::messages::init_producer_id::InitProducerIdRequest;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_broker_names_all_brokers_and_hands_out_its_own_producer_ids() {
    let cluster = Cluster::of(3).await;
    let mut ids = BTreeSet::new();
    for node in &cluster.nodes {
        let described = cluster
            .until("three brokers", async |_| {
                let response = node.ask(0, &DescribeClusterRequest::default()).await?;
                (response.brokers.len() == 3).then_some(response)
            })
            .await;
        let ports: BTreeSet<i32> = described.brokers.iter().map(|broker| broker.port).collect();
        let expected: BTreeSet<i32> = cluster
            .nodes
            .iter()
            .map(|one| i32::from(one.port))
            .collect();
        assert_eq!(ports, expected);
        let request = InitProducerIdRequest {
            transactional_id: None,
            ..Default::default()
        };
        let response = node.ask(4, &request).await.unwrap();
        assert_eq!(response.error_code, ErrorCode::NONE);
        assert!(ids.insert(response.producer_id), "an id is given once");
    }
}

#[tokio::test]
async fn no_client_is_told_not_controller_while_a_new_controller_is_elected() {
    let cluster = Cluster::of(3).await;
    let active = cluster.until("a controller", Cluster::active).await;
    cluster.node(active).kill();
    // One of them is elected, the other forwards to it.
    for asked in cluster.nodes.iter().filter(|node| node.id != active) {
        let name = format!("during-{}", asked.id);
        let response = cluster
            .until("an answer", async |_| {
                let response = asked.ask(5, &create(&name, 1, &[])).await?;
                Some(response.topics[0].error_code)
            })
            .await;
        // Asked again after an answer that got lost, it is there already.
        assert!(
            [ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS].contains(&response),
            "{response:?}"
        );
    }
}

/// A broker's own configs go to that broker, which checks the address, and to the controller, which must not check it again.
#[tokio::test]
async fn a_broker_that_is_not_the_controller_takes_its_own_configs() {
    let cluster = Cluster::of(3).await;
    let active = cluster.until("a controller", Cluster::active).await;
    let asked = cluster.nodes.iter().find(|node| node.id != active).unwrap();
    let request = |name: i32| IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 4,
            resource_name: name.to_string().into(),
            configs: vec![AlterableConfig {
                name: "log.cleaner.threads".into(),
                value: Some("2".into()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    for (name, expected) in [
        (asked.id, ErrorCode::NONE),
        (active, ErrorCode::INVALID_REQUEST),
    ] {
        let response = asked.ask(1, &request(name)).await.unwrap();
        let error = response.responses[0].error_code;
        assert_eq!(error, expected, "{:?}", response.responses[0].error_message);
    }
}
