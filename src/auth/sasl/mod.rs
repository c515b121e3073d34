//! SASL, the server's side: one pure state machine per mechanism, and an [`Exchange`] that a connection steps through.
//!
//! ```text
//!   token ──▶ parse ──▶ what is needed to judge it (a password, keys, a signing key) ──▶ verify ──▶ Proven
//! ```
//! No sockets, no clock, no files: secrets, the time and nonces are arguments. Guarantee: an [`Authenticated`] is made of a mechanism's
//! `Proven` and of nothing else, and each mechanism makes its `Proven` in one place, the step that has verified the client's proof. So an
//! exchange that skipped, failed or left out a step cannot end as authenticated; there is no flag that could be set by mistake.
//! GSSAPI is not built. Source: `SaslServerAuthenticator`, RFC 4616, RFC 5802, RFC 7628.

pub mod exchange;
pub mod jwt;
pub mod oauthbearer;
pub mod plain;
pub mod scram;

pub use exchange::{Exchange, Secrets, Step};

use std::fmt;

/// A way to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    Plain,
    Scram(scram::Hash),
    OauthBearer,
}

impl Mechanism {
    /// Every mechanism that is built.
    pub const ALL: [Self; 4] = [
        Self::Plain,
        Self::Scram(scram::Hash::Sha256),
        Self::Scram(scram::Hash::Sha512),
        Self::OauthBearer,
    ];

    /// As in `SCRAM-SHA-256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Scram(scram::Hash::Sha256) => "SCRAM-SHA-256",
            Self::Scram(scram::Hash::Sha512) => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    /// The mechanism of this exact name; names are in upper case.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

/// A client that has proven who it is; see the module for how one comes to be.
#[derive(Clone, Debug)]
pub enum Authenticated {
    Plain(plain::Proven),
    Scram(scram::Proven),
    OauthBearer(oauthbearer::Proven),
}

impl Authenticated {
    /// The name of the user.
    pub fn user(&self) -> &str {
        match self {
            Self::Plain(proven) => proven.user(),
            Self::Scram(proven) => proven.user(),
            Self::OauthBearer(proven) => proven.user(),
        }
    }

    /// When what it authenticated with expires, in milliseconds since 1970.
    pub fn expires_ms(&self) -> Option<i64> {
        match self {
            Self::Plain(_) => None,
            Self::Scram(proven) => proven.expires_ms(),
            Self::OauthBearer(proven) => Some(proven.expires_ms()),
        }
    }

    /// Whether it was by a delegation token (KIP-48), which may not make further tokens.
    pub fn is_by_token(&self) -> bool {
        matches!(self, Self::Scram(proven) if proven.is_by_token())
    }
}

/// Why an exchange has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client may know (Kafka's `SaslAuthenticationException`).
    Told(String),
    /// The client is told no more than that its credentials are no good (`SaslException`): the rest is for our log.
    Untold(String),
}

impl Failure {
    pub(crate) fn told(why: impl Into<String>) -> Self {
        Self::Told(why.into())
    }

    pub(crate) fn untold(why: impl Into<String>) -> Self {
        Self::Untold(why.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(why) | Self::Untold(why) => to.write_str(why),
        }
    }
}

/// The `saslname` of RFC 5801: `=2C` is a comma, `=3D` an equals sign, neither stands for itself. `None` where that is not so, or where
/// there is a character that is not ASCII (as in `ScramMessages`).
fn saslname(escaped: &str) -> Option<String> {
    let mut name = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('=') {
        name.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (character, after) = match (rest.strip_prefix("2C"), rest.strip_prefix("3D")) {
            (Some(after), _) => (',', after),
            (_, Some(after)) => ('=', after),
            _ => return None,
        };
        name.push(character);
        rest = after;
    }
    name.push_str(rest);
    let is_safe = |byte: u8| (1..=0x7f).contains(&byte);
    let is_good = !name.is_empty() && !escaped.contains(',') && escaped.bytes().all(is_safe);
    is_good.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saslname_is_unescaped_and_anything_else_is_none() {
        assert_eq!(saslname("a=2Cb=3Dc").as_deref(), Some("a,b=c"));
        assert_eq!(saslname("=3D2C").as_deref(), Some("=2C"));
        for bad in ["", "a=", "a=2", "a=2c", "a,b", "é", "a\0"] {
            assert_eq!(saslname(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn mechanisms_are_found_by_their_exact_names() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::of_name(mechanism.name()), Some(mechanism));
        }
        for unknown in ["plain", "GSSAPI", "SCRAM-SHA-1", ""] {
            assert_eq!(Mechanism::of_name(unknown), None);
        }
    }
}
