//! How far a connection's authentication is: which requests may come, and what the session becomes.
//!
//! ```text
//!   Begun ──ApiVersions──▶ Versions ──SaslHandshake──▶ Tokens ──SaslAuthenticate…──▶ Done ──SaslHandshake──▶ Tokens (KIP-368)
//!     └────────────────SaslHandshake──────────────────▶  │  └── fails ──▶ Over
//! ```
//! Pure: the time is an argument. While a handler judges a token the exchange is with it, so no second one can be. Guarantees: a session
//! stands only after an exchange has ended in an [`Authenticated`]; it changes its principal never; an expired one does nothing but
//! authenticate again. Source: `SaslServerAuthenticator`, `KafkaChannel.maybeBeginServerReauthentication`.

use super::meta::Principal;
use crate::auth::sasl::{Authenticated, Exchange, Mechanism};
use ottla_protocol::{ApiKey, Str};
use parking_lot::Mutex;
use std::time::Duration;

/// Requests of a peer that has not authenticated; what a client needs is five.
const REQUESTS_MAX: u32 = 16;
/// A session is not authenticated anew more often (`MIN_REAUTH_INTERVAL_ONE_SECOND_NANOS`).
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The authentication of one connection.
#[derive(Debug, Default)]
pub struct Sasl(Mutex<State>);

/// Who a connection is by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub principal: Principal,
    /// By a delegation token.
    pub is_by_token: bool,
    pub mechanism: Mechanism,
    /// When the session ends unless it is authenticated again, by the node's clock.
    pub expires: Option<Duration>,
}

/// A token's exchange, taken from the connection while it is judged.
#[derive(Debug)]
pub struct Taken {
    pub mechanism: Mechanism,
    pub exchange: Exchange,
    /// Who the session is of, when it authenticates again.
    pub previous: Option<Principal>,
}

/// Why a token is not even judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It is not the time for tokens.
    Illegal,
    /// A session cannot change its mechanism; with Kafka's words for that.
    OtherMechanism(String),
}

/// What a choice of mechanism came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Tokens may come.
    Yes,
    /// The client is told which are enabled, and the connection is closed.
    NotEnabled,
    /// It is not the time for it, and nothing has changed.
    NotNow,
    /// It is not the time for it, and the connection is closed.
    Illegal,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    requests: u32,
    standing: Option<Standing>,
    /// Whether the connection has not seen the standing yet.
    is_new: bool,
    /// When the session was last authenticated again.
    began_again: Option<Duration>,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Begun,
    Versions,
    Tokens {
        mechanism: Mechanism,
        exchange: Exchange,
        /// Tokens come without any header (SaslHandshake v0).
        is_raw: bool,
    },
    /// Authenticating again was begun with another mechanism.
    OtherMechanism(String),
    /// A handler has the exchange.
    Judging,
    Done,
    Over,
}

impl Sasl {
    /// Whether a request may be served that came at `now`; one that may not ends the connection.
    pub fn admits(&self, key: ApiKey, is_version_served: bool, now: Duration) -> bool {
        let state = &mut *self.0.lock();
        if let (Phase::Done, Some(standing)) = (&state.phase, &state.standing) {
            let is_expired = standing.expires.is_some_and(|expires| now > expires);
            return !is_expired || key == ApiKey::SASL_HANDSHAKE;
        }
        state.requests = state.requests.saturating_add(1);
        let is_sasl = matches!(key, ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE);
        let is_versions = key == ApiKey::API_VERSIONS && matches!(state.phase, Phase::Begun);
        if is_versions && is_version_served {
            state.phase = Phase::Versions;
        }
        let is_over = matches!(state.phase, Phase::Over);
        // A client that takes its exchange for ended, as some do when a bearer token is refused, is told that it is not.
        let is_astray = key == ApiKey::API_VERSIONS && matches!(state.phase, Phase::Tokens { .. });
        if is_astray && is_version_served {
            state.phase = Phase::Over;
        }
        let is_told = is_astray && is_version_served;
        state.requests <= REQUESTS_MAX && !is_over && (is_sasl || is_versions || is_told)
    }

    /// Whether the client has failed, and is served nothing more than what it is being told.
    pub fn is_over(&self) -> bool {
        matches!(self.0.lock().phase, Phase::Over)
    }

    /// Whether the next frame is a token and nothing else.
    pub fn is_raw(&self) -> bool {
        matches!(self.0.lock().phase, Phase::Tokens { is_raw: true, .. })
    }

    /// The client has named a mechanism, `None` for one that is not enabled.
    pub fn choose(&self, mechanism: Option<Mechanism>, is_raw: bool, now: Duration) -> Chosen {
        let state = &mut *self.0.lock();
        let previous = match &state.phase {
            Phase::Begun | Phase::Versions => None,
            Phase::Done => {
                let recently = |began: Duration| now.saturating_sub(began) < AGAIN_AFTER;
                let standing = state.standing.as_ref();
                let Some(standing) = standing.filter(|one| one.expires.is_some()) else {
                    return Chosen::NotNow;
                };
                if state.began_again.is_some_and(recently) {
                    return Chosen::NotNow;
                }
                state.began_again = Some(now);
                Some(standing.mechanism)
            }
            _ => {
                state.phase = Phase::Over;
                return Chosen::Illegal;
            }
        };
        let Some(mechanism) = mechanism else {
            state.phase = Phase::Over;
            return Chosen::NotEnabled;
        };
        state.phase = match previous.filter(|previous| *previous != mechanism) {
            Some(previous) => Phase::OtherMechanism(format!(
                "SASL mechanism '{mechanism}' requested by client is not supported for re-authentication of mechanism '{previous}'"
            )),
            None => Phase::Tokens {
                mechanism,
                exchange: Exchange::Begun(mechanism),
                is_raw,
            },
        };
        Chosen::Yes
    }

    /// Gives the exchange to whoever judges the next token; until it comes back the connection is not any further.
    ///
    /// # Errors
    /// See [`NotTaken`]; the authentication is over.
    pub fn take(&self) -> Result<Taken, NotTaken> {
        let state = &mut *self.0.lock();
        if matches!(state.phase, Phase::Done) {
            return Err(NotTaken::Illegal);
        }
        match std::mem::replace(&mut state.phase, Phase::Over) {
            Phase::Tokens {
                mechanism,
                exchange,
                is_raw: _,
            } => {
                state.phase = Phase::Judging;
                let standing = state.standing.as_ref();
                Ok(Taken {
                    mechanism,
                    exchange,
                    previous: standing.map(|one| one.principal.clone()),
                })
            }
            Phase::OtherMechanism(why) => Err(NotTaken::OtherMechanism(why)),
            _ => Err(NotTaken::Illegal),
        }
    }

    /// The client must say more.
    pub fn go_on(&self, mechanism: Mechanism, exchange: Exchange, is_raw: bool) {
        self.0.lock().phase = Phase::Tokens {
            mechanism,
            exchange,
            is_raw,
        };
    }

    /// The client has proven who it is. A session that authenticates again must stay who it was.
    ///
    /// # Errors
    /// Kafka's words for another principal; the authentication is over.
    pub fn finish(
        &self,
        mechanism: Mechanism,
        who: &Authenticated,
        expires: Option<Duration>,
    ) -> Result<(), String> {
        let state = &mut *self.0.lock();
        let principal = Principal {
            kind: Str::from_static("User"),
            name: who.user().into(),
        };
        if let Some(previous) = &state.standing
            && previous.principal != principal
        {
            let (from, to) = (&previous.principal, &principal);
            let why = format!(
                "Cannot change principals during re-authentication from {}.{}: {}.{}",
                &*from.kind, &*from.name, &*to.kind, &*to.name
            );
            state.phase = Phase::Over;
            return Err(why);
        }
        state.phase = Phase::Done;
        state.requests = 0;
        state.standing = Some(Standing {
            principal,
            is_by_token: who.is_by_token(),
            mechanism,
            expires,
        });
        state.is_new = true;
        Ok(())
    }

    /// The client has failed: nothing more is served on this connection.
    pub fn fail(&self) {
        self.0.lock().phase = Phase::Over;
    }

    /// Who the connection is by now, if that is news.
    pub fn news(&self) -> Option<Standing> {
        let state = &mut *self.0.lock();
        std::mem::take(&mut state.is_new).then(|| state.standing.clone())?
    }

    /// Whether it authenticates again, for what the client is told.
    pub fn is_again(&self) -> bool {
        self.0.lock().standing.is_some()
    }
}

#[cfg(test)]
mod tests;
