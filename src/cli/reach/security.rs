//! From client properties to how a listener is spoken to. Files are read by a function that is passed in.
//!
//! Kafka's keys (`security.protocol`, `sasl.mechanism`, `sasl.jaas.config`, `ssl.truststore.…`, `ssl.keystore.…`) and librdkafka's
//! (`sasl.username`, `sasl.password`, `ssl.ca.location`, `ssl.certificate.location`, `ssl.key.location`). Where no truststore is named, the
//! authorities of the system are trusted, as by other programs. Source: `CommonClientConfigs`, `SaslConfigs`, `SslConfigs`.

use super::settings::Settings;
use crate::auth::jaas;
use crate::auth::sasl::Mechanism;
use crate::auth::sasl::plain::Password;
use crate::auth::settings::Login;
use crate::config::SecurityProtocol;
use crate::config::tls::{ClientAuth, Secret, StoreValues, TlsValues};

/// Where distributions keep the certificates of the authorities that they trust.
const SYSTEM_AUTHORITIES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// See the module.
#[derive(Clone, Debug)]
pub struct Security {
    pub protocol: SecurityProtocol,
    /// What holds where TLS is spoken, here or at another listener.
    pub tls: Option<TlsValues>,
    pub login: Option<Login>,
}

impl Security {
    /// # Errors
    /// The sentence that names the property and what is wrong with it.
    pub fn of(settings: &Settings, read: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let name = settings
            .text(&["security.protocol"])
            .unwrap_or("PLAINTEXT")
            .to_uppercase();
        let protocol = protocol(&name).ok_or_else(|| {
            format!(
                "security.protocol={name}: there are PLAINTEXT, SSL, SASL_PLAINTEXT and SASL_SSL"
            )
        })?;
        let tls = tls(settings, read)?;
        let login = match protocol.asks_for_sasl() {
            true => Some(login(settings)?),
            false => None,
        };
        if protocol.is_encrypted() && tls.is_none() {
            return Err(
                "nobody is trusted: set ssl.truststore.location (or ssl.ca.location) to the certificate of the authority, in PEM".to_owned(),
            );
        }
        Ok(Self {
            protocol,
            tls,
            login,
        })
    }
}

fn protocol(name: &str) -> Option<SecurityProtocol> {
    let all = [
        SecurityProtocol::Plaintext,
        SecurityProtocol::Ssl,
        SecurityProtocol::SaslPlaintext,
        SecurityProtocol::SaslSsl,
    ];
    all.into_iter().find(|one| one.name() == name)
}

/// By PLAIN or SCRAM, with the name and password of `sasl.jaas.config` or of `sasl.username` and `sasl.password`.
fn login(settings: &Settings) -> Result<Login, String> {
    let name = settings
        .text(&["sasl.mechanism", "sasl.mechanisms"])
        .ok_or("security.protocol asks for a login: set sasl.mechanism to PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")?;
    let mechanism = match Mechanism::of_name(name) {
        Some(mechanism @ (Mechanism::Plain | Mechanism::Scram(_))) => mechanism,
        _ => {
            return Err(format!(
                "sasl.mechanism={name}: these commands log in by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
            ));
        }
    };
    let entry = settings.text(&["sasl.jaas.config"]).map(jaas::parse);
    let entry = entry
        .transpose()
        .map_err(|error| format!("sasl.jaas.config: {error}"))?;
    let of_entry = |option: &str| entry.as_ref()?.options.get(option).cloned();
    let set = |key: &str| settings.text(&[key]).map(str::to_owned);
    let user = set("sasl.username").or_else(|| of_entry("username"));
    let password = set("sasl.password").or_else(|| of_entry("password"));
    match (user, password) {
        (Some(user), Some(password)) => Ok(Login {
            mechanism,
            user,
            password: Password::new(password),
        }),
        _ => Err("security.protocol asks for a login: set sasl.jaas.config with username and password, or sasl.username and sasl.password".to_owned()),
    }
}

/// `None` where nobody is trusted.
fn tls(
    settings: &Settings,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<TlsValues>, String> {
    let secret = |keys: &[&str]| settings.text(keys).map(|text| Secret::new(text.to_owned()));
    let of_file = |key: &str| {
        let Some(path) = settings.text(&[key]) else {
            return Ok(None);
        };
        let text = read(path)
            .ok_or_else(|| format!("{key}={path}: there is no such file, or it cannot be read"))?;
        Ok::<_, String>(Some(Secret::new(text)))
    };
    let truststore = store(settings, "ssl.truststore", &["ssl.ca.location"]);
    let mut inline_trusted = secret(&["ssl.truststore.certificates", "ssl.ca.pem"]);
    if truststore.location.is_none() && inline_trusted.is_none() {
        inline_trusted = SYSTEM_AUTHORITIES
            .iter()
            .find_map(|path| read(path))
            .map(Secret::new);
        if inline_trusted.is_none() {
            return Ok(None);
        }
    }
    let enabled = settings.list("ssl.enabled.protocols");
    let algorithm = "ssl.endpoint.identification.algorithm";
    let checks = settings
        .text(&[algorithm])
        .unwrap_or_else(|| match settings.has(algorithm) {
            true => "none",
            false => "https",
        });
    Ok(Some(TlsValues {
        keystore: store(settings, "ssl.keystore", &[]),
        inline_chain: of_file("ssl.certificate.location")?
            .or_else(|| secret(&["ssl.keystore.certificate.chain", "ssl.certificate.pem"])),
        inline_key: of_file("ssl.key.location")?
            .or_else(|| secret(&["ssl.keystore.key", "ssl.key.pem"])),
        key_password: secret(&["ssl.key.password"]),
        truststore,
        inline_trusted,
        client_auth: ClientAuth::None,
        enabled_protocols: match enabled.is_empty() {
            true => vec!["TLSv1.2".to_owned(), "TLSv1.3".to_owned()],
            false => enabled,
        },
        protocol: settings
            .text(&["ssl.protocol"])
            .unwrap_or("TLSv1.3")
            .to_owned(),
        cipher_suites: settings.list("ssl.cipher.suites"),
        checks_host_names: !checks.eq_ignore_ascii_case("none"),
        principal_rules: "DEFAULT".to_owned(),
        may_change_subject: true,
        may_change_names: true,
    }))
}

/// A store whose type is not said is PEM, unless its name ends as those of Java do. Kafka's default is JKS, which nobody means by `ca.crt`.
fn store(settings: &Settings, prefix: &str, aliases: &[&str]) -> StoreValues {
    let key = |end: &str| format!("{prefix}.{end}");
    let own = key("location");
    let locations: Vec<&str> = [own.as_str()]
        .into_iter()
        .chain(aliases.iter().copied())
        .collect();
    let location = settings.text(&locations).map(str::to_owned);
    let is_java = location.as_ref().is_some_and(|path| {
        let path = path.to_lowercase();
        [".jks", ".p12", ".pfx", ".pkcs12"]
            .iter()
            .any(|end| path.ends_with(end))
    });
    let kind = settings.text(&[&key("type")]).map(str::to_uppercase);
    StoreValues {
        kind: kind.unwrap_or_else(|| if is_java { "PKCS12" } else { "PEM" }.to_owned()),
        location,
        password: settings
            .text(&[&key("password")])
            .map(|text| Secret::new(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn security(pairs: &[&str]) -> Result<Security, String> {
        let flags: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let settings = Settings::read(None, [].into_iter(), &flags).unwrap();
        Security::of(&settings, &|path| match path {
            "/own.crt" | "/own.key" => Some(format!("of {path}")),
            _ => None,
        })
    }

    #[test]
    fn nothing_set_is_plaintext() {
        let plain = security(&[]).unwrap();
        assert_eq!(plain.protocol, SecurityProtocol::Plaintext);
        assert!(plain.tls.is_none() && plain.login.is_none());
    }

    #[test]
    fn a_login_is_read_in_kafkas_words_and_in_librdkafkas() {
        let kafkas = "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"a\" password=\"p\";";
        for words in [
            &[
                "security.protocol=SASL_PLAINTEXT",
                "sasl.mechanism=SCRAM-SHA-512",
                kafkas,
            ][..],
            &[
                "security.protocol=sasl_plaintext",
                "sasl.mechanisms=SCRAM-SHA-512",
                "sasl.username=a",
                "sasl.password=p",
            ],
        ] {
            let login = security(words).unwrap().login.unwrap();
            assert_eq!(login.mechanism.name(), "SCRAM-SHA-512");
            assert_eq!((&*login.user, login.password.reveal()), ("a", "p"));
        }
    }

    #[test]
    fn stores_are_pem_unless_they_say_or_look_otherwise() {
        let of = |pairs: &[&str]| {
            let pairs = [&["security.protocol=SSL"], pairs].concat();
            security(&pairs).unwrap().tls.unwrap()
        };
        assert_eq!(of(&["ssl.ca.location=/ca.crt"]).truststore.kind, "PEM");
        let java = of(&["ssl.truststore.location=/trust.P12"]);
        assert_eq!(java.truststore.kind, "PKCS12");
        let said = of(&[
            "ssl.truststore.location=/trust",
            "ssl.truststore.type=pkcs12",
        ]);
        assert_eq!(said.truststore.kind, "PKCS12");
        let own = of(&[
            "ssl.ca.location=/ca.crt",
            "ssl.certificate.location=/own.crt",
            "ssl.key.location=/own.key",
        ]);
        let chain = own.inline_chain.as_ref().map(Secret::reveal);
        assert_eq!(chain, Some("of /own.crt"));
        assert!(own.checks_host_names);
        let unchecked = of(&[
            "ssl.ca.location=/ca.crt",
            "ssl.endpoint.identification.algorithm=",
        ]);
        assert!(!unchecked.checks_host_names);
    }

    #[test]
    fn what_is_missing_or_unknown_is_said_with_the_remedy() {
        for (pairs, part) in [
            (&["security.protocol=TLS"][..], "there are PLAINTEXT"),
            (&["security.protocol=SSL"], "ssl.truststore.location"),
            (&["security.protocol=SASL_PLAINTEXT"], "set sasl.mechanism"),
            (
                &["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=GSSAPI"],
                "log in by PLAIN",
            ),
            (
                &["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN"],
                "sasl.username",
            ),
            (
                &[
                    "security.protocol=SSL",
                    "ssl.ca.location=/ca",
                    "ssl.key.location=/none",
                ],
                "ssl.key.location=/none",
            ),
        ] {
            let error = security(pairs).unwrap_err();
            assert!(error.contains(part), "{pairs:?}: {error}");
        }
    }
}
