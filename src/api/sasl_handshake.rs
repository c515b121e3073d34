//! SaslHandshake (key 17), versions 0-1 (KIP-43): the client chooses a mechanism.
//!
//! v1 tokens follow in SaslAuthenticate requests (KIP-152); after v0 they follow bare. Served before there is metadata, because nodes of the
//! quorum log in too. As in Kafka, a mechanism that is not enabled is answered with those that are, and the connection is closed.

use super::sasl::Chosen;
use super::{LoginApi, Meta, Reply, Stage};
use crate::auth::sasl::Mechanism;
use ottla_protocol::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use ottla_protocol::{ErrorCode, Str};
use std::sync::Arc;

/// Up to here tokens come bare.
const BARE_UP_TO: i16 = 0;

pub struct SaslHandshake;

impl LoginApi for SaslHandshake {
    type Request = SaslHandshakeRequest;
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;

    async fn handle(
        stage: Arc<Stage>,
        meta: Meta,
        request: SaslHandshakeRequest,
    ) -> Reply<SaslHandshakeResponse> {
        let listener = stage.logins.listener(&meta.peer.listener.name);
        let (Some(sasl), Some(listener)) = (&meta.sasl, listener) else {
            return Reply::Now(answer(ErrorCode::ILLEGAL_SASL_STATE, Vec::new()));
        };
        let enabled = || {
            let names = listener.mechanisms.iter();
            names.map(|(one, _)| Str::from_static(one.name())).collect()
        };
        let mechanism = Mechanism::of_name(&request.mechanism);
        let mechanism = mechanism.filter(|one| listener.of(*one).is_some());
        let is_raw = meta.api_version <= BARE_UP_TO;
        match sasl.choose(mechanism, is_raw, meta.received) {
            Chosen::Yes => Reply::Now(answer(ErrorCode::NONE, enabled())),
            Chosen::NotNow => Reply::Now(answer(ErrorCode::ILLEGAL_SASL_STATE, Vec::new())),
            Chosen::NotEnabled => {
                tokio::time::sleep(stage.logins.settings.failed_delay).await;
                Reply::Last(
                    answer(ErrorCode::UNSUPPORTED_SASL_MECHANISM, enabled()),
                    "its SASL mechanism is not enabled".to_owned(),
                )
            }
            Chosen::Illegal => Reply::Last(
                answer(ErrorCode::ILLEGAL_SASL_STATE, Vec::new()),
                "SaslHandshake out of turn".to_owned(),
            ),
        }
    }
}

fn answer(error_code: ErrorCode, mechanisms: Vec<Str>) -> SaslHandshakeResponse {
    SaslHandshakeResponse {
        error_code,
        mechanisms,
    }
}
