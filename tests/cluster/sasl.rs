//! A cluster in which everybody logs in: clients, brokers at each other and at controllers, controllers at each other.

use crate::host::{Cluster, DEADLINE, Node};
use crate::wire::{Client, create};
use ottla::auth::sasl::plain::Password;
use ottla::auth::sasl::scram::{Hash, client};
use ottla_protocol::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, ScramCredentialUpsertion,
};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::messages::sasl_authenticate::SaslAuthenticateRequest;
use ottla_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use ottla_protocol::{Bytes, ErrorCode};
use tokio::net::TcpStream;

type Raw = Client<TcpStream>;

/// Brokers log in at each other by SCRAM, at controllers by PLAIN, all as first users.
fn secured() -> Cluster {
    let mut cluster = Cluster::named(3);
    let scram = "ScramLoginModule required username=broker password=b user_broker=b;";
    let plain = "PlainLoginModule required username=controller password=c user_controller=c;";
    for node in &mut cluster.nodes {
        for (key, value) in [
            (
                "listener.security.protocol.map",
                "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            ),
            ("inter.broker.listener.name", "PLAINTEXT"),
            ("sasl.enabled.mechanisms", "SCRAM-SHA-512,PLAIN"),
            ("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512"),
            ("sasl.mechanism.controller.protocol", "PLAIN"),
            (
                "listener.name.plaintext.scram-sha-512.sasl.jaas.config",
                scram,
            ),
            ("listener.name.controller.plain.sasl.jaas.config", plain),
            ("ottla.sasl.users", "admin=secret"),
            ("default.replication.factor", "3"),
        ] {
            node.set(key, value);
        }
    }
    cluster
}

async fn connect(node: &Node) -> Option<Raw> {
    let stream = TcpStream::connect(("127.0.0.1", node.port)).await.ok()?;
    Some(Client::on(stream))
}

async fn token(client: &mut Raw, token: impl Into<Bytes>) -> Option<(ErrorCode, Bytes)> {
    let request = SaslAuthenticateRequest {
        auth_bytes: token.into(),
        ..Default::default()
    };
    let answer = client.ask(2, &request).await.ok()?;
    Some((answer.error_code, answer.auth_bytes))
}

async fn handshake(client: &mut Raw, mechanism: &str) -> Option<()> {
    let request = SaslHandshakeRequest {
        mechanism: mechanism.into(),
    };
    let answer = client.ask(1, &request).await.ok()?;
    (answer.error_code == ErrorCode::NONE).then_some(())
}

async fn admin(node: &Node) -> Option<Raw> {
    let mut client = connect(node).await?;
    handshake(&mut client, "PLAIN").await?;
    let (error, _) = token(&mut client, "\0admin\0secret").await?;
    (error == ErrorCode::NONE).then_some(client)
}

async fn scram(node: &Node, user: &str, password: &str) -> Option<ErrorCode> {
    let mut client = connect(node).await?;
    handshake(&mut client, "SCRAM-SHA-512").await?;
    let password = Password::new(password);
    let (first, begun) = client::begin(Hash::Sha512, user, password, false, "n".to_owned());
    let (error, challenge) = token(&mut client, first).await?;
    if error != ErrorCode::NONE {
        return Some(error);
    }
    let (last, _) = begun.answer(&challenge).ok()?;
    Some(token(&mut client, last).await?.0)
}

/// As Kafka's clients make it: the salted password, not the password.
fn upsertion(user: &str, password: &str) -> AlterUserScramCredentialsRequest {
    use aws_lc_rs::pbkdf2;
    let mut salted = vec![0; 64];
    let iterations = std::num::NonZeroU32::new(4096).unwrap();
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA512;
    pbkdf2::derive(
        algorithm,
        iterations,
        b"salt",
        password.as_bytes(),
        &mut salted,
    );
    AlterUserScramCredentialsRequest {
        upsertions: vec![ScramCredentialUpsertion {
            name: user.into(),
            mechanism: 2,
            iterations: 4096,
            salt: Bytes::from_static(b"salt"),
            salted_password: salted.into(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[tokio::test]
async fn everybody_logs_in_and_a_user_made_anywhere_is_known_everywhere_at_once() {
    let cluster = secured();
    for node in &cluster.nodes {
        node.start();
    }
    for node in &cluster.nodes {
        node.ready().await;
    }
    // Replication goes over logged-in links: a topic of three replicas is led and in sync.
    let answer = cluster
        .until("a topic of three replicas", async |cluster| {
            let mut client = admin(cluster.node(1)).await?;
            let mut request = create("logged-in", 3, &[]);
            request.topics[0].replication_factor = 3;
            let answer = client.ask(5, &request).await.ok()?;
            let error = answer.topics[0].error_code;
            let is_there = [ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS].contains(&error);
            is_there.then_some(error)
        })
        .await;
    assert!([ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS].contains(&answer));
    cluster
        .until("all replicas in sync", async |cluster| {
            let mut client = admin(cluster.node(2)).await?;
            let answer = client.ask(12, &everything()).await.ok()?;
            let topic = answer.topics.first()?;
            let in_sync = |partition: &_| {
                let partition: &ottla_protocol::messages::metadata::MetadataResponsePartition =
                    partition;
                partition.isr_nodes.len() == 3
            };
            topic.partitions.iter().all(in_sync).then_some(())
        })
        .await;

    for (number, node) in cluster.nodes.iter().enumerate() {
        let user = format!("user-{number}");
        let mut client = admin(node).await.expect("logs in");
        let altered = client.ask(0, &upsertion(&user, "pw")).await.unwrap();
        assert_eq!(altered.results[0].error_code, ErrorCode::NONE);
        for node in &cluster.nodes {
            let attempt = tokio::time::timeout(DEADLINE, scram(node, &user, "pw"));
            assert_eq!(attempt.await.unwrap(), Some(ErrorCode::NONE), "at once");
            let failed = Some(ErrorCode::SASL_AUTHENTICATION_FAILED);
            assert_eq!(scram(node, &user, "no").await, failed);
        }
    }
    let failed = Some(ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert_eq!(scram(cluster.node(3), "nobody", "pw").await, failed);
}

/// Of all topics.
fn everything() -> MetadataRequest {
    MetadataRequest {
        topics: None,
        ..Default::default()
    }
}

/// The brokers that a node tells its clients of.
async fn brokers(node: &Node) -> Option<usize> {
    let mut client = admin(node).await?;
    let answer = client.ask(12, &everything()).await.ok()?;
    Some(answer.brokers.len())
}

#[tokio::test]
async fn a_node_that_does_not_know_the_password_is_not_let_in() {
    let mut cluster = secured();
    for node in &cluster.nodes {
        node.start();
    }
    for node in &cluster.nodes {
        node.ready().await;
    }
    cluster.node(3).stop();
    let two_left = async |cluster: &Cluster| {
        let count = brokers(cluster.node(1)).await?;
        (count == 2).then_some(())
    };
    cluster.until("node 3 has left", two_left).await;
    let wrong = "PlainLoginModule required username=controller password=wrong;";
    let key = "listener.name.controller.plain.sasl.jaas.config";
    cluster.node_mut(3).set(key, wrong);
    cluster.node(3).start();
    cluster
        .until("the others refuse it", async |cluster| {
            let mut others = [1, 2].iter().map(|id| cluster.node(*id).output());
            let refused = others.any(|said| said.contains("failed authentication by PLAIN"));
            refused.then_some(())
        })
        .await;
    assert_eq!(brokers(cluster.node(1)).await, Some(2));
}
