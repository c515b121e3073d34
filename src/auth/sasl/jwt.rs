//! Signed JSON web tokens (RFC 7519): a token is good if one of the identity provider's keys signed it and its claims hold now.
//!
//! Pure: keys (a JWKS, RFC 7517), rules and the time are arguments. Guarantees: only signatures with an asymmetric key are accepted (RS, PS,
//! ES), by the algorithm that the key is for; `none` and HMAC are not, and neither is a token with `crit`. Kafka accepts unsecured tokens by
//! default; this does under no configuration. Source: `BrokerJwtValidator` (and jose4j, which it asks), `ClaimValidationUtils`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// Keys of a set that are looked at.
const KEYS_MAX: usize = 100;

/// The algorithms accepted.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// What a token must say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// `sasl.oauthbearer.expected.issuer`.
    pub issuer: Option<String>,
    /// `sasl.oauthbearer.expected.audience`: one of these. A token for some audience is not accepted where none is expected.
    pub audiences: Vec<String>,
    /// `sasl.oauthbearer.clock.skew.seconds`.
    pub clock_skew_ms: i64,
    /// `sasl.oauthbearer.sub.claim.name`: the claim that names the user.
    pub subject_claim: String,
    /// `sasl.oauthbearer.scope.claim.name`.
    pub scope_claim: String,
}

/// The keys of an identity provider.
#[derive(Clone, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// What it may be used with, where it says so.
    algorithm: Option<Algorithm>,
    is_elliptic: bool,
    key: DecodingKey,
}

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    user: String,
    expires_ms: i64,
}

impl Claims {
    pub fn user(&self) -> &str {
        &self.user
    }

    /// When the token expires, in milliseconds since 1970.
    pub fn expires_ms(&self) -> i64 {
        self.expires_ms
    }

    #[cfg(test)]
    pub fn for_tests(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            expires_ms: i64::MAX,
        }
    }
}

impl KeySet {
    /// Reads a JWKS. Keys of other kinds (symmetric ones, for encryption, on other curves) are passed over.
    ///
    /// # Errors
    /// When it is none, or holds no key that can verify a signature.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let set: Value =
            serde_json::from_slice(json).map_err(|error| format!("it is not JSON: {error}"))?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or("it has no list of keys")?;
        let keys: Vec<Key> = keys.iter().take(KEYS_MAX).filter_map(Key::read).collect();
        match keys.is_empty() {
            true => Err("it has no RSA or EC key for signatures".to_owned()),
            false => Ok(Self(keys)),
        }
    }

    /// Whether there is a key of this id.
    fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }
}

impl Key {
    fn read(json: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json.clone()).ok()?;
        let is_elliptic = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => false,
            AlgorithmParameters::EllipticCurve(_) => true,
            AlgorithmParameters::OctetKey(_) | AlgorithmParameters::OctetKeyPair(_) => return None,
        };
        let is_for_signatures =
            !matches!(&jwk.common.public_key_use, Some(other) if *other != PublicKeyUse::Signature);
        let algorithm = match &jwk.common.key_algorithm {
            None => None,
            Some(named) => {
                let named: Algorithm = named.to_string().parse().ok()?;
                Some(ALGORITHMS.into_iter().find(|one| *one == named)?)
            }
        };
        is_for_signatures.then_some(())?;
        Some(Self {
            id: jwk.common.key_id.clone(),
            algorithm,
            is_elliptic,
            key: DecodingKey::from_jwk(&jwk).ok()?,
        })
    }

    fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let is_elliptic = matches!(algorithm, Algorithm::ES256 | Algorithm::ES384);
        let is_named = id.is_none() || self.id.as_deref() == id;
        is_named
            && is_elliptic == self.is_elliptic
            && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

/// The key that a token says it was signed with, if no key of that id is in the set: a reason to fetch the set again.
pub fn unknown_key(token: &str, keys: &KeySet) -> Option<String> {
    let id = header(token).ok()?.get("kid")?.as_str()?.to_owned();
    (!keys.has(&id)).then_some(id)
}

/// What a token says, if it is good at `now_ms` (milliseconds since 1970).
///
/// # Errors
/// Why it is not, for our log; the client learns only that.
pub fn validate(token: &str, keys: &KeySet, rules: &Rules, now_ms: i64) -> Result<Claims, String> {
    let header = header(token)?;
    if header.contains_key("crit") {
        return Err("it has critical extensions, and none is known".to_owned());
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let named = text("alg").ok_or("it names no algorithm")?;
    let known = ALGORITHMS
        .into_iter()
        .find(|one| format!("{one:?}") == named);
    let algorithm = known.ok_or_else(|| format!("algorithm {named} is not accepted"))?;
    let claims = verified(token, keys, algorithm, text("kid"))?;
    judge(&claims, rules, now_ms)
}

fn header(token: &str) -> Result<Map<String, Value>, String> {
    let part = token.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD.decode(part);
    let json = json.map_err(|error| format!("its header is unreadable: {error}"))?;
    serde_json::from_slice(&json).map_err(|error| format!("its header is unreadable: {error}"))
}

/// The claims, if one of the keys that fit has signed them.
fn verified(
    token: &str,
    keys: &KeySet,
    algorithm: Algorithm,
    id: Option<&str>,
) -> Result<Map<String, Value>, String> {
    let mut only_signature = Validation::new(algorithm);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    let mut reason = "no key fits its header".to_owned();
    for key in keys.0.iter().filter(|key| key.fits(algorithm, id)) {
        match jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &only_signature) {
            Ok(token) => return Ok(token.claims),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

fn judge(claims: &Map<String, Value>, rules: &Rules, now_ms: i64) -> Result<Claims, String> {
    let skew = rules.clock_skew_ms;
    let expires_ms = date(claims, "exp")?.ok_or("it has no claim exp")?;
    date(claims, "iat")?.ok_or("it has no claim iat")?;
    if expires_ms < 0 || expires_ms.saturating_add(skew) <= now_ms {
        return Err(format!("it expired at {expires_ms}, and it is {now_ms}"));
    }
    if let Some(from) = date(claims, "nbf")?
        && from.saturating_sub(skew) > now_ms
    {
        return Err(format!("it is good from {from} on, and it is {now_ms}"));
    }
    if let Some(expected) = &rules.issuer
        && claims.get("iss").and_then(Value::as_str) != Some(expected)
    {
        return Err(format!("it was not issued by {expected}"));
    }
    check_audience(claims.get("aud"), &rules.audiences)?;
    check_scope(claims.get(&rules.scope_claim))?;
    let subject = claims.get(&rules.subject_claim).and_then(Value::as_str);
    let user = subject.map(str::trim).filter(|user| !user.is_empty());
    let user = user.ok_or_else(|| format!("it has no claim {}", rules.subject_claim))?;
    Ok(Claims {
        user: user.to_owned(),
        expires_ms,
    })
}

/// A time in milliseconds; the token has seconds, perhaps with a fraction.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, String> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let whole = value.as_i64().and_then(|seconds| seconds.checked_mul(1000));
    let fraction = || {
        let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1e15)?;
        Some((seconds * 1000.0) as i64)
    };
    match whole.or_else(fraction) {
        Some(milliseconds) => Ok(Some(milliseconds)),
        None => Err(format!("its claim {name} is no time")),
    }
}

fn check_audience(claim: Option<&Value>, expected: &[String]) -> Result<(), String> {
    let is_expected = |one: &Value| {
        one.as_str()
            .is_some_and(|one| expected.iter().any(|expected| expected == one))
    };
    let is_good = match claim {
        None => expected.is_empty(),
        Some(Value::Array(several)) => several.iter().any(is_expected),
        Some(one) => is_expected(one),
    };
    match is_good {
        true => Ok(()),
        false => Err("it is for another audience".to_owned()),
    }
}

/// A scope is text or a list of distinct texts.
fn check_scope(claim: Option<&Value>) -> Result<(), String> {
    let is_good = match claim {
        None => true,
        Some(Value::Array(several)) => {
            let mut seen = std::collections::BTreeSet::new();
            let mut texts = several.iter().map(|one| one.as_str().map(str::trim));
            texts.all(|text| text.is_some_and(|text| !text.is_empty() && seen.insert(text)))
        }
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    };
    match is_good {
        true => Ok(()),
        false => Err("its scope is empty or stands twice".to_owned()),
    }
}

#[cfg(test)]
mod tests;
