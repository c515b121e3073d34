//! PLAIN (RFC 4616): one message with a name and a password.
//!
//! ```text
//!   [authzid] NUL authcid NUL password
//! ```
//! Pure. Passwords are compared in constant time, by their digests, so that not even a length shows. Source: `PlainSaslServer`,
//! `PlainServerCallbackHandler`.

use super::Failure;
use aws_lc_rs::{constant_time, digest};
use std::fmt;

/// A password in plain text; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For what is derived from it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is_same(&self, other: &Self) -> bool {
        let hash = |password: &Self| digest::digest(&digest::SHA256, password.0.as_bytes());
        let (one, other) = (hash(self), hash(other));
        constant_time::verify_slices_are_equal(one.as_ref(), other.as_ref()).is_ok()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("[hidden]")
    }
}

/// What a client says, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    authorization_id: String,
    user: String,
    password: Password,
}

/// A user whose password was right.
#[derive(Clone, Debug)]
pub struct Proven {
    user: String,
}

impl Proven {
    pub fn user(&self) -> &str {
        &self.user
    }
}

impl Claim {
    /// Reads the client's message; as in Kafka, what is not UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// When there are not three parts, or name or password is empty.
    pub fn parse(token: &[u8]) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(token);
        let parts: Vec<&str> = text.splitn(4, '\0').collect();
        let &[authorization_id, user, password] = parts.as_slice() else {
            return Err(Failure::told(format!(
                "Invalid SASL/PLAIN response: expected 3 tokens, got {}",
                parts.len()
            )));
        };
        for (part, name) in [(user, "username"), (password, "password")] {
            if part.is_empty() {
                return Err(Failure::told(format!(
                    "Authentication failed: {name} not specified"
                )));
            }
        }
        Ok(Self {
            authorization_id: authorization_id.to_owned(),
            user: user.to_owned(),
            password: Password::new(password),
        })
    }

    /// Whose password is needed to judge it.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Judges the claim by the user's password; `None` where there is no such user. Both failures look and cost the same.
    ///
    /// # Errors
    /// When the password is not the user's, or the client wants to act as somebody else.
    pub fn verify(self, expected: Option<&Password>) -> Result<Proven, Failure> {
        let nobodys = Password::new("");
        let is_right = self.password.is_same(expected.unwrap_or(&nobodys)) && expected.is_some();
        if !is_right {
            return Err(Failure::told(
                "Authentication failed: Invalid username or password",
            ));
        }
        if !self.authorization_id.is_empty() && self.authorization_id != self.user {
            return Err(Failure::told(
                "Authentication failed: Client requested an authorization id that is different from username",
            ));
        }
        Ok(Proven { user: self.user })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(token: &str, password: Option<&str>) -> Result<String, String> {
        let claim = Claim::parse(token.as_bytes()).map_err(|failure| failure.to_string())?;
        let password = password.map(Password::new);
        let proven = claim.verify(password.as_ref());
        proven
            .map(|proven| proven.user().to_owned())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_right_password_proves_the_user() {
        assert_eq!(attempt("\0alice\0pw", Some("pw")).unwrap(), "alice");
        assert_eq!(attempt("alice\0alice\0pw", Some("pw")).unwrap(), "alice");
        assert_eq!(
            attempt("\0élise\0pässword", Some("pässword")).unwrap(),
            "élise"
        );
    }

    #[test]
    fn a_wrong_password_and_an_unknown_user_fail_alike() {
        let wrong = attempt("\0alice\0pw", Some("other")).unwrap_err();
        assert_eq!(wrong, "Authentication failed: Invalid username or password");
        assert_eq!(attempt("\0nobody\0pw", None).unwrap_err(), wrong);
        for longer_or_shorter in ["p", "pw ", "PW"] {
            assert!(attempt("\0alice\0pw", Some(longer_or_shorter)).is_err());
        }
    }

    #[test]
    fn nobody_acts_as_somebody_else() {
        let failure = attempt("bob\0alice\0pw", Some("pw")).unwrap_err();
        assert!(failure.contains("authorization id"), "{failure}");
    }

    #[test]
    fn a_message_that_is_not_three_parts_is_refused() {
        for (token, parts) in [
            ("", 1),
            ("alice", 1),
            ("\0alice", 2),
            ("\0a\0b\0c", 4),
            ("\0a\0b\0c\0d", 4),
        ] {
            let failure = attempt(token, Some("pw")).unwrap_err();
            let expected = format!("Invalid SASL/PLAIN response: expected 3 tokens, got {parts}");
            assert_eq!(failure, expected, "{token:?}");
        }
    }

    #[test]
    fn an_empty_name_or_password_is_never_right() {
        assert!(
            attempt("\0\0pw", Some("pw"))
                .unwrap_err()
                .contains("username not")
        );
        assert!(
            attempt("\0alice\0", Some(""))
                .unwrap_err()
                .contains("password not")
        );
        assert!(attempt("\0alice\0", None).is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let claim = Claim::parse(b"\0alice\0secret").unwrap();
        assert!(!format!("{claim:?}").contains("secret"));
    }
}
