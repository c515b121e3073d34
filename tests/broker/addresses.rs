//! Listeners: every one that is configured, each answering with its own address.

use super::host::Broker;
use ottla_protocol::Str;
use ottla_protocol::messages::describe_cluster::DescribeClusterRequest;

const TWO: &[(&str, &str)] = &[
    ("listeners", "INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0"),
    (
        "listener.security.protocol.map",
        "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT",
    ),
    ("inter.broker.listener.name", "INSIDE"),
];

#[tokio::test]
async fn a_broker_listens_on_every_listener_of_its_config() {
    let broker = Broker::with(TWO).await;
    assert_ne!(broker.port_of(0), broker.port_of(1));
    for listener in [0, 1] {
        let mut client = broker.client_of(listener).await;
        let response = client.metadata(None).await.unwrap();
        let port = i32::from(broker.port_of(listener));
        assert_eq!(response.brokers[0].port, port, "port 0 is the real port");
    }
}

#[tokio::test]
async fn each_listener_answers_with_its_own_advertised_address() {
    let mut settings = TWO.to_vec();
    settings.push((
        "advertised.listeners",
        "INSIDE://inside.example:0,OUTSIDE://outside.example:0",
    ));
    let broker = Broker::with(&settings).await;
    for (listener, host) in [(0, "inside.example"), (1, "outside.example")] {
        let mut client = broker.client_of(listener).await;
        let metadata = client.metadata(None).await.unwrap();
        assert_eq!(metadata.brokers[0].host, Str::from(host));
        let asked = client.ask(1, &DescribeClusterRequest::default()).await;
        let cluster = asked.unwrap();
        assert_eq!(cluster.brokers[0].host, Str::from(host));
        assert_eq!(cluster.brokers[0].port, metadata.brokers[0].port);
    }
}

#[tokio::test]
async fn a_brokers_rack_is_in_its_registration() {
    let broker = Broker::with(&[("broker.rack", "shelf-3")]).await;
    let metadata = broker.client().await.metadata(None).await.unwrap();
    assert_eq!(metadata.brokers[0].rack.as_deref(), Some("shelf-3"));
}
