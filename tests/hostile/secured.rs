//! A node that speaks TLS and has its clients log in, beside the plaintext listener on which it is measured.

use crate::cluster::free_port;
use crate::host::Target;
use crate::wire::Client;
use crate::wire::authority::Authority;
use ottla::auth::sasl::plain::Password;
use ottla::auth::sasl::scram::{Hash, client};
use ottla_protocol::messages::metadata::MetadataRequest;
use ottla_protocol::messages::sasl_authenticate::SaslAuthenticateRequest;
use ottla_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use ottla_protocol::{Bytes, ErrorCode};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long anything may take that the node does at once, on a machine that does other things too.
pub const SOON: Duration = Duration::from_secs(30);
/// What a connection on which nothing happens is given; longer than a TLS handshake is.
pub const IDLE: Duration = Duration::from_secs(11);
/// Who may log in.
pub const USER: &str = "decent";
pub const PASSWORD: &str = "a-decent-password";

/// The node and its further ports.
pub struct Secured {
    pub target: Target,
    pub ssl: u16,
    pub sasl: u16,
    pub sasl_ssl: u16,
    roots: RootCertStore,
    _folder: TempDir,
}

impl Secured {
    pub async fn start() -> Self {
        let authority = Authority::new("hostile");
        let folder = TempDir::new().expect("a folder");
        let keystore = folder.path().join("node.pem");
        let issued = authority.issue("node1", &["127.0.0.1"]);
        fs::write(&keystore, issued.both()).expect("a file");
        let (ssl, sasl, sasl_ssl) = (free_port(), free_port(), free_port());
        let target = Target::prepared(|node| {
            let listeners = format!(
                "PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{},SSL://127.0.0.1:{ssl},SASL_PLAINTEXT://127.0.0.1:{sasl},SASL_SSL://127.0.0.1:{sasl_ssl}",
                node.port, node.controller_port
            );
            for (key, value) in [
                ("listeners", &*listeners),
                (
                    "listener.security.protocol.map",
                    "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
                ),
                ("inter.broker.listener.name", "PLAINTEXT"),
                ("ssl.keystore.type", "PEM"),
                ("ssl.keystore.location", &keystore.display().to_string()),
                ("sasl.enabled.mechanisms", "SCRAM-SHA-256,PLAIN"),
                ("ottla.sasl.users", &format!("{USER}={PASSWORD}")),
                ("connections.max.idle.ms", &IDLE.as_millis().to_string()),
            ] {
                node.set(key, value);
            }
        })
        .await;
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("a certificate");
        roots.add(own).expect("an authority");
        Self {
            target,
            ssl,
            sasl,
            sasl_ssl,
            roots,
            _folder: folder,
        }
    }

    pub async fn stream(&self, port: u16) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        stream.expect("connects")
    }

    /// A connection on the listener where clients log in, nothing said yet.
    pub async fn stranger(&self) -> Client<TcpStream> {
        Client::on(self.stream(self.sasl).await)
    }

    fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions that the library has");
        let trusting = builder.with_root_certificates(self.roots.clone());
        Arc::new(trusting.with_no_client_auth())
    }

    /// What a client says first.
    pub fn client_hello(&self, versions: &[&'static SupportedProtocolVersion]) -> Vec<u8> {
        let mut client =
            ClientConnection::new(self.config(versions), name()).expect("a configuration");
        let mut hello = Vec::new();
        client.write_tls(&mut hello).expect("into memory");
        hello
    }

    /// A client that has finished its handshake.
    pub async fn encrypted(&self, port: u16) -> Client<impl AsyncRead + AsyncWrite + Unpin> {
        let connector = TlsConnector::from(self.config(&[&TLS13, &TLS12]));
        let connecting = connector.connect(name(), self.stream(port).await);
        let connected = timeout(SOON, connecting).await.expect("soon");
        Client::on(connected.expect("a handshake"))
    }

    /// Clients that have done nothing wrong are served on every listener.
    pub async fn serves_all(&self) {
        self.target.be_decent().await;
        let told = MetadataRequest::default();
        let mut client = self.encrypted(self.ssl).await;
        soon(client.ask(12, &told)).await.expect("an answer");
        let mut client = self.stranger().await;
        logs_in(&mut client).await;
        soon(client.ask(12, &told)).await.expect("an answer");
        let mut client = self.encrypted(self.sasl_ssl).await;
        logs_in(&mut client).await;
        soon(client.ask(12, &told)).await.expect("an answer");
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("127.0.0.1").expect("an address")
}

/// Whatever it comes to, and soon.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(SOON, what).await.expect("soon")
}

/// The node ends the connection within `patience`, whatever it still says.
pub async fn ends<S: AsyncRead + Unpin>(stream: &mut S, patience: Duration) -> Vec<u8> {
    let mut said = Vec::new();
    let ended = timeout(patience, stream.read_to_end(&mut said)).await;
    // A reset is an end too.
    let _ = ended.expect("the connection is closed");
    said
}

/// What a choice of mechanism comes to; `None` where the connection ends.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
    mechanism: &str,
) -> Option<ErrorCode> {
    let request = SaslHandshakeRequest {
        mechanism: mechanism.into(),
    };
    let answer = soon(client.ask(1, &request)).await.ok()?;
    Some(answer.error_code)
}

/// What a token comes to; `None` where the connection ends.
pub async fn token<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
    token: impl Into<Bytes>,
) -> Option<(ErrorCode, Bytes)> {
    let request = SaslAuthenticateRequest {
        auth_bytes: token.into(),
        ..Default::default()
    };
    let answer = soon(client.ask(2, &request)).await.ok()?;
    Some((answer.error_code, answer.auth_bytes))
}

/// By SCRAM; the two messages that it took.
pub async fn logs_in<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> [Bytes; 2] {
    assert_eq!(
        handshake(client, "SCRAM-SHA-256").await,
        Some(ErrorCode::NONE)
    );
    let password = Password::new(PASSWORD);
    let (first, begun) = client::begin(Hash::Sha256, USER, password, false, "nonce".to_owned());
    let (error, challenge) = token(client, first.clone()).await.expect("a challenge");
    assert_eq!(error, ErrorCode::NONE);
    let (last, _) = begun.answer(&challenge).expect("a challenge that is one");
    let (error, _) = token(client, last.clone()).await.expect("an answer");
    assert_eq!(error, ErrorCode::NONE);
    [first, last]
}
