//! TLS as clients see it: everything that goes over plaintext goes over TLS, certificates change without a failed request, and whoever speaks the
//! wrong language is told so.

use crate::host::{Broker, soon, until};
use crate::wire::authority::{Authority, Issued};
use crate::wire::{Client, batch, bytes_of, read};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::api_versions::ApiVersionsRequest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const BROKER: i8 = 4;

type Secure = Client<TlsStream<TcpStream>>;

fn trusting(authorities: &[&Authority], own: Option<&Issued>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        let der = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
        roots.add(der).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = CertificateDer::pem_slice_iter(own.chain.as_bytes()).map(Result::unwrap);
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain.collect(), key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn connect(port: u16, connector: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, stream).await
}

/// A connection and the certificate that was shown on it.
async fn client(
    broker: &Broker,
    listener: usize,
    connector: &TlsConnector,
) -> io::Result<(Secure, Vec<u8>)> {
    let stream = connect(broker.port_of(listener), connector).await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    Ok((Client::on(stream), shown))
}

fn put(folder: &Path, issued: &Issued) {
    std::fs::write(folder.join("new.pem"), issued.both()).unwrap();
    std::fs::rename(folder.join("new.pem"), folder.join("tls.pem")).unwrap();
}

const SSL: [(&str, &str); 5] = [
    ("listeners", "SSL://127.0.0.1:0,PLAINTEXT://127.0.0.1:0"),
    ("inter.broker.listener.name", "PLAINTEXT"),
    ("ssl.keystore.type", "PEM"),
    ("ssl.keystore.location", "{}/tls.pem"),
    (
        "listener.security.protocol.map",
        "SSL:SSL,PLAINTEXT:PLAINTEXT,OTHER:SSL",
    ),
];

async fn start(authority: &Authority, more: &[(&str, &str)]) -> Broker {
    let settings = [&SSL, more].concat();
    let issued = authority.issue("broker", &["localhost"]);
    let started = Broker::prepared(&settings, None, |folder| put(folder, &issued));
    started.await.expect("starts")
}

#[tokio::test]
async fn what_goes_over_plaintext_goes_over_tls() {
    let authority = Authority::new("A");
    let broker = start(&authority, &[]).await;
    let (mut client, _) = client(&broker, 0, &trusting(&[&authority], None))
        .await
        .unwrap();
    assert_eq!(
        client
            .create("orders", 1, &[("max.message.bytes", "4000000")])
            .await
            .unwrap(),
        ErrorCode::NONE
    );
    let values: Vec<Vec<u8>> = (0..3).map(|number| vec![b'a' + number; 900_000]).collect();
    for _ in 0..4 {
        let produced = client
            .produce("orders", 0, batch(None, 1, &values))
            .await
            .unwrap();
        assert_eq!(produced.error_code, ErrorCode::NONE);
    }
    // Both ways through both listeners: what is read by TLS is what plaintext sends from the file.
    let mut plain = broker.client_of(1).await;
    for offset in [0, 3, 6, 9] {
        let by_tls = soon("the fetch", client.fetch("orders", 0, offset))
            .await
            .unwrap();
        let by_plaintext = plain.fetch("orders", 0, offset).await.unwrap();
        assert_eq!(read(&by_tls.records).len(), 3);
        assert_eq!(by_tls.records, by_plaintext.records);
    }
}

#[tokio::test]
async fn each_listener_shows_its_own_certificate_and_asks_by_its_own_rules() {
    let (authority, inner) = (Authority::new("A"), Authority::new("B"));
    let (own, known) = (
        inner.issue("broker", &["localhost"]),
        inner.issue("client", &[]),
    );
    let more = [
        (
            "listeners",
            "SSL://127.0.0.1:0,OTHER://127.0.0.1:0,PLAINTEXT://127.0.0.1:0",
        ),
        ("listener.name.other.ssl.keystore.key", own.key.as_str()),
        (
            "listener.name.other.ssl.keystore.certificate.chain",
            &own.chain,
        ),
        (
            "listener.name.other.ssl.truststore.certificates",
            &inner.pem,
        ),
        ("listener.name.other.ssl.client.auth", "required"),
    ];
    let broker = start(&authority, &more).await;
    let (mut outside, _) = client(&broker, 0, &trusting(&[&authority], None))
        .await
        .unwrap();
    outside.metadata(None).await.unwrap();
    let (mut inside, _) = client(&broker, 1, &trusting(&[&inner], Some(&known)))
        .await
        .unwrap();
    inside.metadata(None).await.unwrap();
    assert!(
        client(&broker, 0, &trusting(&[&inner], None))
            .await
            .is_err()
    );
    // Without a certificate the handshake looks done to the client, and the broker ends it.
    let (mut refused, _) = client(&broker, 1, &trusting(&[&inner], None))
        .await
        .unwrap();
    assert!(refused.metadata(None).await.is_err());
}

#[tokio::test]
async fn who_speaks_the_wrong_language_is_cut_off_and_counted() {
    let authority = Authority::new("A");
    let broker = start(&authority, &[]).await;
    let mut plain = broker.client_of(0).await;
    assert!(soon("an end", plain.metadata(None)).await.is_err());
    let counts = |outcome: &str| {
        format!("ottla_tls_handshakes_total{{listener=\"SSL\",outcome=\"{outcome}\"}} 1\n")
    };
    until("it is counted", async || {
        broker
            .node()
            .metrics
            .text()
            .contains(&counts("failed"))
            .then_some(())
    })
    .await;
    let connector = trusting(&[&authority], None);
    let secure = connect(broker.port_of(1), &connector);
    assert!(soon("an end", secure).await.is_err());
    let (mut client, _) = client(&broker, 0, &trusting(&[&authority], None))
        .await
        .unwrap();
    client.metadata(None).await.unwrap();
    assert!(broker.node().metrics.text().contains(&counts("done")));
}

#[tokio::test]
async fn a_goodbye_is_said_when_the_broker_stops() {
    let authority = Authority::new("A");
    let mut broker = start(&authority, &[]).await;
    let connector = trusting(&[&authority], None);
    let mut stream = connect(broker.port_of(0), &connector).await.unwrap();
    let request = bytes_of(0, 1, &ApiVersionsRequest::default());
    stream.write_all(&request).await.unwrap();
    stream.flush().await.unwrap();
    let size = stream.read_i32().await.unwrap();
    let mut answer = vec![0; usize::try_from(size).unwrap()];
    stream.read_exact(&mut answer).await.unwrap();
    broker.stop().await;
    // An end without a goodbye is an error here.
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_replaced_under_load_without_a_failed_request() {
    let (one, two) = (Authority::new("A"), Authority::new("B"));
    let broker = Arc::new(start(&one, &[]).await);
    let connector = trusting(&[&one, &two], None);
    let (mut first, mut shown) = client(&broker, 0, &connector).await.unwrap();
    first.create("orders", 1, &[]).await.unwrap();
    let (is_over, requests) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let load = |is_lasting: bool| {
        let (broker, connector) = (broker.clone(), connector.clone());
        let (is_over, requests) = (is_over.clone(), requests.clone());
        tokio::spawn(async move {
            let mut kept = None;
            while !is_over.load(Ordering::Relaxed) {
                let mut used = match kept.take().filter(|_| is_lasting) {
                    Some(kept) => kept,
                    None => client(&broker, 0, &connector).await.expect("connects").0,
                };
                let produced = used
                    .produce("orders", 0, batch(None, 1, &["x"]))
                    .await
                    .expect("answered");
                assert_eq!(produced.error_code, ErrorCode::NONE);
                requests.fetch_add(1, Ordering::Relaxed);
                kept = Some(used);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    let running = [load(true), load(false), load(false)];
    for authority in [&two, &one] {
        put(broker.folder(), &authority.issue("broker", &["localhost"]));
        shown = until("the new certificate", async || {
            let (_, now) = client(&broker, 0, &connector).await.expect("connects");
            (now != shown).then_some(now)
        })
        .await;
    }
    is_over.store(true, Ordering::Relaxed);
    for running in running {
        running.await.expect("no request failed");
    }
    assert!(requests.load(Ordering::Relaxed) > 20);
    first
        .metadata(None)
        .await
        .expect("the first connection lives on");
}

#[tokio::test]
async fn a_listeners_keystore_is_changed_for_one_broker_while_it_runs() {
    let (one, two) = (Authority::new("A"), Authority::new("B"));
    let broker = start(&one, &[]).await;
    let other = broker.folder().join("other.pem").display().to_string();
    std::fs::write(&other, two.issue("broker", &["localhost"]).both()).unwrap();
    let mut admin = broker.client_of(1).await;
    let general = admin
        .alter(BROKER, "1", "ssl.keystore.location", Some(&other))
        .await
        .unwrap();
    assert_eq!(general, ErrorCode::INVALID_REQUEST, "only per listener");
    let own = "listener.name.ssl.ssl.keystore.location";
    assert_eq!(
        admin.alter(BROKER, "1", own, Some(&other)).await.unwrap(),
        ErrorCode::NONE
    );
    let by_two = trusting(&[&two], None);
    until("the new certificate", async || {
        client(&broker, 0, &by_two).await.ok()
    })
    .await;
    assert_eq!(
        admin.alter(BROKER, "1", own, None).await.unwrap(),
        ErrorCode::NONE
    );
    let by_one = trusting(&[&one], None);
    until("the old certificate", async || {
        client(&broker, 0, &by_one).await.ok()
    })
    .await;
}
