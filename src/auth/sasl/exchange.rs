//! An authentication under way: the mechanisms behind one face, stepped by the client's tokens.
//!
//! [`Exchange::step`] takes the exchange away and gives the next one back only if it goes on, so a failed or finished one is gone. What it
//! waits for is secrets, which may have to be fetched; it does nothing else that is not in the mechanisms' files.

use super::oauthbearer::Verdict;
use super::plain::Password;
use super::scram::{self, Account, Hash};
use super::{Authenticated, Failure, Mechanism, jwt, oauthbearer, plain};
use bytes::Bytes;
use std::future::Future;

/// What an exchange needs to judge a client.
pub trait Secrets: Sync {
    /// `None` where there is no such user, or none with a password in plain text.
    fn password(&self, user: &str) -> Option<Password>;
    /// `None` where there is no such user.
    fn scram(&self, hash: Hash, user: &str) -> impl Future<Output = Option<Account>> + Send;
    /// `None` where there is no such delegation token, or it has expired.
    fn token(&self, hash: Hash, id: &str) -> impl Future<Output = Option<Account>> + Send;
    /// What a bearer token says, or why it is no good.
    fn bearer(&self, token: &str) -> impl Future<Output = Result<jwt::Claims, String>> + Send;
    /// Printable, without a comma, never the same twice.
    fn nonce(&self) -> String;
}

/// An authentication that waits for the client's next token.
#[derive(Debug)]
pub enum Exchange {
    /// Nothing was said yet.
    Begun(Mechanism),
    ScramChallenged(Box<scram::Challenged>),
    BearerRefused(oauthbearer::Refused),
}

/// What a token came to, if not to a failure.
#[derive(Debug)]
pub enum Step {
    /// The client is answered, and must say more.
    Challenge { answer: Bytes, next: Exchange },
    Done {
        answer: Bytes,
        authenticated: Authenticated,
    },
}

impl Exchange {
    /// Takes the client's next token.
    ///
    /// # Errors
    /// Why the client is not authenticated; the exchange is over.
    pub async fn step(self, token: &[u8], secrets: &impl Secrets) -> Result<Step, Failure> {
        match self {
            Self::Begun(Mechanism::Plain) => {
                let claim = plain::Claim::parse(token)?;
                let expected = secrets.password(claim.user());
                let proven = claim.verify(expected.as_ref())?;
                Ok(done(Bytes::new(), Authenticated::Plain(proven)))
            }
            Self::Begun(Mechanism::Scram(hash)) => {
                let first = scram::ClientFirst::parse(token)?;
                let account = match first.is_token() {
                    true => secrets.token(hash, first.user()).await,
                    false => secrets.scram(hash, first.user()).await,
                };
                let (answer, next) = first.challenge(hash, account, &secrets.nonce())?;
                let next = Self::ScramChallenged(Box::new(next));
                Ok(Step::Challenge { answer, next })
            }
            Self::ScramChallenged(challenged) => {
                let (answer, proven) = challenged.verify(token)?;
                Ok(done(answer, Authenticated::Scram(proven)))
            }
            Self::Begun(Mechanism::OauthBearer) => {
                let claim = oauthbearer::Claim::parse(token)?;
                let validated = secrets.bearer(claim.token()).await;
                if let Err(reason) = &validated {
                    tracing::debug!(reason, "a bearer token is not accepted");
                }
                Ok(match claim.verify(validated)? {
                    Verdict::Good(proven) => done(Bytes::new(), Authenticated::OauthBearer(proven)),
                    Verdict::Refused(answer, refused) => Step::Challenge {
                        answer,
                        next: Self::BearerRefused(refused),
                    },
                })
            }
            Self::BearerRefused(refused) => Err(refused.end(token)),
        }
    }
}

fn done(answer: Bytes, authenticated: Authenticated) -> Step {
    Step::Done {
        answer,
        authenticated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::sasl::scram::Credential;
    use futures::FutureExt;

    /// Knows `alice` with the password `pw`, no token, and no bearer.
    struct Alice;

    impl Secrets for Alice {
        fn password(&self, user: &str) -> Option<Password> {
            (user == "alice").then(|| Password::new("pw"))
        }

        async fn scram(&self, hash: Hash, user: &str) -> Option<Account> {
            (user == "alice").then(|| Account {
                owner: user.to_owned(),
                credential: Credential::of_password(hash, "pw", Bytes::from_static(b"salt")),
                expires_ms: None,
            })
        }

        async fn token(&self, _: Hash, _: &str) -> Option<Account> {
            None
        }

        async fn bearer(&self, _: &str) -> Result<jwt::Claims, String> {
            Err("nobody signed it".to_owned())
        }

        fn nonce(&self) -> String {
            "server".to_owned()
        }
    }

    fn step(exchange: Exchange, token: &[u8]) -> Result<Step, Failure> {
        let stepped = exchange.step(token, &Alice).now_or_never();
        stepped.expect("nothing is waited for")
    }

    fn user(step: Step) -> Option<String> {
        match step {
            Step::Done { authenticated, .. } => Some(authenticated.user().to_owned()),
            Step::Challenge { .. } => None,
        }
    }

    #[test]
    fn each_mechanism_ends_with_the_user_it_has_proven() {
        let plain = step(Exchange::Begun(Mechanism::Plain), b"\0alice\0pw").unwrap();
        assert_eq!(user(plain).as_deref(), Some("alice"));
        for hash in [Hash::Sha256, Hash::Sha512] {
            let password = Password::new("pw");
            let (first, begun) =
                scram::client::begin(hash, "alice", password, false, "client".to_owned());
            let begin = Exchange::Begun(Mechanism::Scram(hash));
            let Step::Challenge { answer, next } = step(begin, &first).unwrap() else {
                panic!("nothing is proven yet");
            };
            let (last, answered) = begun.answer(&answer).unwrap();
            let Step::Done {
                answer,
                authenticated,
            } = step(next, &last).unwrap()
            else {
                panic!("it is proven");
            };
            answered.verify(&answer).unwrap();
            assert_eq!(authenticated.user(), "alice");
            assert_eq!(
                (authenticated.expires_ms(), authenticated.is_by_token()),
                (None, false)
            );
        }
    }

    #[test]
    fn a_bearer_token_that_nobody_signed_ends_as_a_failure() {
        let token = b"n,,\x01auth=Bearer a.b.c\x01\x01";
        let refused = step(Exchange::Begun(Mechanism::OauthBearer), token).unwrap();
        let Step::Challenge { next, .. } = refused else {
            panic!("it must be refused");
        };
        assert!(step(next, b"\x01").is_err());
    }

    #[test]
    fn a_token_of_another_mechanism_authenticates_nobody() {
        let tokens: [&[u8]; 5] = [
            b"\0alice\0pw",
            b"n,,n=alice,r=abc",
            b"c=biws,r=abcserver,p=YWJj",
            b"n,,\x01auth=Bearer a.b.c\x01\x01",
            b"",
        ];
        for mechanism in Mechanism::ALL {
            for token in tokens {
                let begun = Exchange::Begun(mechanism);
                let ended = step(begun, token).ok().and_then(user);
                let is_right = mechanism == Mechanism::Plain && token == tokens[0];
                assert_eq!(ended.is_some(), is_right, "{mechanism} {token:?}");
            }
        }
    }
}
