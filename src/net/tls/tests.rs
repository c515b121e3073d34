//! TLS between two ends of a pipe, and certificates that change.

#[path = "../../../tests/wire/authority.rs"]
mod authority;
mod changes;

use super::certificates::{Certificates, Purpose, TlsOf};
use super::handshake::{Accepted, Refused};
use super::stream::Encrypted;
use crate::config::load::StaticConfig;
use crate::config::tls::TlsValues;
use crate::config::{Layers, ListenerName, SecurityProtocol, Unset};
use crate::metrics::{Metrics, TlsMetrics};
use crate::net::world::Transport;
use authority::{Authority, Issued, self_signed};
use ottla_storage::disk::RealDisk;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

fn values(pairs: &[(&str, &str)]) -> TlsValues {
    let node = StaticConfig::of(pairs);
    let layers = Layers {
        broker: &Unset,
        cluster: &Unset,
        node: &node,
    };
    TlsValues::resolve(&layers, &ListenerName::new("L"), SecurityProtocol::Ssl)
}

fn metrics() -> Arc<TlsMetrics> {
    Metrics::new(crate::api::labels()).tls.clone()
}

const NO_PURPOSE: Purpose = Purpose {
    accepts: false,
    connects: false,
};

fn open(pairs: &[(&str, &str)]) -> Result<Certificates, String> {
    let listeners = vec![("L".to_owned(), values(pairs), NO_PURPOSE)];
    Certificates::open(Arc::new(RealDisk), listeners, &metrics(), 0)
}

fn tls(pairs: &[(&str, &str)]) -> Arc<TlsOf> {
    open(pairs).unwrap().of("L").unwrap().clone()
}

fn server(issued: &Issued, more: &[(&str, &str)]) -> Arc<TlsOf> {
    let mut pairs = vec![
        ("ssl.keystore.certificate.chain", issued.chain.as_str()),
        ("ssl.keystore.key", issued.key.as_str()),
    ];
    pairs.extend(more);
    tls(&pairs)
}

fn trusting(authority: &Authority, more: &[(&str, &str)]) -> Arc<TlsOf> {
    let mut pairs = vec![("ssl.truststore.certificates", authority.pem.as_str())];
    pairs.extend(more);
    tls(&pairs)
}

type Met = (
    Result<Accepted<DuplexStream>, Refused>,
    io::Result<Encrypted<DuplexStream>>,
);

async fn meet(server: &TlsOf, client: &TlsOf, host: &str) -> Met {
    let (near, far) = tokio::io::duplex(16 * 1024);
    tokio::join!(server.accept(near), client.connect(far, host))
}

/// Whom the server takes the client for.
async fn taken_for(server: &TlsOf, client: &TlsOf) -> Result<String, String> {
    match meet(server, client, "localhost").await {
        (Ok(accepted), _) => Ok(accepted.principal.to_string()),
        (Err(Refused::Failed(why)), _) => Err(why),
        (Err(other), _) => Err(format!("{other:?}")),
    }
}

/// What the client finds wrong.
async fn refused_by_client(server: &TlsOf, client: &TlsOf, host: &str) -> Option<String> {
    meet(server, client, host)
        .await
        .1
        .err()
        .map(|error| error.to_string())
}

#[tokio::test]
async fn a_server_shows_its_inline_certificate_to_those_that_trust_its_authority() {
    let (authority, stranger) = (Authority::new("A"), Authority::new("B"));
    let server = server(&authority.issue("s", &["localhost"]), &[]);
    assert_eq!(
        taken_for(&server, &trusting(&authority, &[]))
            .await
            .unwrap(),
        "User:ANONYMOUS"
    );
    let (accepted, connected) = meet(&server, &trusting(&stranger, &[]), "localhost").await;
    let why = connected.err().unwrap().to_string();
    assert!(
        why.contains("from none that ssl.truststore trusts"),
        "{why}"
    );
    let Err(Refused::Failed(why)) = accepted.map(|_| ()) else {
        panic!("accepted")
    };
    assert!(
        why.contains("does not accept this node's certificate"),
        "{why}"
    );
}

#[tokio::test]
async fn clients_must_may_or_need_not_show_a_certificate() {
    let (authority, stranger) = (Authority::new("A"), Authority::new("B"));
    let issued = authority.issue("s", &["localhost"]);
    let with = |auth| {
        server(
            &issued,
            &[
                ("ssl.client.auth", auth),
                ("ssl.truststore.certificates", &authority.pem),
            ],
        )
    };
    let none = trusting(&authority, &[]);
    let client = |issued: &Issued| {
        trusting(
            &authority,
            &[
                ("ssl.keystore.certificate.chain", &issued.chain),
                ("ssl.keystore.key", &issued.key),
            ],
        )
    };
    let (known, unknown) = (
        client(&authority.issue("c", &[])),
        client(&stranger.issue("c", &[])),
    );
    let expired = client(&authority.issue_expired("c", &[]));
    let named = Ok("User:CN=c,O=Ottla".to_owned());
    let anonymous = Ok("User:ANONYMOUS".to_owned());
    assert_eq!(taken_for(&with("none"), &known).await, anonymous);
    assert_eq!(taken_for(&with("requested"), &known).await, named);
    assert_eq!(taken_for(&with("requested"), &none).await, anonymous);
    assert_eq!(taken_for(&with("required"), &known).await, named);
    for (client, part) in [
        (&none, "showed no certificate"),
        (&unknown, "from none that ssl.truststore trusts"),
        (&expired, "expired"),
    ] {
        let why = taken_for(&with("required"), client).await.unwrap_err();
        assert!(why.contains(part), "{why}");
    }
    assert!(taken_for(&with("requested"), &unknown).await.is_err());
}

#[tokio::test]
async fn a_clients_name_is_mapped_by_the_rules_and_one_without_a_rule_is_refused() {
    let authority = Authority::new("A");
    let issued = authority.issue("s", &["localhost"]);
    let rules = "RULE:^CN=([^,]+),O=Ottla$/$1/U";
    let more = [
        ("ssl.client.auth", "required"),
        ("ssl.truststore.certificates", &authority.pem),
        ("ssl.principal.mapping.rules", rules),
    ];
    let server = server(&issued, &more);
    let client = authority.issue("c", &[]);
    let own = [
        ("ssl.keystore.certificate.chain", client.chain.as_str()),
        ("ssl.keystore.key", &client.key),
    ];
    assert_eq!(
        taken_for(&server, &trusting(&authority, &own))
            .await
            .unwrap(),
        "User:C"
    );
    let client = authority.issue("a,b", &[]);
    let own = [
        ("ssl.keystore.certificate.chain", client.chain.as_str()),
        ("ssl.keystore.key", &client.key),
    ];
    let why = taken_for(&server, &trusting(&authority, &own))
        .await
        .unwrap_err();
    assert!(why.contains("applies to CN=a\\,b,O=Ottla"), "{why}");
}

#[tokio::test]
async fn a_self_signed_certificate_in_the_truststore_is_trusted_itself() {
    let (own, other) = (
        self_signed("s", &["localhost"]),
        self_signed("s", &["localhost"]),
    );
    let trusting = |issued: &Issued| tls(&[("ssl.truststore.certificates", &issued.chain)]);
    let server = server(&own, &[]);
    assert_eq!(
        refused_by_client(&server, &trusting(&own), "localhost").await,
        None
    );
    assert!(
        refused_by_client(&server, &trusting(&other), "localhost")
            .await
            .is_some()
    );
    assert!(
        refused_by_client(&server, &trusting(&own), "elsewhere")
            .await
            .is_some()
    );
}

#[tokio::test]
async fn the_name_dialled_must_be_in_the_certificate_unless_that_is_turned_off() {
    let authority = Authority::new("A");
    let server = server(&authority.issue("s", &["broker.example", "127.0.0.1"]), &[]);
    let (strict, lax) = (
        trusting(&authority, &[]),
        trusting(&authority, &[("ssl.endpoint.identification.algorithm", "")]),
    );
    for (host, fits) in [
        ("broker.example", true),
        ("127.0.0.1", true),
        ("localhost", false),
        ("[::1]", false),
    ] {
        assert_eq!(
            refused_by_client(&server, &strict, host).await.is_none(),
            fits,
            "{host}"
        );
        assert_eq!(refused_by_client(&server, &lax, host).await, None, "{host}");
    }
    let stranger = trusting(
        &Authority::new("B"),
        &[("ssl.endpoint.identification.algorithm", "")],
    );
    assert!(
        refused_by_client(&server, &stranger, "localhost")
            .await
            .is_some(),
        "only names are passed over"
    );
}

#[tokio::test]
async fn only_enabled_versions_and_named_suites_are_spoken() {
    let authority = Authority::new("A");
    let issued = authority.issue("s", &["localhost"]);
    let server = |more: &[(&str, &str)]| server(&issued, more);
    let client = |more: &[(&str, &str)]| trusting(&authority, more);
    let (old, new) = (
        ("ssl.enabled.protocols", "TLSv1.2"),
        ("ssl.enabled.protocols", "TLSv1.3"),
    );
    let in_common = async |server: &[(&str, &str)], of: Arc<TlsOf>, client: Arc<TlsOf>| {
        let met = meet(&of, &client, "localhost").await;
        assert_eq!(met.0.is_ok(), met.1.is_ok(), "{server:?}");
        met.0.is_ok()
    };
    assert!(in_common(&[old], server(&[old]), client(&[old])).await);
    assert!(!in_common(&[old], server(&[old]), client(&[new])).await);
    assert!(!in_common(&[new], server(&[new]), client(&[old])).await);
    // As ssl.protocol says, although both are enabled.
    let capped = client(&[("ssl.protocol", "TLSv1.2")]);
    assert!(!in_common(&[new], server(&[new]), capped).await);
    let suite = |name| ("ssl.cipher.suites", name);
    let (one, other) = (
        suite("TLS_AES_256_GCM_SHA384,TLS_RSA_WITH_AES_128_CBC_SHA"),
        suite("TLS_AES_128_GCM_SHA256"),
    );
    assert!(in_common(&[one], server(&[one, new]), client(&[one, new])).await);
    assert!(!in_common(&[one], server(&[one, new]), client(&[other, new])).await);
    for (pair, part) in [
        (
            suite("TLS_RSA_WITH_AES_128_CBC_SHA"),
            "names none that is served",
        ),
        (
            ("ssl.enabled.protocols", "TLSv1.1"),
            "leaves none that is served",
        ),
    ] {
        let error = open(&[
            ("ssl.keystore.certificate.chain", &issued.chain),
            ("ssl.keystore.key", &issued.key),
            pair,
        ])
        .err()
        .unwrap();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_not_finished_in_time_is_given_up() {
    let authority = Authority::new("A");
    let server = server(&authority.issue("s", &["localhost"]), &[]);
    let (near, mut far) = tokio::io::duplex(1024);
    // The head of a record that does not come.
    far.write_all(&[0x16, 3, 1, 1, 0]).await.unwrap();
    assert_eq!(server.accept(near).await.err(), Some(Refused::TimedOut));
}

#[tokio::test]
async fn who_speaks_plaintext_or_says_nothing_is_told_apart() {
    let authority = Authority::new("A");
    let server = server(&authority.issue("s", &["localhost"]), &[]);
    let (near, mut far) = tokio::io::duplex(1024);
    far.write_all(&[0, 0, 0, 20, 0, 18, 0, 3, 0, 0, 0, 1])
        .await
        .unwrap();
    let Err(Refused::Failed(why)) = server.accept(near).await.map(|_| ()) else {
        panic!("accepted")
    };
    assert!(why.contains("it seems to speak plaintext"), "{why}");
    let (near, far) = tokio::io::duplex(1024);
    drop(far);
    assert_eq!(server.accept(near).await.err(), Some(Refused::Left));
}

#[tokio::test]
async fn what_the_socket_does_not_take_at_once_is_sent_by_whoever_reads() {
    let authority = Authority::new("A");
    let server = server(&authority.issue("s", &["localhost"]), &[]);
    let (accepted, connected) = meet(&server, &trusting(&authority, &[]), "localhost").await;
    let (mut near, mut far) = (accepted.unwrap().stream, connected.unwrap());
    assert!(!near.can_send_file());
    let sent = vec![7; 60_000];
    near.write_all(&sent).await.unwrap();
    assert!(near.has_unsent(), "the pipe holds 16 KiB");
    let reading = tokio::spawn(async move {
        let mut got = vec![0; 60_000];
        far.read_exact(&mut got).await.unwrap();
        far.write_all(b"x").await.unwrap();
        far.flush().await.unwrap();
        (got, far)
    });
    assert_eq!(near.read_u8().await.unwrap(), b'x');
    let (got, far) = reading.await.unwrap();
    assert!(got == sent);
    drop(far);
    assert_eq!(
        near.read(&mut [0]).await.unwrap(),
        0,
        "an end without goodbye is an end"
    );
}

#[tokio::test]
async fn the_certificate_for_the_name_asked_for_is_shown_of_several() {
    let authority = Authority::new("A");
    let folder = TempDir::new().unwrap();
    let (first, second) = (
        authority.issue("1", &["one.example"]),
        authority.issue("2", &["two.example"]),
    );
    let path = pkcs12(folder.path(), &[&first, &second], "changeit");
    let server = tls(&[
        ("ssl.keystore.location", &path),
        ("ssl.keystore.password", "changeit"),
    ]);
    for host in ["one.example", "two.example"] {
        assert_eq!(
            refused_by_client(&server, &trusting(&authority, &[]), host).await,
            None,
            "{host}"
        );
    }
}

fn der(pem: &str) -> Vec<u8> {
    super::pem::sections(pem).unwrap().remove(0).der
}

fn pkcs12(folder: &Path, issued: &[&Issued], password: &str) -> String {
    use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
    let mut store = KeyStore::new();
    for (at, issued) in issued.iter().enumerate() {
        let key = PrivateKey::from_der(&der(&issued.key)).unwrap();
        let chain = [Certificate::from_der(&der(&issued.chain)).unwrap()];
        let entry = PrivateKeyChain::new(format!("key{at}"), key, chain);
        store.add_entry(&format!("alias{at}"), KeyStoreEntry::PrivateKeyChain(entry));
    }
    let path = folder.join("keystore.p12");
    std::fs::write(&path, store.writer(password).write().unwrap()).unwrap();
    path.display().to_string()
}

/// A truststore as keytool makes it.
fn trust_of_java(folder: &Path, authority: &Authority, password: &str) -> String {
    use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};
    let mut store = KeyStore::new();
    let certificate = Certificate::from_der(&der(&authority.pem)).unwrap();
    store.add_entry("ca", KeyStoreEntry::Certificate(certificate));
    let path = folder.join("truststore.p12");
    std::fs::write(&path, store.writer(password).write().unwrap()).unwrap();
    path.display().to_string()
}

fn encrypted(key: &str, password: &str) -> String {
    use pkcs8::der::asn1::OctetString;
    use pkcs8::der::pem::LineEnding;
    use pkcs8::der::{Encode, SecretDocument};
    let parameters =
        pkcs8::pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(10, b"salt5678", [1; 16])
            .unwrap();
    let encrypted = pkcs8::EncryptedPrivateKeyInfoOwned {
        encrypted_data: OctetString::new(parameters.encrypt(password, &der(key)).unwrap()).unwrap(),
        encryption_algorithm: parameters.into(),
    };
    let document = SecretDocument::try_from(encrypted.to_der().unwrap()).unwrap();
    document
        .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
        .unwrap()
        .to_string()
}

#[tokio::test]
async fn a_store_is_read_as_pem_or_pkcs12_and_opened_by_its_password() {
    let authority = Authority::new("A");
    let folder = TempDir::new().unwrap();
    let issued = authority.issue("s", &["localhost"]);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let plain = file("plain.pem", &issued.both());
    let closed = file(
        "closed.pem",
        &format!("{}{}", encrypted(&issued.key, "geheim"), issued.chain),
    );
    let trust = file("trust.pem", &authority.pem);
    let mounted = folder.path().join("mounted").display().to_string();
    std::fs::create_dir(&mounted).unwrap();
    file("mounted/tls.crt", &issued.chain);
    file("mounted/tls.key", issued.key.trim_end());
    file("mounted/ca.crt", &authority.pem);
    let p12 = pkcs12(folder.path(), &[&issued], "changeit");
    let pem = ("ssl.keystore.type", "PEM");
    let client = tls(&[
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", &trust),
    ]);
    let of_mounted = tls(&[
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", &mounted),
    ]);
    assert_eq!(
        refused_by_client(&server(&issued, &[]), &of_mounted, "localhost").await,
        None
    );
    let trust = trust_of_java(folder.path(), &authority, "trusted");
    let of_java = tls(&[
        ("ssl.truststore.location", &trust),
        ("ssl.truststore.password", "trusted"),
    ]);
    assert_eq!(
        refused_by_client(&server(&issued, &[]), &of_java, "localhost").await,
        None
    );
    for pairs in [
        &[pem, ("ssl.keystore.location", &plain)][..],
        &[pem, ("ssl.keystore.location", &mounted)],
        &[
            pem,
            ("ssl.keystore.location", &closed),
            ("ssl.key.password", "geheim"),
        ],
        &[
            ("ssl.keystore.type", "PKCS12"),
            ("ssl.keystore.location", &p12),
            ("ssl.keystore.password", "changeit"),
        ],
        // Java reads PKCS#12 under the type that is the default.
        &[
            ("ssl.keystore.location", &p12),
            ("ssl.keystore.password", "changeit"),
        ],
    ] {
        assert_eq!(
            refused_by_client(&tls(pairs), &client, "localhost").await,
            None,
            "{pairs:?}"
        );
    }
}

#[test]
fn a_store_that_cannot_be_used_is_named_with_what_helps() {
    let authority = Authority::new("A");
    let folder = TempDir::new().unwrap();
    let (issued, other) = (authority.issue("s", &[]), authority.issue("o", &[]));
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let jks = file("old.jks", &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]);
    let closed = file(
        "closed.pem",
        format!("{}{}", encrypted(&issued.key, "geheim"), issued.chain).as_bytes(),
    );
    let keyless = file("keyless.pem", issued.chain.as_bytes());
    let mixed = file(
        "mixed.pem",
        format!("{}{}", issued.key, other.chain).as_bytes(),
    );
    let p12 = pkcs12(folder.path(), &[&issued], "changeit");
    let pem = ("ssl.keystore.type", "PEM");
    fn at(path: &str) -> (&str, &str) {
        ("ssl.keystore.location", path)
    }
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Pairs<'_>, &str)] = &[
        (
            &[at(&jks)],
            "convert it with `keytool -importkeystore -srckeystore",
        ),
        (&[pem, at(&closed)], "ssl.key.password is not set"),
        (
            &[pem, at(&closed), ("ssl.key.password", "x")],
            "ssl.key.password does not open the private key",
        ),
        (&[pem, at(&keyless)], "there is no PRIVATE KEY"),
        (&[pem, at(&mixed)], "does not belong to the certificate"),
        (&[at(&keyless)], "this is PEM, and the type says JKS"),
        (
            &[at(&p12), ("ssl.keystore.password", "x")],
            "no PKCS#12 file that this password opens",
        ),
        (
            &[pem, at("/nowhere")],
            "ssl.keystore.location=/nowhere: there is no such file",
        ),
        (&[("ssl.keystore.key", &issued.key)], "must be set together"),
        (
            &[("ssl.client.auth", "required"), pem, at(&mixed)],
            "does not say which are trusted",
        ),
        (
            &[("ssl.principal.mapping.rules", "RULE:x")],
            "ssl.principal.mapping.rules: Invalid rule",
        ),
    ];
    for (pairs, part) in cases {
        let error = open(pairs).err().unwrap();
        assert!(
            error.starts_with("TLS of listener L: ") && error.contains(part),
            "{pairs:?}: {error}"
        );
    }
    let purpose = Purpose {
        accepts: true,
        connects: true,
    };
    let nothing = vec![("L".to_owned(), values(&[]), purpose)];
    let error = Certificates::open(Arc::new(RealDisk), nothing, &metrics(), 0)
        .err()
        .unwrap();
    assert!(error.contains("there is no keystore"), "{error}");
}
