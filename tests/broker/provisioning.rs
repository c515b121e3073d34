//! Topics and ACLs that a file names (`ottla.provision.file`).

use super::host::{Broker, until};
use ottla_controller::image::Image;
use std::sync::Arc;

const FILE: (&str, &str) = ("ottla.provision.file", "{}/provision.json");

fn image(broker: &Broker) -> Arc<Image> {
    broker.node().controller().metadata().image()
}

fn partitions(broker: &Broker, topic: &str) -> Option<i32> {
    let image = image(broker);
    image
        .topics
        .by_name(topic)
        .map(|topic| topic.partition_count())
}

#[tokio::test]
async fn what_the_provisioning_file_names_is_created_and_what_is_there_is_left_alone() {
    let first = r#"{"topics": [{"name": "orders", "partitions": 3, "config": {"retention.ms": 5000}}, {"name": "too-many", "replicationFactor": 3}],
        "acls": [{"principal": "User:shop", "resourceType": "topic", "resourceName": "orders", "operations": ["Read", "Write"]}]}"#;
    let prepare =
        |folder: &std::path::Path| std::fs::write(folder.join("provision.json"), first).unwrap();
    let broker = Broker::prepared(&[FILE], None, prepare).await.unwrap();
    let there = until("the topic and its ACLs are there", async || {
        partitions(&broker, "orders").filter(|_| image(&broker).acls.iter().count() == 2)
    });
    assert_eq!(there.await, 3);
    assert_eq!(
        partitions(&broker, "too-many"),
        None,
        "one broker has no room for three replicas"
    );

    let grown = r#"{"topics": [{"name": "orders", "partitions": 5}, {"name": "more"}]}"#;
    std::fs::write(broker.folder().join("provision.json"), grown).unwrap();
    until("it grows", async || {
        partitions(&broker, "orders").filter(|count| *count == 5)
    })
    .await;
    until("another is there", async || partitions(&broker, "more")).await;
    assert_eq!(
        image(&broker).acls.iter().count(),
        2,
        "what the file no longer names stays"
    );

    let smaller = r#"{"topics": [{"name": "orders", "partitions": 1}, {"name": "last"}]}"#;
    std::fs::write(broker.folder().join("provision.json"), smaller).unwrap();
    until("the third is there", async || partitions(&broker, "last")).await;
    assert_eq!(
        partitions(&broker, "orders"),
        Some(5),
        "a topic never shrinks"
    );
}
