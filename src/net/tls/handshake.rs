//! Handshakes: with a client that was accepted, with a server that was dialled. What goes wrong is said in words that help.

use super::certificates::TlsOf;
use super::name;
use super::read_ahead::ReadAhead;
use super::stream::Encrypted;
use crate::api::Principal;
use crate::net::world::Transport;
use ottla_protocol::Str;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, Error};
use std::io;
use std::time::Duration;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long a client may take: long for the slowest, short for one that says nothing on purpose.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// A connection that may speak now, and whom its certificate names; ANONYMOUS without one.
pub struct Accepted<T> {
    pub stream: Encrypted<T>,
    pub principal: Principal,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It closed the connection without a word: whoever looks whether the port is open.
    Left,
    TimedOut,
    /// Says what was wrong.
    Failed(String),
}

impl TlsOf {
    /// Takes a client in, within [`HANDSHAKE_MAX`].
    ///
    /// # Errors
    /// See [`Refused`]; the connection is closed.
    pub async fn accept<T: Transport>(&self, stream: T) -> Result<Accepted<T>, Refused> {
        let built = self.built();
        let Some(server) = built.server.clone() else {
            return Err(Refused::Failed("the listener has no keystore".to_owned()));
        };
        let accepting = TlsAcceptor::from(server).accept(ReadAhead::new(stream));
        let accepted = match tokio::time::timeout(HANDSHAKE_MAX, Box::pin(accepting)).await {
            Err(_) => return Err(Refused::TimedOut),
            Ok(Err(error)) => return Err(refused(&error)),
            Ok(Ok(stream)) => TlsStream::from(stream),
        };
        let shown = accepted
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| chain.first());
        let principal = match shown {
            None => Principal::anonymous(),
            Some(certificate) => self.named(certificate, &built.rules)?,
        };
        Ok(Accepted {
            stream: Encrypted::new(accepted),
            principal,
        })
    }

    /// Makes sure of whom a connection leads to, and encrypts it. No timeout of its own.
    ///
    /// # Errors
    /// Says what was wrong.
    pub async fn connect<T: Transport>(&self, stream: T, host: &str) -> io::Result<Encrypted<T>> {
        let wrong = |why: String| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("TLS of listener {}: {why}", self.listener()),
            )
        };
        let Some(client) = self.built().client.clone() else {
            return Err(wrong(
                "ssl.truststore.location does not say whom to trust".to_owned(),
            ));
        };
        let literal = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(literal)
            .map_err(|_| wrong(format!("{host} is no name that a certificate may carry")))?;
        let connecting = TlsConnector::from(client).connect(name, ReadAhead::new(stream));
        match Box::pin(connecting).await {
            Ok(stream) => Ok(Encrypted::new(TlsStream::from(stream))),
            Err(error) => Err(wrong(match library_error(&error) {
                Some(error) => says(error, "server"),
                None => error.to_string(),
            })),
        }
    }

    fn named(
        &self,
        certificate: &CertificateDer<'_>,
        rules: &super::mapping::Rules,
    ) -> Result<Principal, Refused> {
        let (_, read) = X509Certificate::from_der(certificate).map_err(|error| {
            Refused::Failed(format!("the client's certificate cannot be read: {error}"))
        })?;
        let subject = name::rfc2253(read.subject());
        match rules.apply(&subject) {
            Some(name) => Ok(Principal {
                kind: Str::from_static("User"),
                name: Str::from(&name),
            }),
            None => Err(Refused::Failed(format!(
                "no rule of ssl.principal.mapping.rules applies to {subject}"
            ))),
        }
    }
}

fn library_error(error: &io::Error) -> Option<&Error> {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
}

fn refused(error: &io::Error) -> Refused {
    match (library_error(error), error.kind()) {
        (Some(error), _) => Refused::Failed(says(error, "client")),
        (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => Refused::Left,
        (None, _) => Refused::Failed(error.to_string()),
    }
}

/// `peer` is the client or the server.
fn says(error: &Error, peer: &str) -> String {
    match error {
        Error::InvalidMessage(_) => format!(
            "what the {peer} sent is no TLS; it seems to speak plaintext (see its security.protocol)"
        ),
        Error::NoCertificatesPresented => {
            format!("the {peer} showed no certificate, and ssl.client.auth=required")
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("the {peer}'s certificate is from none that ssl.truststore trusts")
        }
        Error::InvalidCertificate(error) => {
            format!("the {peer}'s certificate is not accepted: {error}")
        }
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::BadCertificate,
        ) => {
            format!("the {peer} does not accept this node's certificate ({error})")
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            format!("the {peer} asks for a certificate, and no keystore has one")
        }
        Error::PeerIncompatible(reason) => format!(
            "the {peer} has no version or cipher suite in common with this node: {reason:?}"
        ),
        error => error.to_string(),
    }
}
