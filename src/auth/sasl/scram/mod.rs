//! SCRAM-SHA-256 and -512 (RFC 5802, RFC 7677) as Kafka speaks it: `n,,` and never channel binding, extensions ignored but `tokenauth`.
//!
//! ```text
//!   client-first  n,,n=user,r=…            ──▶ ClientFirst ──credential──▶ Challenged ──▶ r=……,s=salt,i=4096
//!   client-final  c=biws,r=……,p=proof      ──▶ Challenged::verify ──▶ Proven           ──▶ v=signature
//! ```
//! Pure. Here: the keys; `message`: what is read; `server` and `client`: the two sides.

pub mod client;
mod message;
mod server;

pub use server::{Account, Challenged, ClientFirst, Proven};

use aws_lc_rs::{digest, hmac, pbkdf2};
use bytes::Bytes;
use std::fmt;
use std::num::NonZeroU32;

/// A credential with fewer is not accepted (`ScramMechanism.minIterations`).
pub const ITERATIONS_MIN: i32 = 4096;
/// The most that may be set (`ScramControlManager.MAX_ITERATIONS`).
pub const ITERATIONS_MAX: i32 = 16384;

/// The hash function of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    /// The number in requests and records (`ScramMechanism.type`).
    pub const fn to_wire(self) -> i8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }

    /// `None` for a mechanism that Kafka does not define.
    pub const fn from_wire(value: i8) -> Option<Self> {
        match value {
            1 => Some(Self::Sha256),
            2 => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, bytes: &[u8]) -> Bytes {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        Bytes::copy_from_slice(digest::digest(algorithm, bytes).as_ref())
    }

    fn hmac(self, key: &[u8], bytes: &[u8]) -> Bytes {
        let algorithm = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        let tag = hmac::sign(&hmac::Key::new(algorithm, key), bytes);
        Bytes::copy_from_slice(tag.as_ref())
    }

    const fn size_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// What stands for the password from here on; slow on purpose.
    fn salted_password(self, password: &str, salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let mut salted = vec![0; self.size_bytes()];
        // Kafka does not prepare passwords (SASLprep), it only encodes them.
        pbkdf2::derive(
            algorithm,
            iterations,
            salt,
            password.as_bytes(),
            &mut salted,
        );
        salted
    }

    /// The keys that a server keeps, of a salted password: stored key, server key.
    pub fn keys(self, salted_password: &[u8]) -> (Bytes, Bytes) {
        let client_key = self.hmac(salted_password, b"Client Key");
        let server_key = self.hmac(salted_password, b"Server Key");
        (self.digest(&client_key), server_key)
    }
}

/// What a server knows of a user: enough to check a proof, not enough to make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub salt: Bytes,
    pub stored_key: Bytes,
    pub server_key: Bytes,
    pub iterations: i32,
}

impl Credential {
    /// Of a password, with the fewest iterations allowed.
    pub fn of_password(hash: Hash, password: &str, salt: Bytes) -> Self {
        let iterations = NonZeroU32::MIN.saturating_add(ITERATIONS_MIN.unsigned_abs() - 1);
        let salted = hash.salted_password(password, &salt, iterations);
        let (stored_key, server_key) = hash.keys(&salted);
        Self {
            salt,
            stored_key,
            server_key,
            iterations: ITERATIONS_MIN,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Credential([hidden], i={})", self.iterations)
    }
}

/// Both of one length, or nothing.
fn xor(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    (one.len() == other.len()).then(|| one.iter().zip(other).map(|(a, b)| a ^ b).collect())
}

#[cfg(test)]
mod tests;
