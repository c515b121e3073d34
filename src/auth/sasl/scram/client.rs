//! The client's side of SCRAM, for this node's own logins and as the peer in tests. Each state is a type; only a server that has proven to
//! know the credential is believed. The `sasl` crate knows no SHA-512, which is why this is ours. Source: `ScramSaslClient`.

use super::{Hash, ITERATIONS_MIN, message, xor};
use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// A server cannot make us work longer than this.
const ITERATIONS_MAX: u32 = 1_000_000;

/// Waits for the challenge.
#[derive(Debug)]
pub struct Begun {
    hash: Hash,
    password: super::super::plain::Password,
    bare: String,
    nonce: String,
}

/// Waits for the server's own proof.
#[derive(Debug)]
pub struct Answered {
    server_signature: Bytes,
}

/// Begins with a nonce that was never used before; `is_token` logs in with a delegation token.
pub fn begin(
    hash: Hash,
    user: &str,
    password: super::super::plain::Password,
    is_token: bool,
    nonce: String,
) -> (Bytes, Begun) {
    let name = user.replace('=', "=3D").replace(',', "=2C");
    let extension = match is_token {
        true => ",tokenauth=true",
        false => "",
    };
    let bare = format!("n={name},r={nonce}{extension}");
    let message = Bytes::from(format!("n,,{bare}"));
    let begun = Begun {
        hash,
        password,
        bare,
        nonce,
    };
    (message, begun)
}

impl Begun {
    /// Proves to know the password.
    ///
    /// # Errors
    /// When the challenge is none, not for us, or too weak or costly.
    pub fn answer(self, challenge: &[u8]) -> Result<(Bytes, Answered), &'static str> {
        let read = message::challenge(challenge).ok_or("the server's challenge is unreadable")?;
        if !read.nonce.starts_with(&self.nonce) || read.nonce.len() == self.nonce.len() {
            return Err("the server's challenge is not for this login");
        }
        let iterations = read.iterations.get();
        if iterations < ITERATIONS_MIN.unsigned_abs() || iterations > ITERATIONS_MAX {
            return Err("the server asks for too few or too many iterations");
        }
        let text = std::str::from_utf8(challenge).expect("it was read as text");
        let without_proof = format!("c=biws,r={}", read.nonce);
        let signed = format!("{},{text},{without_proof}", self.bare);
        let salted = self
            .hash
            .salted_password(self.password.reveal(), &read.salt, read.iterations);
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let stored_key = self.hash.digest(&client_key);
        let signature = self.hash.hmac(&stored_key, signed.as_bytes());
        let proof = xor(&client_key, &signature).expect("both are of the hash's length");
        let server_key = self.hash.hmac(&salted, b"Server Key");
        let answered = Answered {
            server_signature: self.hash.hmac(&server_key, signed.as_bytes()),
        };
        let message = format!("{without_proof},p={}", STANDARD.encode(proof));
        Ok((Bytes::from(message), answered))
    }
}

impl Answered {
    /// Verifies that the server knows the credential too.
    ///
    /// # Errors
    /// When it has not proven that.
    pub fn verify(self, answer: &[u8]) -> Result<(), &'static str> {
        let signature = message::signature(answer).ok_or("the server's proof is unreadable")?;
        constant_time::verify_slices_are_equal(&signature, &self.server_signature)
            .map_err(|_| "the server does not know the credential")
    }
}
