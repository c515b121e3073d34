//! The server's side of SCRAM. Each state is a type, and a step takes the state with it: none can be repeated or left out. The only
//! [`Proven`] is made where the client's proof has been verified.

use super::super::Failure;
use super::message;
use super::{Credential, Hash, ITERATIONS_MIN, xor};
use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// A client's first message.
#[derive(Clone, Debug)]
pub struct ClientFirst {
    gs2_header: String,
    bare: String,
    authorization_id: String,
    user: String,
    nonce: String,
    is_token: bool,
}

/// What there is for the name in a first message.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who one is after the exchange: the user, or the owner of a delegation token.
    pub owner: String,
    pub credential: Credential,
    /// When a token expires, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
}

/// A client that was challenged and has proven nothing yet.
#[derive(Clone, Debug)]
pub struct Challenged {
    hash: Hash,
    account: Account,
    is_token: bool,
    gs2_header: String,
    client_first_bare: String,
    server_first: String,
    nonce: String,
}

/// A client that has proven to know the password.
#[derive(Clone, Debug)]
pub struct Proven {
    user: String,
    expires_ms: Option<i64>,
    is_by_token: bool,
}

impl Proven {
    pub fn user(&self) -> &str {
        &self.user
    }

    /// When the token expires, in milliseconds since 1970.
    pub fn expires_ms(&self) -> Option<i64> {
        self.expires_ms
    }

    pub fn is_by_token(&self) -> bool {
        self.is_by_token
    }
}

impl ClientFirst {
    /// Reads the first message.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(token: &[u8]) -> Result<Self, Failure> {
        let read = message::first(token)
            .ok_or_else(|| Failure::untold("Invalid SCRAM client first message format"))?;
        Ok(Self {
            gs2_header: read.gs2_header.to_owned(),
            bare: read.bare.to_owned(),
            authorization_id: read.authorization_id,
            user: read.user,
            nonce: read.nonce.to_owned(),
            is_token: read.is_token,
        })
    }

    /// Whose credential is needed; the id of a delegation token if [`ClientFirst::is_token`].
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether it is a delegation token that logs in (KIP-48).
    pub fn is_token(&self) -> bool {
        self.is_token
    }

    /// Answers with salt and iterations. `server_nonce` must never have been used before.
    ///
    /// # Errors
    /// When there is no such account, its credential is too weak, or the client wants to act as somebody else.
    pub fn challenge(
        self,
        hash: Hash,
        account: Option<Account>,
        server_nonce: &str,
    ) -> Result<(Bytes, Challenged), Failure> {
        let Some(account) = account else {
            return Err(match self.is_token {
                true => Failure::untold("Token Authentication failed: Invalid tokenId"),
                false => Failure::untold("Authentication failed: Invalid user credentials"),
            });
        };
        if !self.authorization_id.is_empty() && self.authorization_id != self.user {
            return Err(Failure::told(
                "Authentication failed: Client requested an authorization id that is different from username",
            ));
        }
        let credential = &account.credential;
        if credential.iterations < ITERATIONS_MIN {
            return Err(Failure::untold(format!(
                "Iterations {} is less than the minimum {ITERATIONS_MIN}",
                credential.iterations
            )));
        }
        let nonce = format!("{}{server_nonce}", self.nonce);
        let salt = STANDARD.encode(&credential.salt);
        let server_first = format!("r={nonce},s={salt},i={}", credential.iterations);
        let answer = Bytes::copy_from_slice(server_first.as_bytes());
        let challenged = Challenged {
            hash,
            account,
            is_token: self.is_token,
            gs2_header: self.gs2_header,
            client_first_bare: self.bare,
            server_first,
            nonce,
        };
        Ok((answer, challenged))
    }
}

impl Challenged {
    /// Verifies the client's proof, and answers with the server's.
    ///
    /// # Errors
    /// When the message is none, answers another challenge, or its proof is wrong.
    pub fn verify(self, token: &[u8]) -> Result<(Bytes, Proven), Failure> {
        let read = message::last(token)
            .ok_or_else(|| Failure::untold("Invalid SCRAM client final message format"))?;
        // librdkafka before 2.6.1 sends its own nonce twice; this one is whole all the same, and under the proof.
        if !read.nonce.ends_with(&self.nonce) {
            return Err(Failure::untold(
                "Invalid client nonce in the final client message.",
            ));
        }
        if read.channel_binding != self.gs2_header.as_bytes() {
            return Err(Failure::untold(
                "The final client message names another header than the first",
            ));
        }
        let signed = format!(
            "{},{},{}",
            self.client_first_bare, self.server_first, read.without_proof
        );
        let credential = &self.account.credential;
        let client_signature = self.hash.hmac(&credential.stored_key, signed.as_bytes());
        let client_key = xor(&client_signature, &read.proof)
            .ok_or_else(|| Failure::untold("The client's proof has another length"))?;
        let stored_key = self.hash.digest(&client_key);
        constant_time::verify_slices_are_equal(&stored_key, &credential.stored_key)
            .map_err(|_| Failure::untold("Invalid client credentials"))?;
        let server_signature = self.hash.hmac(&credential.server_key, signed.as_bytes());
        let answer = format!("v={}", STANDARD.encode(&server_signature));
        let proven = Proven {
            user: self.account.owner,
            expires_ms: self.account.expires_ms,
            is_by_token: self.is_token,
        };
        Ok((Bytes::from(answer), proven))
    }
}
