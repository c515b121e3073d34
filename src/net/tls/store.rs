//! Keys and certificates as they are kept: PEM (KIP-651) and PKCS#12. Pure: bytes in, material out.
//!
//! `ssl.keystore.type` is JKS unless set, and Java reads PKCS#12 files under that name; so do we. A real JKS file is refused with the command that
//! converts it.

use super::pem::{self, Section};
use crate::config::tls::{Secret, StoreValues, TlsValues};
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

const JKS_MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS_MAGIC: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// What the files held when they were read; `None` where there is no file or no location.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Files {
    pub keystore: Option<Vec<u8>>,
    pub truststore: Option<Vec<u8>>,
}

/// A key and the certificates that vouch for it, its own first.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// What this node shows: several only where a PKCS#12 file holds several. Empty where nothing is configured.
///
/// # Errors
/// The sentence that names the key and what is wrong with it.
pub fn identities(values: &TlsValues, files: &Files) -> Result<Vec<Identity>, String> {
    let store = &values.keystore;
    if let (Some(chain), Some(key)) = (&values.inline_chain, &values.inline_key) {
        let text = format!("{}\n{}", chain.reveal(), key.reveal());
        return of_pem(&text, values.key_password.as_ref())
            .map(|identity| vec![identity])
            .map_err(|error| format!("ssl.keystore.key: {error}"));
    }
    if values.inline_chain.is_some() || values.inline_key.is_some() {
        return Err(
            "ssl.keystore.key and ssl.keystore.certificate.chain must be set together".to_owned(),
        );
    }
    let Some((location, bytes)) =
        contents(store, files.keystore.as_deref(), "ssl.keystore.location")?
    else {
        return Ok(Vec::new());
    };
    let read = match store.kind.as_str() {
        "PEM" => {
            // Kafka knows one password for PEM, that of the key.
            let password = values.key_password.as_ref().or(store.password.as_ref());
            of_pem(&String::from_utf8_lossy(bytes), password).map(|identity| vec![identity])
        }
        _ => keystore(store, bytes, location).and_then(|keystore| identities_of(&keystore)),
    };
    read.map_err(|error| format!("ssl.keystore.location={location}: {error}"))
}

/// Whom this node trusts. Empty where nothing is configured.
///
/// # Errors
/// As [`identities`].
pub fn trusted(values: &TlsValues, files: &Files) -> Result<Vec<CertificateDer<'static>>, String> {
    if let Some(text) = &values.inline_trusted {
        return certificates_of_pem(text.reveal())
            .map_err(|error| format!("ssl.truststore.certificates: {error}"));
    }
    let store = &values.truststore;
    let Some((location, bytes)) = contents(
        store,
        files.truststore.as_deref(),
        "ssl.truststore.location",
    )?
    else {
        return Ok(Vec::new());
    };
    let read = match store.kind.as_str() {
        "PEM" => certificates_of_pem(&String::from_utf8_lossy(bytes)),
        _ => keystore(store, bytes, location).and_then(|keystore| certificates_of(&keystore)),
    };
    read.map_err(|error| format!("ssl.truststore.location={location}: {error}"))
}

/// Where a store is and what it holds, if one is configured.
fn contents<'a>(
    store: &'a StoreValues,
    bytes: Option<&'a [u8]>,
    key: &str,
) -> Result<Option<(&'a str, &'a [u8])>, String> {
    let Some(location) = &store.location else {
        return Ok(None);
    };
    let bytes = bytes
        .ok_or_else(|| format!("{key}={location}: there is no such file, or it cannot be read"))?;
    Ok(Some((location, bytes)))
}

fn of_pem(text: &str, password: Option<&Secret>) -> Result<Identity, String> {
    let mut chain = Vec::new();
    let mut keys = Vec::new();
    for section in pem::sections(text)? {
        match section.label.as_str() {
            "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
                chain.push(section.der.into())
            }
            "ENCRYPTED PRIVATE KEY" => keys.push(decrypt(&section, password)?),
            label if label.ends_with("PRIVATE KEY") => {
                let key = PrivateKeyDer::try_from(section.der);
                keys.push(key.map_err(|error| format!("the {label} cannot be read: {error}"))?);
            }
            _ => {}
        }
    }
    let count = keys.len();
    match keys.pop() {
        Some(key) if count == 1 && !chain.is_empty() => Ok(Identity { chain, key }),
        Some(_) if count == 1 => Err("there is no CERTIFICATE beside the PRIVATE KEY".to_owned()),
        None => Err("there is no PRIVATE KEY".to_owned()),
        Some(_) => Err(format!(
            "there are {count} PRIVATE KEYs, and one is expected"
        )),
    }
}

fn decrypt(section: &Section, password: Option<&Secret>) -> Result<PrivateKeyDer<'static>, String> {
    let password =
        password.ok_or("the private key is encrypted, and ssl.key.password is not set")?;
    let hint = "expected is PKCS#8 encrypted as PBES2 (openssl pkcs8 -topk8 -v2 aes-256-cbc)";
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(section.der.as_slice())
        .map_err(|_| format!("the encrypted private key cannot be read; {hint}"))?;
    let plain = encrypted
        .decrypt(password.reveal())
        .map_err(|_| format!("ssl.key.password does not open the private key; {hint}"))?;
    Ok(PrivatePkcs8KeyDer::from(plain.as_bytes().to_vec()).into())
}

fn certificates_of_pem(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let sections = pem::sections(text)?.into_iter();
    let found: Vec<_> = sections
        .filter(|section| section.label.ends_with("CERTIFICATE"))
        .map(|section| section.der.into())
        .collect();
    match found.is_empty() {
        true => Err("there is no CERTIFICATE".to_owned()),
        false => Ok(found),
    }
}

/// Opens what is no PEM.
fn keystore(store: &StoreValues, bytes: &[u8], location: &str) -> Result<KeyStore, String> {
    if bytes.starts_with(&JKS_MAGIC) || bytes.starts_with(&JCEKS_MAGIC) {
        return Err(format!(
            "this is a JKS file, which Ottla does not read; convert it with `keytool -importkeystore -srckeystore {location} -destkeystore {location}.p12 -deststoretype PKCS12` and set the location and the type PKCS12"
        ));
    }
    if bytes.starts_with(b"-----BEGIN") {
        return Err(format!(
            "this is PEM, and the type says {}; set the type to PEM",
            store.kind
        ));
    }
    let password = store.password.as_ref().map_or("", Secret::reveal);
    // As Java, it takes for trusted what keytool has marked so.
    KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed)
        .map_err(|error| format!("it is no PKCS#12 file that this password opens: {error}"))
}

fn identities_of(keystore: &KeyStore) -> Result<Vec<Identity>, String> {
    let mut found = Vec::new();
    for (_, entry) in keystore.entries() {
        let KeyStoreEntry::PrivateKeyChain(entry) = entry else {
            continue;
        };
        let chain: Vec<_> = entry
            .certs()
            .iter()
            .map(|one| CertificateDer::from(one.as_der().to_vec()))
            .collect();
        if !chain.is_empty() {
            let key = PrivatePkcs8KeyDer::from(entry.key().as_der().to_vec()).into();
            found.push(Identity { chain, key });
        }
    }
    match found.is_empty() {
        true => Err("there is no private key with a certificate".to_owned()),
        false => Ok(found),
    }
}

/// Java trusts certificates that stand alone, and those at the head of a key's chain.
fn certificates_of(keystore: &KeyStore) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut found = Vec::new();
    for (_, entry) in keystore.entries() {
        let certificate = match entry {
            KeyStoreEntry::Certificate(certificate) => Some(certificate),
            KeyStoreEntry::PrivateKeyChain(entry) => entry.certs().first(),
            KeyStoreEntry::Secret(_) => None,
        };
        found.extend(certificate.map(|one| CertificateDer::from(one.as_der().to_vec())));
    }
    match found.is_empty() {
        true => Err("there is no trusted certificate".to_owned()),
        false => Ok(found),
    }
}
