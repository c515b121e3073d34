//! What SASL is configured with: per listener its mechanisms, their users and how long a session lasts; how this node itself logs in.
//!
//! Read once, when a node starts: a change takes a restart. Kafka's keys with Kafka's meaning; a listener's own key
//! (`listener.name.<name>.<key>`, `listener.name.<name>.<mechanism>.<key>`) is nearer than the one for all. Unlike Kafka, `sasl.jaas.config`
//! may stand without a prefix, and `user_<name>` makes first users in a ScramLoginModule too.

use super::jaas::{self, Module};
use super::sasl::Mechanism;
use super::sasl::jwt::Rules;
use super::sasl::plain::Password;
use super::users;
use crate::config::{BrokerConfig, Layers, ListenerName, Unset};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// See the module.
#[derive(Clone, Debug)]
pub struct Settings {
    /// By name, those whose clients must log in.
    pub listeners: BTreeMap<String, ListenerSettings>,
    /// `ottla.sasl.users`: first users of every listener.
    pub users: Vec<(String, Password)>,
    /// `ottla.sasl.users.dir`.
    pub users_directory: Option<PathBuf>,
    /// How this node logs in where brokers listen, if they ask for that.
    pub to_brokers: Option<Login>,
    /// As [`Settings::to_brokers`], where controllers listen.
    pub to_controllers: Option<Login>,
    pub bearer: BearerSettings,
    /// `sasl.server.max.receive.size`.
    pub token_max_bytes: usize,
    /// `connection.failed.authentication.delay.ms`.
    pub failed_delay: Duration,
}

/// What holds for one listener.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// In the order of `sasl.enabled.mechanisms`.
    pub mechanisms: Vec<(Mechanism, MechanismSettings)>,
}

/// What holds for one mechanism on one listener.
#[derive(Clone, Debug, Default)]
pub struct MechanismSettings {
    /// `user_<name>` of its login module.
    pub users: Vec<(String, Password)>,
    /// `connections.max.reauth.ms`.
    pub session_max: Option<Duration>,
}

/// How this node logs in at others.
#[derive(Clone, Debug)]
pub struct Login {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: Password,
}

/// How bearer tokens are judged.
#[derive(Clone, Debug, Default)]
pub struct BearerSettings {
    pub rules: Rules,
    /// The file of `sasl.oauthbearer.jwks.endpoint.url`.
    pub keys_file: Option<PathBuf>,
}

impl Settings {
    /// Reads what a node is configured with.
    ///
    /// # Errors
    /// The sentence that says which key is wrong and what to do.
    pub fn read(config: &BrokerConfig) -> Result<Self, String> {
        let reader = Reader {
            layers: config.layers(&Unset, &Unset),
        };
        let of_listeners = &config.listeners;
        let mut listeners = BTreeMap::new();
        for listener in of_listeners.bound.iter().chain(&of_listeners.controller) {
            if listener.protocol.asks_for_sasl() {
                let settings = reader.listener(&listener.name)?;
                listeners.insert(listener.name.as_str().to_owned(), settings);
            }
        }
        let asks_for_sasl = |name: &ListenerName| {
            let protocol = of_listeners.protocols.get(name);
            protocol.is_some_and(|protocol| protocol.asks_for_sasl())
        };
        let login = |name: &ListenerName, key: &str| {
            let login = asks_for_sasl(name).then(|| reader.login(name, key));
            login.transpose()
        };
        let users = reader.own("ottla.sasl.users").unwrap_or_default();
        let settings = Self {
            to_brokers: login(
                &of_listeners.inter_broker,
                "sasl.mechanism.inter.broker.protocol",
            )?,
            // Where controllers are reached at the brokers' own listener, that is how they are reached.
            to_controllers: match of_listeners.toward_controllers == of_listeners.inter_broker {
                true => None,
                false => login(
                    &of_listeners.toward_controllers,
                    "sasl.mechanism.controller.protocol",
                )?,
            },
            users: users::parse(&users)?,
            users_directory: reader.own("ottla.sasl.users.dir").map(PathBuf::from),
            bearer: reader.bearer()?,
            token_max_bytes: reader.size("sasl.server.max.receive.size"),
            failed_delay: reader.time("connection.failed.authentication.delay.ms"),
            listeners,
        };
        settings.check_keys()?;
        settings.check_own_mechanism(of_listeners.inter_broker.as_str())?;
        Ok(settings)
    }

    /// As `KafkaConfig.validateValues` has it.
    fn check_own_mechanism(&self, inter_broker: &str) -> Result<(), String> {
        let (Some(login), Some(listener)) = (&self.to_brokers, self.listeners.get(inter_broker))
        else {
            return Ok(());
        };
        match listener.of(login.mechanism) {
            Some(_) => Ok(()),
            None => Err("sasl.mechanism.inter.broker.protocol must be included in sasl.enabled.mechanisms when SASL is used for inter-broker communication".to_owned()),
        }
    }

    fn check_keys(&self) -> Result<(), String> {
        let mut mechanisms = self.listeners.values().flat_map(|one| &one.mechanisms);
        let is_needed = mechanisms.any(|(mechanism, _)| *mechanism == Mechanism::OauthBearer);
        match (is_needed, &self.bearer.keys_file) {
            (true, None) => Err("OAUTHBEARER needs the keys of an identity provider: set sasl.oauthbearer.jwks.endpoint.url to a file:// URL of its JWKS (unsecured tokens, which Kafka accepts by default, are not accepted)".to_owned()),
            _ => Ok(()),
        }
    }
}

impl ListenerSettings {
    /// What holds for a mechanism, if it is enabled.
    pub fn of(&self, mechanism: Mechanism) -> Option<&MechanismSettings> {
        let mut found = self.mechanisms.iter();
        found
            .find(|(one, _)| *one == mechanism)
            .map(|(_, settings)| settings)
    }
}

struct Reader<'a> {
    layers: Layers<'a>,
}

impl Reader<'_> {
    fn own(&self, key: &str) -> Option<String> {
        let value = self.layers.broker_value(key)?.to_text();
        Some(value).filter(|text| !text.is_empty())
    }

    fn size(&self, key: &str) -> usize {
        usize::try_from(self.layers.broker_number(key)).unwrap_or(0)
    }

    fn time(&self, key: &str) -> Duration {
        Duration::from_millis(u64::try_from(self.layers.broker_number(key)).unwrap_or(0))
    }

    /// The nearest of a key for a mechanism on a listener, on the listener, and for all; with the name it was found under.
    fn nearest(
        &self,
        listener: &ListenerName,
        mechanism: Option<Mechanism>,
        key: &str,
    ) -> Option<(String, String)> {
        let listener = listener.as_str().to_lowercase();
        let of_mechanism = mechanism.map(|mechanism| {
            let mechanism = mechanism.name().to_lowercase();
            format!("listener.name.{listener}.{mechanism}.{key}")
        });
        let names = [
            Some(format!("listener.name.{listener}.{key}")),
            of_mechanism,
        ];
        for name in names.into_iter().rev().flatten() {
            for (layer, _) in self.layers.each() {
                if let Some(text) = layer.setting(&name) {
                    return Some((name, text.trim().to_owned()));
                }
            }
        }
        self.own(key).map(|text| (key.to_owned(), text))
    }

    fn listener(&self, name: &ListenerName) -> Result<ListenerSettings, String> {
        let (key, enabled) = self
            .nearest(name, None, "sasl.enabled.mechanisms")
            .unwrap_or_default();
        let mut mechanisms: Vec<(Mechanism, MechanismSettings)> = Vec::new();
        for enabled in enabled
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
        {
            let mechanism = mechanism(&key, enabled)?;
            if mechanisms.iter().all(|(known, _)| *known != mechanism) {
                mechanisms.push((mechanism, self.mechanism(name, mechanism)?));
            }
        }
        match mechanisms.is_empty() {
            true => Err(format!(
                "listener {name} asks for SASL, and {key} enables no mechanism"
            )),
            false => Ok(ListenerSettings { mechanisms }),
        }
    }

    fn mechanism(
        &self,
        listener: &ListenerName,
        mechanism: Mechanism,
    ) -> Result<MechanismSettings, String> {
        self.check_handler(listener, mechanism)?;
        let entry = self.entry(listener, mechanism)?;
        let options = entry.map(|entry| entry.options).unwrap_or_default();
        let users = options.into_iter().filter_map(|(name, value)| {
            let user = name.strip_prefix("user_").filter(|user| !user.is_empty());
            Some((user?.to_owned(), Password::new(value)))
        });
        let key = "connections.max.reauth.ms";
        let limit = self.nearest(listener, Some(mechanism), key);
        let session_max = match limit {
            None => 0,
            Some((name, text)) => text
                .parse::<u64>()
                .map_err(|_| format!("Invalid value {text} for configuration {name}: expected milliseconds, 0 for no limit"))?,
        };
        Ok(MechanismSettings {
            users: users.collect(),
            session_max: (session_max > 0).then(|| Duration::from_millis(session_max)),
        })
    }

    /// Kafka's own way to judge bearer tokens is ours; classes of others cannot be loaded, and leaving one out would judge otherwise.
    fn check_handler(&self, listener: &ListenerName, mechanism: Mechanism) -> Result<(), String> {
        let key = "sasl.server.callback.handler.class";
        let Some((name, class)) = self.nearest(listener, Some(mechanism), key) else {
            return Ok(());
        };
        let is_kafkas = class.ends_with(".OAuthBearerValidatorCallbackHandler");
        match is_kafkas || class.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "{name}={class} is refused: Java plugins cannot be loaded, and users would be judged otherwise; remove the key"
            )),
        }
    }

    /// The login module for a mechanism. One without a prefix may be another mechanism's, and then says nothing about this one.
    fn entry(
        &self,
        listener: &ListenerName,
        mechanism: Mechanism,
    ) -> Result<Option<jaas::Entry>, String> {
        let Some((name, text)) = self.nearest(listener, Some(mechanism), "sasl.jaas.config") else {
            return Ok(None);
        };
        let entry = jaas::parse(&text).map_err(|error| format!("{name}: {error}"))?;
        let expected = match mechanism {
            Mechanism::Plain => Module::Plain,
            Mechanism::Scram(_) => Module::Scram,
            Mechanism::OauthBearer => Module::OauthBearer,
        };
        let suffix = format!(".{}.sasl.jaas.config", mechanism.name().to_lowercase());
        let is_for_mechanism = name.ends_with(&suffix);
        match entry.module == expected {
            true => Ok(Some(entry)),
            false if is_for_mechanism => Err(format!(
                "{name}: login module {:?} is not for {mechanism}",
                entry.module
            )),
            false => Ok(None),
        }
    }

    fn login(&self, listener: &ListenerName, key: &str) -> Result<Login, String> {
        let (name, text) = self.nearest(listener, None, key).unwrap_or_default();
        let mechanism = mechanism(&name, &text)?;
        if mechanism == Mechanism::OauthBearer {
            return Err(format!(
                "{name}={mechanism}: this version of Ottla logs in at other nodes by PLAIN or SCRAM"
            ));
        }
        let entry = self.entry(listener, mechanism)?;
        let option = |option: &str| entry.as_ref()?.options.get(option).cloned();
        match (option("username"), option("password")) {
            (Some(user), Some(password)) => Ok(Login {
                mechanism,
                user,
                password: Password::new(password),
            }),
            _ => Err(format!(
                "{name}={mechanism}, and there is no username and password to log in with: set them in listener.name.{}.{}.sasl.jaas.config",
                listener.as_str().to_lowercase(),
                mechanism.name().to_lowercase()
            )),
        }
    }

    fn bearer(&self) -> Result<BearerSettings, String> {
        let text = |key: &str| self.own(key);
        let key = "sasl.oauthbearer.jwks.endpoint.url";
        let keys_file = match text(key) {
            None => None,
            Some(url) => match url.strip_prefix("file://").map(PathBuf::from) {
                Some(path) if path.is_absolute() => Some(path),
                _ => {
                    return Err(format!(
                        "Invalid value {url} for configuration {key}: this version of Ottla reads keys from a file:// URL with an absolute path; have another process fetch them, the file is read again when it changes"
                    ));
                }
            },
        };
        let audiences = text("sasl.oauthbearer.expected.audience").unwrap_or_default();
        let audiences = audiences
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty());
        Ok(BearerSettings {
            rules: Rules {
                issuer: text("sasl.oauthbearer.expected.issuer"),
                audiences: audiences.map(str::to_owned).collect(),
                clock_skew_ms: self
                    .layers
                    .broker_number("sasl.oauthbearer.clock.skew.seconds")
                    * 1000,
                subject_claim: text("sasl.oauthbearer.sub.claim.name")
                    .unwrap_or_else(|| "sub".to_owned()),
                scope_claim: text("sasl.oauthbearer.scope.claim.name")
                    .unwrap_or_else(|| "scope".to_owned()),
            },
            keys_file,
        })
    }
}

fn mechanism(key: &str, name: &str) -> Result<Mechanism, String> {
    Mechanism::of_name(name).ok_or_else(|| {
        let known = Mechanism::ALL.map(Mechanism::name).join(", ");
        format!("{key}: mechanism {name} is not built; there are {known}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::sasl::scram;
    use crate::config::StaticConfig;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let base = [
            ("listeners", "IN://h:1,OUT://h:2"),
            (
                "listener.security.protocol.map",
                "IN:SASL_PLAINTEXT,OUT:SASL_PLAINTEXT",
            ),
            ("inter.broker.listener.name", "IN"),
            ("sasl.enabled.mechanisms", "PLAIN"),
            ("sasl.mechanism.inter.broker.protocol", "PLAIN"),
            (
                "sasl.jaas.config",
                "PlainLoginModule required username=n password=p user_n=p;",
            ),
        ];
        let pairs: Vec<_> = base.iter().chain(pairs).copied().collect();
        let config =
            BrokerConfig::new(StaticConfig::of(&pairs)).map_err(|errors| errors.to_string())?;
        Settings::read(&config)
    }

    fn refused(pairs: &[(&str, &str)]) -> String {
        read(pairs).expect_err("it must be refused")
    }

    #[test]
    fn a_listeners_own_mechanisms_and_users_are_nearer_than_those_for_all() {
        let settings = read(&[
            (
                "listener.name.out.sasl.enabled.mechanisms",
                "SCRAM-SHA-512, PLAIN,PLAIN",
            ),
            (
                "listener.name.out.plain.sasl.jaas.config",
                "PlainLoginModule required user_alice=a;",
            ),
            (
                "listener.name.out.scram-sha-512.sasl.jaas.config",
                "ScramLoginModule required user_bob=b;",
            ),
            ("listener.name.out.plain.connections.max.reauth.ms", "5000"),
            ("connections.max.reauth.ms", "9000"),
        ])
        .unwrap();
        let names = |listener: &str, mechanism| {
            let found = settings.listeners[listener].of(mechanism).unwrap();
            let names = found.users.iter().map(|(name, _)| name.clone());
            (names.collect::<Vec<_>>().join(","), found.session_max)
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let sha512 = Mechanism::Scram(scram::Hash::Sha512);
        assert_eq!(names("IN", Mechanism::Plain), ("n".to_owned(), seconds(9)));
        assert_eq!(
            names("OUT", Mechanism::Plain),
            ("alice".to_owned(), seconds(5))
        );
        assert_eq!(names("OUT", sha512), ("bob".to_owned(), seconds(9)));
        assert_eq!(settings.listeners["OUT"].mechanisms.len(), 2);
        assert!(settings.listeners["IN"].of(sha512).is_none());
    }

    #[test]
    fn this_nodes_own_login_comes_from_the_listener_of_brokers() {
        let settings = read(&[]).unwrap();
        let login = settings.to_brokers.unwrap();
        assert_eq!((login.mechanism, &*login.user), (Mechanism::Plain, "n"));
        assert!(settings.to_controllers.is_none());
    }

    #[test]
    fn what_cannot_work_is_refused_with_what_to_do() {
        for (pairs, reason) in [
            (
                &[("sasl.enabled.mechanisms", "GSSAPI")][..],
                "mechanism GSSAPI is not built; there are PLAIN",
            ),
            (
                &[("listener.name.out.sasl.enabled.mechanisms", "plain")],
                "listener.name.out.sasl.enabled.mechanisms: mechanism plain",
            ),
            (&[("sasl.enabled.mechanisms", "")], "enables no mechanism"),
            (
                &[(
                    "listener.name.in.plain.sasl.jaas.config",
                    "PlainLoginModule required;",
                )],
                "no username and password",
            ),
            (
                &[(
                    "listener.name.in.plain.sasl.jaas.config",
                    "ScramLoginModule required;",
                )],
                "is not for PLAIN",
            ),
            (
                &[("sasl.jaas.config", "PlainLoginModule")],
                "sasl.jaas.config: Login module control flag",
            ),
            (
                &[("sasl.mechanism.inter.broker.protocol", "OAUTHBEARER")],
                "logs in at other nodes by PLAIN or SCRAM",
            ),
            (
                &[("listener.name.out.sasl.enabled.mechanisms", "OAUTHBEARER")],
                "needs the keys of an identity provider",
            ),
            (
                &[(
                    "listener.name.out.plain.sasl.server.callback.handler.class",
                    "a.B",
                )],
                "Java plugins cannot be loaded",
            ),
            (
                &[("listener.name.in.sasl.enabled.mechanisms", "SCRAM-SHA-256")],
                "must be included in sasl.enabled.mechanisms",
            ),
            (
                &[("sasl.oauthbearer.jwks.endpoint.url", "https://a/b")],
                "file:// URL",
            ),
            (&[("ottla.sasl.users", "alice")], "is not name=password"),
            (
                &[("listener.name.in.plain.connections.max.reauth.ms", "x")],
                "expected milliseconds",
            ),
        ] {
            let refused = refused(pairs);
            assert!(refused.contains(reason), "{pairs:?}: {refused}");
        }
    }

    #[test]
    fn first_users_come_from_a_key_and_a_directory_of_ours() {
        let settings = read(&[
            ("ottla.sasl.users", "alice=a;bob=b"),
            ("ottla.sasl.users.dir", "/run/secrets/users"),
        ])
        .unwrap();
        assert_eq!(settings.users.len(), 2);
        assert_eq!(
            settings.users_directory,
            Some(PathBuf::from("/run/secrets/users"))
        );
    }
}
