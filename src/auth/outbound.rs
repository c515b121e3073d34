//! This node's own logins at other nodes: a [`Dial`] whose connections are logged in before anybody may use them.
//!
//! ```text
//!   Dial (TCP, TLS) ──▶ SaslHandshake v1 ──▶ SaslAuthenticate v2 … ──▶ a stream like any other
//! ```
//! By PLAIN or SCRAM. A node that cannot prove to know our SCRAM credential is not believed. A login that fails is an error of the dial, never
//! "refused": it proves nothing about the other process. Where the other side bounds sessions (`connections.max.reauth.ms`), the link is dialled
//! anew when it is closed. Source: `SaslClientAuthenticator`.

use super::logins::nonce;
use super::sasl::Mechanism;
use super::sasl::scram::client;
use super::settings::{Login, Settings};
use crate::peers::{Destination, Dial, Stream};
use crate::world::Rng;
use bytes::{Bytes, BytesMut};
use futures::future::{BoxFuture, FutureExt};
use ottla_protocol::header::{HeaderForm, ResponseHeader};
use ottla_protocol::messages::sasl_authenticate::{
    SaslAuthenticateRequest, SaslAuthenticateResponse,
};
use ottla_protocol::messages::sasl_handshake::SaslHandshakeRequest;
use ottla_protocol::{Chunk, Decoder, ErrorCode, Message, Request, Str, frame};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const HANDSHAKE_VERSION: i16 = 1;
const AUTHENTICATE_VERSION: i16 = 2;
/// For a node's own login.
const LOGIN_MAX: Duration = Duration::from_secs(10);
/// No answer before a login is longer.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// See the module.
pub struct LoggingIn {
    dial: Arc<dyn Dial>,
    /// By the listener that is dialled.
    logins: BTreeMap<String, Arc<Login>>,
    rng: Rng,
    login_max: Duration,
}

impl LoggingIn {
    /// With the node's logins where brokers listen (`brokers`) and where controllers do.
    pub fn new(
        dial: Arc<dyn Dial>,
        settings: &Settings,
        (brokers, controllers): (&str, &str),
        rng: Rng,
    ) -> Self {
        let logins = [
            (controllers, &settings.to_controllers),
            (brokers, &settings.to_brokers),
        ];
        let logins = logins.into_iter().filter_map(|(listener, login)| {
            let login = login.clone()?;
            Some((listener.to_owned(), login))
        });
        Self::with(dial, logins, rng, LOGIN_MAX)
    }

    /// With a login where each of these listeners is dialled; one that takes longer than `login_max` has failed.
    pub fn with(
        dial: Arc<dyn Dial>,
        logins: impl IntoIterator<Item = (String, Login)>,
        rng: Rng,
        login_max: Duration,
    ) -> Self {
        let logins = logins.into_iter();
        Self {
            dial,
            logins: logins
                .map(|(listener, login)| (listener, Arc::new(login)))
                .collect(),
            rng,
            login_max,
        }
    }
}

impl Dial for LoggingIn {
    fn dial(&self, to: &Destination) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> {
        let dialling = self.dial.dial(to);
        let Some(login) = self.logins.get(&*to.listener).cloned() else {
            return dialling;
        };
        let (rng, login_max) = (self.rng.clone(), self.login_max);
        async move {
            let stream = dialling.await?;
            let logging_in = log_in(stream, &login, &rng);
            match tokio::time::timeout(login_max, logging_in).await {
                Ok(outcome) => outcome,
                Err(_) => Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the login took too long",
                )),
            }
        }
        .boxed()
    }
}

async fn log_in(stream: Box<dyn Stream>, login: &Login, rng: &Rng) -> io::Result<Box<dyn Stream>> {
    let mut wire = Wire {
        stream,
        correlation_id: 0,
    };
    let handshake = SaslHandshakeRequest {
        mechanism: Str::from_static(login.mechanism.name()),
    };
    let answer = wire.ask(HANDSHAKE_VERSION, &handshake).await?;
    if answer.error_code != ErrorCode::NONE {
        let enabled: Vec<&str> = answer.mechanisms.iter().map(|one| &**one).collect();
        return Err(failed(&format!(
            "it does not enable {}, but {}",
            login.mechanism,
            enabled.join(", ")
        )));
    }
    match login.mechanism {
        Mechanism::Plain => {
            let token = format!("\0{}\0{}", login.user, login.password.reveal());
            wire.authenticate(Bytes::from(token)).await?;
        }
        Mechanism::Scram(hash) => {
            let password = login.password.clone();
            let (first, begun) = client::begin(hash, &login.user, password, false, nonce(rng));
            let challenge = wire.authenticate(first).await?;
            let (last, answered) = begun.answer(&challenge).map_err(failed)?;
            let proof = wire.authenticate(last).await?;
            answered.verify(&proof).map_err(failed)?;
        }
        Mechanism::OauthBearer => {
            return Err(failed("OAUTHBEARER is not built for logins of nodes"));
        }
    }
    Ok(wire.stream)
}

fn failed(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("the login failed: {why}"),
    )
}

struct Wire {
    stream: Box<dyn Stream>,
    correlation_id: i32,
}

impl Wire {
    /// Sends a token and gives the other side's.
    async fn authenticate(&mut self, token: Bytes) -> io::Result<Bytes> {
        let request = SaslAuthenticateRequest {
            auth_bytes: token,
            ..Default::default()
        };
        let answer: SaslAuthenticateResponse = self.ask(AUTHENTICATE_VERSION, &request).await?;
        match answer.error_code {
            ErrorCode::NONE => Ok(answer.auth_bytes),
            error => {
                let message = answer
                    .error_message
                    .unwrap_or(Str::from_static(error.message()));
                Err(failed(&message))
            }
        }
    }

    async fn ask<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        let malformed = |error: &dyn std::fmt::Display| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the answer to a login: {error}"),
            )
        };
        let client_id = Some(Str::from_static("ottla"));
        let chunks = frame::request(version, self.correlation_id, client_id, request)
            .map_err(|error| malformed(&error))?;
        for chunk in chunks {
            if let Chunk::Bytes(bytes) = chunk {
                self.stream.write_all(&bytes).await?;
            }
        }
        self.stream.flush().await?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).await?;
        let size = frame::size(length, ANSWER_MAX_BYTES).map_err(|error| malformed(&error))?;
        let mut body = BytesMut::zeroed(size);
        self.stream.read_exact(&mut body).await?;
        let mut from = Decoder::new(body.freeze());
        let form = HeaderForm::of_response(R::KEY, version).unwrap_or(HeaderForm::Plain);
        let header = ResponseHeader::decode(&mut from, form).map_err(|error| malformed(&error))?;
        if header.correlation_id != self.correlation_id {
            return Err(malformed(&"it answers another request"));
        }
        self.correlation_id += 1;
        <R::Response as Message>::decode(&mut from, version).map_err(|error| malformed(&error))
    }
}
