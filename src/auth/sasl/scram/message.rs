//! The messages of SCRAM, read and not believed. Source: `ScramMessages`, whose patterns these are, but for two points in which RFC 5802
//! is stricter: a message with the reserved `m=` is refused, and the proof covers the very bytes received.

use super::super::saslname;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::num::NonZeroU32;

/// `n,[a=authzid],n=user,r=nonce[,extensions]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First<'a> {
    /// Up to and with the second comma.
    pub gs2_header: &'a str,
    /// What follows.
    pub bare: &'a str,
    pub authorization_id: String,
    pub user: String,
    pub nonce: &'a str,
    /// The extension `tokenauth=true`: the user is the id of a delegation token.
    pub is_token: bool,
}

/// `c=header,r=nonce[,extensions],p=proof`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Final<'a> {
    pub channel_binding: Vec<u8>,
    pub nonce: &'a str,
    /// Everything before the proof.
    pub without_proof: &'a str,
    pub proof: Vec<u8>,
}

/// `r=nonce,s=salt,i=iterations[,extensions]`, which a client reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    pub nonce: &'a str,
    pub salt: Vec<u8>,
    pub iterations: NonZeroU32,
}

pub fn first(message: &[u8]) -> Option<First<'_>> {
    let text = std::str::from_utf8(message).ok()?;
    let authorization = text.strip_prefix("n,")?;
    let (authorization, bare) = authorization.split_once(',')?;
    let authorization_id = match authorization {
        "" => String::new(),
        named => saslname(named.strip_prefix("a=")?)?,
    };
    let mut fields = bare.split(',');
    let user = saslname(fields.next()?.strip_prefix("n=")?)?;
    let nonce = nonce(fields.next()?)?;
    let mut is_token = false;
    for extension in fields {
        let (name, value) = extension_of(extension)?;
        if name == "tokenauth" {
            is_token = value.eq_ignore_ascii_case("true");
        }
    }
    Some(First {
        gs2_header: &text[..text.len() - bare.len()],
        bare,
        authorization_id,
        user,
        nonce,
        is_token,
    })
}

pub fn last(message: &[u8]) -> Option<Final<'_>> {
    let text = std::str::from_utf8(message).ok()?;
    let (without_proof, proof) = text.rsplit_once(",p=")?;
    let mut fields = without_proof.split(',');
    let channel_binding = base64(fields.next()?.strip_prefix("c=")?)?;
    let nonce = nonce(fields.next()?)?;
    for extension in fields {
        extension_of(extension)?;
    }
    Some(Final {
        channel_binding,
        nonce,
        without_proof,
        proof: base64(proof)?,
    })
}

pub fn challenge(message: &[u8]) -> Option<Challenge<'_>> {
    let text = std::str::from_utf8(message).ok()?;
    let mut fields = text.split(',');
    let nonce = nonce(fields.next()?)?;
    let salt = base64(fields.next()?.strip_prefix("s=")?)?;
    let iterations = fields.next()?.strip_prefix("i=")?.parse().ok()?;
    for extension in fields {
        extension_of(extension)?;
    }
    Some(Challenge {
        nonce,
        salt,
        iterations,
    })
}

/// The signature in `v=signature`.
pub fn signature(message: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(message).ok()?;
    base64(text.split(',').next()?.strip_prefix("v=")?)
}

fn nonce(field: &str) -> Option<&str> {
    let nonce = field.strip_prefix("r=")?;
    let is_printable = nonce.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    (is_printable && !nonce.is_empty()).then_some(nonce)
}

fn extension_of(field: &str) -> Option<(&str, &str)> {
    let (name, value) = field.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_value = !value.is_empty() && value.bytes().all(|byte| (1..=0x7f).contains(&byte));
    (is_name && is_value && name != "m").then_some((name, value))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
