//! A look at the certificates that a server shows, whether anybody would accept them or not: for whoever finds out why a handshake fails.
//!
//! Nothing may be sent over such a connection: it is dropped when the certificates have been seen. The server's proof of its key is not asked for.

use super::certificate::Certificate;
use super::read_ahead::ReadAhead;
use crate::net::world::Transport;
use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// One certificate of those shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// As Java prints it.
    pub subject: String,
    /// Milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    pub not_after_ms: i64,
    /// The names and addresses that it is for, as in `kafka-0.example.org` or `10.0.0.1`.
    pub names: Vec<String>,
}

/// What a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its own certificate first.
    pub chain: Vec<Shown>,
    /// Whether its own certificate is for the name that was dialled.
    pub is_for_name: bool,
}

/// Looks. No timeout of its own.
///
/// # Errors
/// When nothing was shown: what is there speaks no TLS, or none that is known.
pub async fn look<T: Transport>(stream: T, host: &str) -> Result<Look, String> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(literal.to_owned())
        .map_err(|_| format!("{host} is no name that a certificate may carry"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let seen = Arc::new(Seen {
        provider: provider.clone(),
        chain: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("the provider serves both versions")
        .dangerous()
        .with_custom_certificate_verifier(seen.clone())
        .with_no_client_auth();
    let connecting =
        TlsConnector::from(Arc::new(config)).connect(name.clone(), ReadAhead::new(stream));
    let connected = Box::pin(connecting).await.map(drop);
    let chain = std::mem::take(&mut *seen.chain.lock());
    let Some(own) = chain.first() else {
        return Err(match connected {
            Err(error) => error.to_string(),
            Ok(()) => "no certificate was shown".to_owned(),
        });
    };
    let parsed = ParsedCertificate::try_from(own);
    let is_for_name =
        parsed.is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, &name).is_ok());
    Ok(Look {
        chain: chain.iter().map(shown).collect::<Result<_, _>>()?,
        is_for_name,
    })
}

fn shown(der: &CertificateDer<'_>) -> Result<Shown, String> {
    let read = Certificate::read(der)?;
    let (_, found) = X509Certificate::from_der(der)
        .map_err(|error| format!("a certificate cannot be read: {error}"))?;
    let extension = found.subject_alternative_name().ok().flatten();
    let names = extension.map(|names| names.value.general_names.iter().filter_map(text).collect());
    Ok(Shown {
        subject: read.subject,
        not_before_ms: read.not_before_ms,
        not_after_ms: read.not_after_ms,
        names: names.unwrap_or_default(),
    })
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four: Option<[u8; 4]> = (*bytes).try_into().ok();
            let sixteen: Option<[u8; 16]> = (*bytes).try_into().ok();
            four.map(|bytes| std::net::Ipv4Addr::from(bytes).to_string())
                .or_else(|| sixteen.map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()))
        }
        _ => None,
    }
}

/// Accepts everything, and remembers what it was.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [end_entity].into_iter().chain(intermediates);
        *self.chain.lock() = chain.map(|one| one.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
