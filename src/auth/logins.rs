//! Who may log in at this node, and with what: first users, the metadata's SCRAM credentials and delegation tokens, and an identity
//! provider's keys, put together for the exchanges of [`super::sasl`].
//!
//! Guarantee: a user whose credential the active controller has committed can log in here, though this node's metadata may be a moment
//! behind: before an unknown user is refused, the controller is asked (bounded in time and in number, [`ASKS_PER_SECOND`]). The metadata go
//! before first users of the same name. Does not touch sockets or files: see `files.rs`, and `api/sasl_state.rs` for the order of requests.

use super::delegation::Mint;
use super::sasl::exchange::{Exchange, Secrets, Step};
use super::sasl::jwt::{self, KeySet};
use super::sasl::plain::Password;
use super::sasl::scram::{Account, Credential, Hash};
use super::sasl::{Authenticated, Failure, Mechanism};
use super::settings::{ListenerSettings, MechanismSettings, Settings};
use super::users::{User, Users};
use crate::metadata::controller_link::ControllerLink;
use crate::world::{Clock, Rng};
use arc_swap::ArcSwap;
use bytes::Bytes;
use ottla_controller::Metadata;
use ottla_protocol::messages::describe_user_scram_credentials::{
    DescribeUserScramCredentialsRequest, UserName,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the controller is asked about users who are not known here.
pub const ASKS_PER_SECOND: u32 = 20;
/// How long asking it, and then waiting for what it has, may take.
const ASK_MAX: Duration = Duration::from_secs(2);
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 18;
/// Tokens whose derived credentials are kept.
const TOKENS_KEPT_MAX: usize = 1024;

/// See the module.
pub struct Logins {
    pub settings: Settings,
    metadata: Metadata,
    controller: ControllerLink,
    clock: Clock,
    rng: Rng,
    /// Of `ottla.sasl.users`.
    configured: Users,
    /// Of login modules, by listener and mechanism.
    of_listeners: BTreeMap<(String, Mechanism), Users>,
    /// Of the mounted directory; replaced when its files change.
    mounted: ArcSwap<Users>,
    keys: ArcSwap<KeySet>,
    mint: Option<Mint>,
    /// Users that stand for tokens, by the token's id.
    tokens: Mutex<BTreeMap<String, Arc<User>>>,
    asked: Mutex<(Duration, u32)>,
}

impl Logins {
    pub fn new(
        settings: Settings,
        mint: Option<Mint>,
        metadata: Metadata,
        controller: ControllerLink,
        clock: Clock,
        rng: Rng,
    ) -> Self {
        let salt = || salt(&rng);
        let configured = Users::of(settings.users.clone(), salt);
        let mut of_listeners = BTreeMap::new();
        for (listener, of_listener) in &settings.listeners {
            for (mechanism, one) in &of_listener.mechanisms {
                let users = Users::of(one.users.clone(), salt);
                of_listeners.insert((listener.clone(), *mechanism), users);
            }
        }
        Self {
            configured,
            of_listeners,
            mounted: ArcSwap::default(),
            keys: ArcSwap::default(),
            tokens: Mutex::default(),
            asked: Mutex::default(),
            settings,
            mint,
            metadata,
            controller,
            clock,
            rng,
        }
    }

    /// What makes delegation tokens; `None` without `delegation.token.secret.key`.
    pub fn mint(&self) -> Option<&Mint> {
        self.mint.as_ref()
    }

    /// What holds for a listener, if its clients must log in.
    pub fn listener(&self, name: &str) -> Option<&ListenerSettings> {
        self.settings.listeners.get(name)
    }

    /// Puts the users of the mounted directory in force.
    pub fn mount(&self, users: Vec<(String, Password)>) {
        let changed = self.mounted.load().changed(users, || salt(&self.rng));
        self.mounted.store(Arc::new(changed));
    }

    /// Puts the identity provider's keys in force.
    pub fn trust(&self, keys: KeySet) {
        self.keys.store(Arc::new(keys));
    }

    /// Takes a client's next token, on a listener where `mechanism` is enabled.
    ///
    /// # Errors
    /// Why the client is not authenticated; the exchange is over.
    pub async fn step(
        &self,
        listener: &str,
        mechanism: Mechanism,
        exchange: Exchange,
        token: &[u8],
    ) -> Result<Step, Failure> {
        let secrets = At {
            logins: self,
            users: self.of_listeners.get(&(listener.to_owned(), mechanism)),
        };
        exchange.step(token, &secrets).await
    }

    /// How long a session lasts from now on; `None` for as long as the client likes (`calcCompletionTimesAndReturnSessionLifetimeMs`).
    pub fn session_lifetime(
        &self,
        settings: &MechanismSettings,
        who: &Authenticated,
    ) -> Option<Duration> {
        let now_ms = self.clock.wall_ms();
        let left = who.expires_ms().map(|expires_ms| {
            let left_ms = expires_ms.saturating_sub(now_ms);
            Duration::from_millis(u64::try_from(left_ms).unwrap_or(0))
        });
        [left, settings.session_max].into_iter().flatten().min()
    }

    /// A user's credential in the metadata of this node, for a mechanism.
    fn stored(&self, hash: Hash, user: &str) -> Option<Credential> {
        let image = self.metadata.image();
        let stored = image.scram.of(user, hash.to_wire())?;
        Some(Credential {
            salt: stored.salt.clone(),
            stored_key: stored.stored_key.clone(),
            server_key: stored.server_key.clone(),
            iterations: stored.iterations,
        })
    }

    /// As [`Logins::stored`], after asking whether the controller has one that is not here yet.
    async fn stored_elsewhere(&self, hash: Hash, user: &str) -> Option<Credential> {
        if !self.may_ask() {
            return None;
        }
        let request = DescribeUserScramCredentialsRequest {
            users: Some(vec![UserName {
                name: user.into(),
                ..Default::default()
            }]),
            ..Default::default()
        };
        let described = self.controller.ask(&request, ASK_MAX).await.ok()?;
        let mut credentials = described
            .results
            .iter()
            .flat_map(|one| &one.credential_infos);
        if !credentials.any(|one| one.mechanism == hash.to_wire()) {
            return None;
        }
        let mut updates = self.metadata.subscribe();
        let arrived = async {
            loop {
                if let Some(credential) = self.stored(hash, user) {
                    return Some(credential);
                }
                updates.next().await?;
            }
        };
        tokio::time::timeout(ASK_MAX, arrived).await.ok()?
    }

    fn may_ask(&self) -> bool {
        let now = self.clock.elapsed();
        let mut asked = self.asked.lock();
        let (second, count) = &mut *asked;
        if now.saturating_sub(*second) >= Duration::from_secs(1) {
            (*second, *count) = (now, 0);
        }
        *count += 1;
        *count <= ASKS_PER_SECOND
    }

    /// What a token's id and its HMAC amount to as a user.
    fn token_user(&self, mint: &Mint, id: &str) -> Arc<User> {
        let mut tokens = self.tokens.lock();
        if tokens.len() >= TOKENS_KEPT_MAX {
            tokens.clear();
        }
        let user = tokens.entry(id.to_owned());
        let user = user.or_insert_with(|| {
            let password = mint.password(id);
            Arc::new(User::new(password, salt(&self.rng)))
        });
        user.clone()
    }
}

/// The logins as one mechanism of one listener sees them.
struct At<'a> {
    logins: &'a Logins,
    users: Option<&'a Users>,
}

impl At<'_> {
    /// The nearest first: the listener's own, the node's, the directory's.
    fn first_user(&self, name: &str) -> Option<Arc<User>> {
        let own = self.users.and_then(|users| users.get(name));
        let known = own.or_else(|| self.logins.configured.get(name));
        let mounted = || self.logins.mounted.load().get(name).cloned();
        known.cloned().or_else(mounted)
    }
}

impl Secrets for At<'_> {
    fn password(&self, user: &str) -> Option<Password> {
        self.first_user(user).map(|user| user.password.clone())
    }

    async fn scram(&self, hash: Hash, user: &str) -> Option<Account> {
        let credential = match (self.logins.stored(hash, user), self.first_user(user)) {
            (Some(stored), _) => stored,
            (None, Some(first)) => first.credential(hash).clone(),
            (None, None) => self.logins.stored_elsewhere(hash, user).await?,
        };
        Some(Account {
            owner: user.to_owned(),
            credential,
            expires_ms: None,
        })
    }

    async fn token(&self, hash: Hash, id: &str) -> Option<Account> {
        let mint = self.logins.mint.as_ref()?;
        let image = self.logins.metadata.image();
        let token = image.tokens.of(id)?;
        if token.is_expired(self.logins.clock.wall_ms()) {
            return None;
        }
        Some(Account {
            // All owners are users: tokens of other kinds of principals cannot be made.
            owner: token.owner.strip_prefix("User:")?.to_owned(),
            credential: self.logins.token_user(mint, id).credential(hash).clone(),
            expires_ms: Some(token.expires_ms),
        })
    }

    async fn bearer(&self, token: &str) -> Result<jwt::Claims, String> {
        let keys = self.logins.keys.load();
        let rules = &self.logins.settings.bearer.rules;
        jwt::validate(token, &keys, rules, self.logins.clock.wall_ms())
    }

    fn nonce(&self) -> String {
        nonce(&self.logins.rng)
    }
}

/// Printable, without a comma, of 144 random bits.
pub(super) fn nonce(rng: &Rng) -> String {
    use base64::Engine;
    let mut bytes = [0; NONCE_BYTES];
    rng.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn salt(rng: &Rng) -> Bytes {
    let mut bytes = [0; SALT_BYTES];
    rng.fill(&mut bytes);
    Bytes::copy_from_slice(&bytes)
}
