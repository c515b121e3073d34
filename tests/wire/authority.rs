//! A certificate authority for one test: keys are made when it runs, and never kept.

#![allow(
    dead_code,
    reason = "shared by test binaries, each of which uses a part"
)]

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};

/// See the module.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Issued {
    pub chain: String,
    pub key: String,
}

impl Issued {
    /// As a keystore file holds them.
    pub fn both(&self) -> String {
        format!("{}{}", self.key, self.chain)
    }
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("signs itself").pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate for a subject `CN=<common_name>,O=Ottla` that vouches for these names and addresses.
    pub fn issue(&self, common_name: &str, names: &[&str]) -> Issued {
        self.sign(params(common_name, names))
    }

    /// One that has expired.
    pub fn issue_expired(&self, common_name: &str, names: &[&str]) -> Issued {
        let mut params = params(common_name, names);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        Issued {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// One that vouches for itself, as `openssl req -x509` makes them: marked as an authority.
pub fn self_signed(common_name: &str, names: &[&str]) -> Issued {
    let key = KeyPair::generate().expect("a key");
    let mut params = params(common_name, names);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Issued {
        chain: params.self_signed(&key).expect("signs itself").pem(),
        key: key.serialize_pem(),
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Ottla");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    for name in names {
        let name = match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().expect("a name in ASCII")),
        };
        params.subject_alt_names.push(name);
    }
    params
}
