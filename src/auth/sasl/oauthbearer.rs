//! OAUTHBEARER (RFC 7628): one message with a token; a bad one is answered with JSON, which the client acknowledges with 0x01.
//!
//! ```text
//!   n,[a=authzid],^Aauth=Bearer token^A[name=value^A]…^A
//! ```
//! Pure. Extensions are read, checked and ignored, as in a Kafka without a validator of its own. Source: `OAuthBearerSaslServer`,
//! `OAuthBearerClientInitialResponse`, `OAuthBearerValidatorCallbackHandler`.

use super::{Failure, jwt, saslname};
use bytes::Bytes;

/// What is answered to a token that is not accepted.
const INVALID_TOKEN: &str = r#"{"status":"invalid_token"}"#;
const CONTROL_A: u8 = 1;

/// A client's message, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    authorization_id: String,
    token: String,
}

/// A client whose token was good.
#[derive(Clone, Debug)]
pub struct Proven {
    claims: jwt::Claims,
}

/// A client that was told that its token is no good, and must acknowledge that.
#[derive(Debug)]
pub struct Refused(());

/// What a token came to.
#[derive(Debug)]
pub enum Verdict {
    Good(Proven),
    /// With what the client is answered.
    Refused(Bytes, Refused),
}

impl Proven {
    pub fn user(&self) -> &str {
        self.claims.user()
    }

    /// When the token expires, in milliseconds since 1970.
    pub fn expires_ms(&self) -> i64 {
        self.claims.expires_ms()
    }
}

impl Claim {
    /// Reads the client's message.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(message: &[u8]) -> Result<Self, Failure> {
        parse(message).ok_or_else(|| Failure::untold("Invalid OAUTHBEARER client first message"))
    }

    /// The token to be validated.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Judges the claim by what validating its token has shown.
    ///
    /// # Errors
    /// When the client wants to act as somebody else than the token names.
    pub fn verify(self, validated: Result<jwt::Claims, String>) -> Result<Verdict, Failure> {
        let Ok(claims) = validated else {
            let answer = Bytes::from_static(INVALID_TOKEN.as_bytes());
            return Ok(Verdict::Refused(answer, Refused(())));
        };
        if !self.authorization_id.is_empty() && self.authorization_id != claims.user() {
            return Err(Failure::told(format!(
                "Authentication failed: Client requested an authorization id ({}) that is different from the token's principal name ({})",
                self.authorization_id,
                claims.user()
            )));
        }
        Ok(Verdict::Good(Proven { claims }))
    }
}

impl Refused {
    /// How the exchange ends after the refusal, whatever the client says; Kafka would look at another token.
    pub fn end(self, message: &[u8]) -> Failure {
        match message {
            [CONTROL_A] => Failure::told(INVALID_TOKEN),
            _ => Failure::untold("the client did not acknowledge that its token was refused"),
        }
    }
}

fn parse(message: &[u8]) -> Option<Claim> {
    let text = std::str::from_utf8(message).ok()?;
    let (authorization, pairs) = text.strip_prefix("n,")?.split_once(",\u{1}")?;
    let authorization_id = match authorization {
        "" => String::new(),
        named => saslname(named.strip_prefix("a=")?)?,
    };
    let pairs = match pairs.strip_suffix('\u{1}')? {
        "" => "",
        pairs => pairs.strip_suffix('\u{1}')?,
    };
    let mut credentials = None;
    for pair in pairs.split('\u{1}') {
        let (name, value) = pair.split_once('=')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_value = |byte: u8| (0x20..=0x7e).contains(&byte) || b"\t\r\n".contains(&byte);
        if !is_name || value.is_empty() || !value.bytes().all(is_value) {
            return None;
        }
        if name == "auth" {
            credentials = Some(value);
        }
    }
    let (scheme, token) = credentials?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~+/.".contains(&byte);
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    let body = token.trim_end_matches('=');
    let is_good = is_bearer && !body.is_empty() && body.bytes().all(is_token);
    is_good.then(|| Claim {
        authorization_id,
        token: token.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_with_and_without_extensions_and_authorization_id() {
        for (message, authorization_id) in [
            ("n,,\u{1}auth=Bearer a.b.c\u{1}\u{1}", ""),
            ("n,a=alice,\u{1}auth=bearer   a.b.c\u{1}\u{1}", "alice"),
            (
                "n,,\u{1}traceId=x y\u{1}auth=Bearer a.b.c\u{1}other=1\u{1}\u{1}",
                "",
            ),
        ] {
            let claim = Claim::parse(message.as_bytes()).unwrap();
            let read = (claim.token(), claim.authorization_id.as_str());
            assert_eq!(read, ("a.b.c", authorization_id));
        }
    }

    #[test]
    fn a_message_of_another_form_is_refused() {
        for message in [
            "",
            "\u{1}",
            "n,,",
            "n,,\u{1}\u{1}",
            "n,,\u{1}auth=Bearer a.b.c\u{1}",
            "n,,\u{1}auth=Bearer a.b.c",
            "n,,\u{1}auth=Basic a.b.c\u{1}\u{1}",
            "n,,\u{1}auth=Bearer \u{1}\u{1}",
            "n,,\u{1}auth=Bearer a b\u{1}\u{1}",
            "n,,\u{1}auth=Bearer ===\u{1}\u{1}",
            "n,,\u{1}token=Bearer a.b.c\u{1}\u{1}",
            "n,,\u{1}auth=Bearer a.b.c\u{1}1=x\u{1}\u{1}",
            "n,,\u{1}auth=Bearer a.b.c\u{1}x=\u{1}\u{1}",
            "n,x,\u{1}auth=Bearer a.b.c\u{1}\u{1}",
            "y,,\u{1}auth=Bearer a.b.c\u{1}\u{1}",
            "n,,\u{1}auth=Bearer é\u{1}\u{1}",
        ] {
            assert!(Claim::parse(message.as_bytes()).is_err(), "{message:?}");
        }
    }

    #[test]
    fn a_refused_token_ends_as_a_failure_whatever_the_client_says_next() {
        for (message, is_told) in [(&b"\x01"[..], true), (b"", false), (b"n,,", false)] {
            let claim = Claim::parse(b"n,,\x01auth=Bearer a.b.c\x01\x01").unwrap();
            let verdict = claim.verify(Err("expired".to_owned())).unwrap();
            let Verdict::Refused(answer, refused) = verdict else {
                panic!("it must be refused");
            };
            assert_eq!(&answer[..], INVALID_TOKEN.as_bytes());
            let failure = refused.end(message);
            assert_eq!(matches!(failure, Failure::Told(_)), is_told);
        }
    }

    #[test]
    fn nobody_acts_as_somebody_else() {
        let claims = || Ok(jwt::Claims::for_tests("alice"));
        let claim = |id: &str| {
            let message = format!("n,a={id},\u{1}auth=Bearer a.b.c\u{1}\u{1}");
            Claim::parse(message.as_bytes()).unwrap()
        };
        assert!(matches!(
            claim("alice").verify(claims()),
            Ok(Verdict::Good(_))
        ));
        let failure = claim("root").verify(claims()).err().unwrap();
        assert!(failure.to_string().contains("(root)"), "{failure}");
    }
}
