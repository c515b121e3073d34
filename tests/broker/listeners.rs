//! Several listeners: every address that an answer carries is that of the listener the request came in on.

use crate::host::Broker;
use ottla_protocol::messages::describe_cluster::DescribeClusterRequest;
use ottla_protocol::messages::metadata::MetadataRequest;

#[tokio::test]
async fn an_answer_names_the_address_of_the_listener_it_was_asked_on() {
    let keys = [
        ("listeners", "INSIDE://localhost:0,OUTSIDE://127.0.0.1:0"),
        (
            "listener.security.protocol.map",
            "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT",
        ),
        (
            "advertised.listeners",
            "INSIDE://localhost:0,OUTSIDE://broker.example:9999",
        ),
        ("inter.broker.listener.name", "INSIDE"),
    ];
    let mut node = Broker::with(&keys).await;
    let told: Vec<_> = node
        .node()
        .advertised
        .iter()
        .map(|listener| listener.advertised.to_string())
        .collect();
    assert_eq!(told[1], "broker.example:9999");
    let inside = node.port_of(0);
    assert_ne!(inside, 0, "port 0 is told as the real one");
    let mut client = node.client().await;
    let metadata = client.ask(12, &MetadataRequest::default()).await.unwrap();
    assert_eq!(
        (&*metadata.brokers[0].host, metadata.brokers[0].port),
        ("localhost", i32::from(inside))
    );
    let cluster = client
        .ask(
            1,
            &DescribeClusterRequest {
                endpoint_type: 1,
                ..Default::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (&*cluster.brokers[0].host, cluster.brokers[0].port),
        ("localhost", i32::from(inside))
    );
    node.stop().await;
}

#[tokio::test]
async fn localhost_answers_on_both_loopback_families() {
    let mut node = Broker::with(&[("listeners", "PLAINTEXT://localhost:0")]).await;
    for host in ["127.0.0.1", "::1"] {
        match tokio::net::TcpStream::connect((host, node.port_of(0))).await {
            Ok(_) => {}
            Err(_) => assert_eq!(host, "::1", "only IPv6 may be missing"),
        }
    }
    node.stop().await;
}
