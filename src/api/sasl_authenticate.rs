//! SaslAuthenticate (key 36), versions 0-2 (KIP-152): carries one token each way.
//!
//! v1 says how long the session lasts (KIP-368); v2 flexible. Also here: bare tokens, after version 0 of the handshake. A failure is answered
//! after `connection.failed.authentication.delay.ms`, with Kafka's words, and the connection is closed; bare, it is only closed.

use super::dispatch::{Answer, Encoded, Outcome, Receipt, Running};
use super::sasl::{NotTaken, Sasl};
use super::{LoginApi, Meta, Peer, Reply, Session, Stage, lookup};
use crate::auth::sasl::{Failure, Mechanism, Step};
use ottla_protocol::messages::sasl_authenticate::{
    SaslAuthenticateRequest, SaslAuthenticateResponse,
};
use ottla_protocol::{ApiKey, Bytes, Chunk, ErrorCode, Str};
use std::sync::Arc;
use std::time::Duration;

pub struct SaslAuthenticate;

impl LoginApi for SaslAuthenticate {
    type Request = SaslAuthenticateRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;

    async fn handle(
        stage: Arc<Stage>,
        meta: Meta,
        request: SaslAuthenticateRequest,
    ) -> Reply<SaslAuthenticateResponse> {
        let Some(sasl) = &meta.sasl else {
            return Reply::Now(illegal());
        };
        match judge(&stage, &meta.peer, sasl, &request.auth_bytes, false).await {
            Ok(Judged { answer, lifetime }) => Reply::Now(SaslAuthenticateResponse {
                auth_bytes: answer,
                session_lifetime_ms: lifetime.map_or(0, milliseconds),
                ..Default::default()
            }),
            Err(Refused::OutOfTurn { is_last: false }) => Reply::Now(illegal()),
            Err(Refused::OutOfTurn { is_last: true }) => {
                Reply::Last(illegal(), "SaslAuthenticate out of turn".to_owned())
            }
            Err(Refused::Failed { told, why }) => {
                tokio::time::sleep(stage.logins.settings.failed_delay).await;
                let answer = SaslAuthenticateResponse {
                    error_code: ErrorCode::SASL_AUTHENTICATION_FAILED,
                    error_message: Some(Str::from(told)),
                    ..Default::default()
                };
                Reply::Last(answer, why)
            }
        }
    }
}

fn illegal() -> SaslAuthenticateResponse {
    SaslAuthenticateResponse {
        error_code: ErrorCode::ILLEGAL_SASL_STATE,
        error_message: Some(Str::from_static(
            "SaslAuthenticate request received after successful authentication",
        )),
        ..Default::default()
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A frame that is a token, as its own handler.
pub(super) fn raw(stage: Arc<Stage>, session: &Session, sasl: Arc<Sasl>, frame: Bytes) -> Running {
    let peer = session.peer.clone();
    Box::pin(async move {
        match judge(&stage, &peer, &sasl, &frame, true).await {
            Ok(Judged { answer, .. }) => Outcome::Now(framed(&stage, answer)),
            Err(_) => {
                tokio::time::sleep(stage.logins.settings.failed_delay).await;
                Outcome::Now(Answer::Close("its authentication failed"))
            }
        }
    })
}

fn framed(stage: &Stage, answer: Bytes) -> Answer {
    let length = u32::try_from(answer.len()).expect("tokens of ours are short");
    let length = Bytes::copy_from_slice(&length.to_be_bytes());
    let size_bytes = length.len() + answer.len();
    let (api, _) = lookup(ApiKey::SASL_AUTHENTICATE).expect("it is served");
    Answer::Send(Encoded {
        chunks: vec![Chunk::Bytes(length), Chunk::Bytes(answer)],
        is_not_controller: false,
        receipt: Receipt::new(api, size_bytes, stage.clock.elapsed()),
        rest: Duration::ZERO,
    })
}

struct Judged {
    answer: Bytes,
    /// Of the session, once it stands and if it ends.
    lifetime: Option<Duration>,
}

enum Refused {
    OutOfTurn { is_last: bool },
    Failed { told: String, why: String },
}

async fn judge(
    stage: &Stage,
    peer: &Peer,
    sasl: &Sasl,
    token: &[u8],
    is_raw: bool,
) -> Result<Judged, Refused> {
    let listener = peer.listener.name.as_str();
    let count = |mechanism: Mechanism, result| {
        let connections = &stage.metrics.connections;
        connections.authenticated(listener, mechanism.name(), result);
    };
    let is_again = sasl.is_again();
    let taken = match sasl.take() {
        Ok(taken) => taken,
        Err(NotTaken::Illegal) => {
            return Err(Refused::OutOfTurn { is_last: !is_again });
        }
        Err(NotTaken::OtherMechanism(why)) => {
            let told = why.clone();
            return Err(Refused::Failed { told, why });
        }
    };
    let mechanism = taken.mechanism;
    let logins = &stage.logins;
    let failed = |failure: Failure| {
        sasl.fail();
        count(mechanism, "failed");
        let told = match &failure {
            Failure::Told(told) => told.clone(),
            Failure::Untold(_) => {
                let what = if is_again {
                    "re-authentication"
                } else {
                    "authentication"
                };
                format!(
                    "Authentication failed during {what} due to invalid credentials with SASL mechanism {mechanism}"
                )
            }
        };
        let why = format!("failed authentication by {mechanism}: {failure}");
        Refused::Failed { told, why }
    };
    match logins
        .step(listener, mechanism, taken.exchange, token)
        .await
    {
        Err(failure) => Err(failed(failure)),
        Ok(Step::Challenge { answer, next }) => {
            sasl.go_on(mechanism, next, is_raw);
            let lifetime = None;
            Ok(Judged { answer, lifetime })
        }
        Ok(Step::Done {
            answer,
            authenticated,
        }) => {
            let settings = logins.listener(listener).and_then(|one| one.of(mechanism));
            let settings = settings.expect("only an enabled mechanism can be chosen");
            let lifetime = logins.session_lifetime(settings, &authenticated);
            let now = stage.clock.elapsed();
            let expires = lifetime.map(|lifetime| now.saturating_add(lifetime));
            sasl.finish(mechanism, &authenticated, expires)
                .map_err(|why| failed(Failure::Told(why)))?;
            count(mechanism, "succeeded");
            Ok(Judged { answer, lifetime })
        }
    }
}
