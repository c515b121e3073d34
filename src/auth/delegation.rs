//! Secrets of delegation tokens (KIP-48): a token's password is the HMAC of its id under a key that all nodes share.
//!
//! Pure. Source: `DelegationTokenControlManager.createHmac`, `DelegationTokenManagerConfigs`.

use super::sasl::plain::Password;
use crate::config::{BrokerConfig, Unset};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// What makes tokens.
pub struct Mint {
    key: hmac::Key,
    /// `delegation.token.max.lifetime.ms`.
    pub lifetime_max_ms: i64,
    /// `delegation.token.expiry.time.ms`.
    pub renewal_ms: i64,
}

impl Mint {
    /// As configured; `None` without `delegation.token.secret.key`.
    pub fn read(config: &BrokerConfig) -> Option<Self> {
        let layers = config.layers(&Unset, &Unset);
        let secret = layers
            .broker_value("delegation.token.secret.key")?
            .to_text();
        (!secret.is_empty()).then(|| Self {
            key: hmac::Key::new(hmac::HMAC_SHA512, secret.as_bytes()),
            lifetime_max_ms: layers.broker_number("delegation.token.max.lifetime.ms"),
            renewal_ms: layers.broker_number("delegation.token.expiry.time.ms"),
        })
    }

    /// Of a token's id.
    pub fn hmac(&self, id: &str) -> Bytes {
        Bytes::copy_from_slice(hmac::sign(&self.key, id.as_bytes()).as_ref())
    }

    /// What a client logs in with, by SCRAM with `tokenauth`.
    pub fn password(&self, id: &str) -> Password {
        Password::new(STANDARD.encode(self.hmac(id)))
    }
}
