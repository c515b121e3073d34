//! First users: those whose passwords a node is given with its configuration, in its environment or in a directory of secret files.
//!
//! They can log in by PLAIN, and by SCRAM too: the credential for that is derived when it is first asked for, with a salt of this process.
//! They are for bootstrapping and for brokers and controllers among themselves; users who come and go belong into the metadata.

use super::sasl::plain::Password;
use super::sasl::scram::{Credential, Hash};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A user with a password in plain text.
pub struct User {
    pub password: Password,
    salt: Bytes,
    sha256: OnceLock<Credential>,
    sha512: OnceLock<Credential>,
}

impl User {
    /// `salt` must be drawn at random.
    pub fn new(password: Password, salt: Bytes) -> Self {
        Self {
            password,
            salt,
            sha256: OnceLock::new(),
            sha512: OnceLock::new(),
        }
    }

    /// The credential for a login by SCRAM; takes some milliseconds the first time.
    pub fn credential(&self, hash: Hash) -> &Credential {
        let known = match hash {
            Hash::Sha256 => &self.sha256,
            Hash::Sha512 => &self.sha512,
        };
        known.get_or_init(|| {
            Credential::of_password(hash, self.password.reveal(), self.salt.clone())
        })
    }
}

/// Users by name.
#[derive(Clone, Default)]
pub struct Users(BTreeMap<String, Arc<User>>);

impl Users {
    /// Of names and passwords; `salt` draws a new one.
    pub fn of(
        pairs: impl IntoIterator<Item = (String, Password)>,
        salt: impl Fn() -> Bytes,
    ) -> Self {
        let users = pairs
            .into_iter()
            .map(|(name, password)| (name, Arc::new(User::new(password, salt()))));
        Self(users.collect())
    }

    /// As [`Users::of`], keeping those that have not changed with what was derived for them.
    pub fn changed(
        &self,
        pairs: impl IntoIterator<Item = (String, Password)>,
        salt: impl Fn() -> Bytes,
    ) -> Self {
        let users = pairs.into_iter().map(|(name, password)| {
            let known = self.0.get(&name).filter(|user| user.password == password);
            let user = known.cloned();
            let user = user.unwrap_or_else(|| Arc::new(User::new(password, salt())));
            (name, user)
        });
        Self(users.collect())
    }

    pub fn get(&self, name: &str) -> Option<&Arc<User>> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `name=password` pairs separated by semicolons or line ends, as `ottla.sasl.users` holds them.
///
/// # Errors
/// Where a pair is none; without its password.
pub fn parse(text: &str) -> Result<Vec<(String, Password)>, String> {
    let pairs = text.split([';', '\n']).map(str::trim);
    let pairs = pairs.filter(|pair| !pair.is_empty()).enumerate();
    pairs
        .map(|(index, pair)| match pair.split_once('=') {
            Some((name, password)) if !name.trim().is_empty() && !password.is_empty() => {
                Ok((name.trim().to_owned(), Password::new(password)))
            }
            _ => Err(format!(
                "entry {} of ottla.sasl.users is not name=password; several are separated by semicolons",
                index + 1
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt() -> Bytes {
        Bytes::from_static(b"salt")
    }

    #[test]
    fn users_are_read_from_pairs_and_no_secret_is_told() {
        let pairs = parse("alice=a=b;\n bob=c \n;").unwrap();
        let users = Users::of(pairs, salt);
        assert_eq!(users.names().collect::<Vec<_>>(), ["alice", "bob"]);
        assert_eq!(users.get("alice").unwrap().password.reveal(), "a=b");
        for bad in ["alice", "=secret", "alice="] {
            let refused = parse(bad).unwrap_err();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn a_user_who_has_not_changed_is_kept_and_another_is_not() {
        let pairs = |password: &str| vec![("alice".to_owned(), Password::new(password))];
        let users = Users::of(pairs("a"), salt);
        let user = users.get("alice").unwrap();
        let same = users.changed(pairs("a"), salt);
        assert!(Arc::ptr_eq(user, same.get("alice").unwrap()));
        let other = users.changed(pairs("b"), salt);
        let expected = Credential::of_password(Hash::Sha256, "b", salt());
        assert_eq!(
            *other.get("alice").unwrap().credential(Hash::Sha256),
            expected
        );
        assert!(users.changed([], salt).is_empty());
    }
}
