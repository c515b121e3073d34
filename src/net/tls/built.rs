//! From values and what files held to what rustls works with. Pure.

use super::certificate::Certificate;
use super::mapping::Rules;
use super::store::{self, Files, Identity};
use super::trust::Trust;
use crate::config::tls::{ClientAuth, TlsValues};
use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig, SignatureScheme, SupportedProtocolVersion};
use std::sync::Arc;

/// What is in force at a listener.
#[derive(Debug)]
pub struct Built {
    /// `None` without a keystore: then the listener is only connected to.
    pub server: Option<Arc<ServerConfig>>,
    /// `None` without a truststore.
    pub client: Option<Arc<ClientConfig>>,
    pub rules: Rules,
    /// Of its own certificates, in the keystore's order.
    pub shown: Vec<Certificate>,
}

/// Builds it.
///
/// # Errors
/// The sentence that names the key and what is wrong with it.
pub fn build(values: &TlsValues, files: &Files) -> Result<Built, String> {
    let provider = Arc::new(provider(&values.cipher_suites)?);
    let identities = store::identities(values, files)?;
    let trusted = store::trusted(values, files)?;
    if trusted.is_empty() && values.client_auth != ClientAuth::None {
        return Err("ssl.client.auth asks for certificates, and ssl.truststore.location does not say which are trusted".to_owned());
    }
    let shown = identities
        .iter()
        .map(|identity| Certificate::read(&identity.chain[0]))
        .collect::<Result<Vec<_>, _>>()?;
    let keys = identities
        .into_iter()
        .map(|identity| certified(identity, &provider))
        .collect::<Result<Vec<_>, _>>()?;
    let trust = match trusted.is_empty() {
        true => None,
        false => {
            let is_required = values.client_auth == ClientAuth::Required;
            let trust = Trust::new(trusted, &provider, is_required, values.checks_host_names);
            Some(Arc::new(
                trust.map_err(|error| format!("ssl.truststore: {error}"))?,
            ))
        }
    };
    let own = Arc::new(Own(keys));
    Ok(Built {
        server: match own.0.is_empty() {
            true => None,
            false => Some(server(values, &provider, own.clone(), trust.clone())?),
        },
        client: trust
            .map(|trust| client(values, &provider, own, trust))
            .transpose()?,
        rules: Rules::parse(&values.principal_rules)
            .map_err(|error| format!("ssl.principal.mapping.rules: {error}"))?,
        shown,
    })
}

impl Built {
    /// When the first of its own certificates expires, in milliseconds since the Unix epoch.
    pub fn expires_ms(&self) -> Option<i64> {
        self.shown
            .iter()
            .map(|certificate| certificate.not_after_ms)
            .min()
    }

    /// Whether it may take the place of `before` while connections are made (`SslFactory.CertificateEntries`).
    ///
    /// # Errors
    /// What it may not change.
    pub fn may_replace(&self, before: &Self, values: &TlsValues) -> Result<(), String> {
        if before.server.is_some() && self.server.is_none() {
            return Err("there is no keystore any more".to_owned());
        }
        for (new, old) in self.shown.iter().zip(&before.shown) {
            if !values.may_change_subject && !new.subject.eq_ignore_ascii_case(&old.subject) {
                return Err(format!(
                    "its certificate names {} and the one in use {}; set ssl.allow.dn.changes=true to allow that",
                    new.subject, old.subject
                ));
            }
            if !values.may_change_names
                && !new.alternative_names.is_superset(&old.alternative_names)
            {
                return Err(format!(
                    "its certificate lacks alternative names of the one in use ({:?}, {:?}); set ssl.allow.san.changes=true to allow that",
                    new.alternative_names, old.alternative_names
                ));
            }
        }
        Ok(())
    }
}

fn server(
    values: &TlsValues,
    provider: &Arc<CryptoProvider>,
    own: Arc<Own>,
    trust: Option<Arc<Trust>>,
) -> Result<Arc<ServerConfig>, String> {
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder
        .with_protocol_versions(&versions(&values.enabled_protocols, "")?)
        .map_err(|error| format!("ssl.cipher.suites: {error}"))?;
    let asks = values.client_auth != ClientAuth::None;
    let builder = match trust.filter(|_| asks) {
        Some(trust) => builder.with_client_cert_verifier(trust as Arc<dyn ClientCertVerifier>),
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(builder.with_cert_resolver(own)))
}

fn client(
    values: &TlsValues,
    provider: &Arc<CryptoProvider>,
    own: Arc<Own>,
    trust: Arc<Trust>,
) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let versions = versions(&values.enabled_protocols, &values.protocol)?;
    let builder = builder
        .with_protocol_versions(&versions)
        .map_err(|error| format!("ssl.cipher.suites: {error}"))?;
    // "Dangerous" is what it is called to bring a verifier of one's own.
    let builder = builder.dangerous().with_custom_certificate_verifier(trust);
    Ok(Arc::new(builder.with_client_cert_resolver(own)))
}

/// Those of `ssl.enabled.protocols`, none above `highest`. What is older than TLS 1.2 is passed over: it is broken.
fn versions(
    enabled: &[String],
    highest: &str,
) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let is_enabled = |name: &str| enabled.iter().any(|one| one == name);
    let mut versions = Vec::new();
    if is_enabled("TLSv1.3") && highest != "TLSv1.2" {
        versions.push(&rustls::version::TLS13);
    }
    if is_enabled("TLSv1.2") {
        versions.push(&rustls::version::TLS12);
    }
    match versions.is_empty() {
        true => Err(format!(
            "ssl.enabled.protocols={} leaves none that is served: TLSv1.2 and TLSv1.3 are",
            enabled.join(",")
        )),
        false => Ok(versions),
    }
}

/// The named suites in the order named, all for none. Names that are not known are passed over as long as one is.
fn provider(names: &[String]) -> Result<CryptoProvider, String> {
    let provider = aws_lc_rs::default_provider();
    if names.is_empty() {
        return Ok(provider);
    }
    // Java has no 13 in the names of TLS 1.3.
    let java_name = |suite: rustls::CipherSuite| format!("{suite:?}").replace("TLS13_", "TLS_");
    let of_name = |name: &String| {
        let mut suites = provider.cipher_suites.iter();
        suites
            .find(|suite| java_name(suite.suite()) == *name)
            .copied()
    };
    let cipher_suites: Vec<_> = names.iter().filter_map(of_name).collect();
    if cipher_suites.is_empty() {
        let known: Vec<String> = provider
            .cipher_suites
            .iter()
            .map(|suite| java_name(suite.suite()))
            .collect();
        return Err(format!(
            "ssl.cipher.suites={} names none that is served; those are {}",
            names.join(","),
            known.join(",")
        ));
    }
    Ok(CryptoProvider {
        cipher_suites,
        ..provider
    })
}

fn certified(identity: Identity, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
    let key = CertifiedKey::from_der(identity.chain, identity.key, provider);
    key.map(Arc::new).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            "ssl.keystore: the private key does not belong to the certificate".to_owned()
        }
        error => format!("ssl.keystore: the private key cannot be used: {error}"),
    })
}

/// What this node shows: the first whose certificate is for the name asked for, or else the first.
#[derive(Debug)]
struct Own(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Own {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let can_sign =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let asked = hello
            .server_name()
            .and_then(|name| rustls::pki_types::ServerName::try_from(name).ok());
        let is_for = |key: &&Arc<CertifiedKey>| {
            let parsed = key
                .cert
                .first()
                .and_then(|first| rustls::server::ParsedCertificate::try_from(first).ok());
            match (&asked, parsed) {
                (Some(name), Some(parsed)) => {
                    rustls::client::verify_server_name(&parsed, name).is_ok()
                }
                _ => false,
            }
        };
        let usable = || self.0.iter().filter(can_sign);
        let found = match self.0.len() {
            1 => None,
            _ => usable().find(is_for),
        };
        found
            .or_else(|| usable().next())
            .or(self.0.first())
            .cloned()
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut keys = self.0.iter();
        keys.find(|key| key.key.choose_scheme(schemes).is_some())
            .cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
