//! What is read off a certificate: until when it is valid, whom it names.

use super::name;
use rustls::pki_types::CertificateDer;
use std::collections::BTreeSet;
use x509_parser::prelude::{FromDer, X509Certificate};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// As Java prints it.
    pub subject: String,
    /// Milliseconds since the Unix epoch.
    pub not_before_ms: i64,
    pub not_after_ms: i64,
    /// Of names, addresses and whatever else it vouches for, as text that can be compared.
    pub alternative_names: BTreeSet<String>,
}

impl Certificate {
    /// # Errors
    /// Why it cannot be read.
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, found) = X509Certificate::from_der(der)
            .map_err(|error| format!("a certificate cannot be read: {error}"))?;
        let alternative_names = found.subject_alternative_name().ok().flatten();
        let alternative_names = alternative_names.map(|names| {
            names
                .value
                .general_names
                .iter()
                .map(|name| format!("{name:?}"))
                .collect()
        });
        Ok(Self {
            subject: name::rfc2253(found.subject()),
            not_before_ms: found
                .validity()
                .not_before
                .timestamp()
                .saturating_mul(1_000),
            not_after_ms: found.validity().not_after.timestamp().saturating_mul(1_000),
            alternative_names: alternative_names.unwrap_or_default(),
        })
    }

    pub fn is_valid_at(&self, now_ms: i64) -> bool {
        (self.not_before_ms..=self.not_after_ms).contains(&now_ms)
    }
}
