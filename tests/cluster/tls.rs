//! Three nodes that speak nothing but TLS, and show each other certificates: clients, brokers and controllers.

use crate::host::{Cluster, DEADLINE};
use crate::wire::authority::{Authority, Issued};
use crate::wire::{Client, PRODUCE, batch, create, produce};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::{ErrorCode, Request};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

fn connector(authority: &Authority, own: &Issued) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let chain = CertificateDer::pem_slice_iter(own.chain.as_bytes()).map(Result::unwrap);
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    TlsConnector::from(Arc::new(
        builder.with_client_auth_cert(chain.collect(), key).unwrap(),
    ))
}

async fn ask<R: Request>(
    port: u16,
    connector: &TlsConnector,
    version: i16,
    request: &R,
) -> Option<R::Response> {
    let asked = async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = connector.connect(name, stream).await.ok()?;
        Client::on(stream).ask(version, request).await.ok()
    };
    tokio::time::timeout(Duration::from_secs(5), asked)
        .await
        .ok()?
}

/// Polls until there is an answer, and shows what the nodes said otherwise.
async fn until<T>(cluster: &Cluster, what: &str, asked: impl AsyncFn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = asked().await {
            return answer;
        }
        if began.elapsed() > DEADLINE {
            for node in &cluster.nodes {
                eprintln!("--- node {} ---\n{}", node.id, node.output());
            }
            panic!("{what}: not within {DEADLINE:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn three_nodes_speak_tls_everywhere_and_show_each_other_certificates() {
    let authority = Authority::new("A");
    let folder = TempDir::new().unwrap();
    let trust = folder.path().join("trust.pem").display().to_string();
    std::fs::write(&trust, &authority.pem).unwrap();
    let mut cluster = Cluster::named(3);
    for node in &mut cluster.nodes {
        let keystore = folder
            .path()
            .join(format!("{}.pem", node.id))
            .display()
            .to_string();
        let issued = authority.issue(&format!("node{}", node.id), &["127.0.0.1"]);
        std::fs::write(&keystore, issued.both()).unwrap();
        let listeners = format!(
            "SSL://127.0.0.1:{},CONTROLLER://127.0.0.1:{}",
            node.port, node.controller_port
        );
        for (key, value) in [
            ("listeners", listeners.as_str()),
            ("security.inter.broker.protocol", "SSL"),
            ("listener.security.protocol.map", "SSL:SSL,CONTROLLER:SSL"),
            ("ssl.client.auth", "required"),
            ("ssl.keystore.type", "PEM"),
            ("ssl.keystore.location", &keystore),
            ("ssl.truststore.type", "PEM"),
            ("ssl.truststore.location", &trust),
        ] {
            node.set(key, value);
        }
        node.start();
    }
    let connector = connector(&authority, &authority.issue("client", &[]));
    let port = cluster.node(1).port;
    until(&cluster, "three brokers", async || {
        let response = ask(port, &connector, 9, &MetadataRequest::default()).await?;
        (response.brokers.len() == 3).then_some(())
    })
    .await;
    // A topic with three replicas, written with acks=all: metadata, forwarding and replication all go over TLS.
    let mut request = create("kept", 1, &[("min.insync.replicas", "3")]);
    request.topics[0].replication_factor = 3;
    let created = ask(port, &connector, 5, &request).await.unwrap();
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
    until(&cluster, "a write that all replicas have", async || {
        for node in &cluster.nodes {
            let request = produce("kept", 0, batch(None, 0, &["value"]));
            let answered = ask(node.port, &connector, PRODUCE, &request).await;
            let error =
                answered.map(|response| response.responses[0].partition_responses[0].error_code);
            if error == Some(ErrorCode::NONE) {
                return Some(());
            }
        }
        None
    })
    .await;
    // Plaintext gets nowhere, at either listener.
    for port in [cluster.node(1).port, cluster.node(1).controller_port] {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let asked = Client::on(stream).ask(9, &MetadataRequest::default()).await;
        assert!(asked.is_err());
    }
}
