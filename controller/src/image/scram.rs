//! SCRAM credentials by user and mechanism (KIP-554): what a server needs to check a password, never the password.

use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::Bytes;
use ottla_protocol::records::metadata::{
    RemoveUserScramCredentialRecord, UserScramCredentialRecord,
};
use std::fmt;
use std::sync::Arc;

/// A user, and the number of a mechanism: 1 is SCRAM-SHA-256, 2 is SCRAM-SHA-512.
pub type ScramKey = (Arc<str>, i8);

/// A credential as it is stored; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredential {
    pub salt: Bytes,
    pub stored_key: Bytes,
    pub server_key: Bytes,
    pub iterations: i32,
}

impl fmt::Debug for ScramCredential {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "ScramCredential([hidden], {})", self.iterations)
    }
}

/// Every credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScramCredentials {
    by_key: OrdMap<ScramKey, Arc<ScramCredential>>,
}

impl ScramCredentials {
    /// A user's credential for a mechanism.
    pub fn of(&self, user: &str, mechanism: i8) -> Option<&Arc<ScramCredential>> {
        self.by_key.get(&(Arc::from(user), mechanism))
    }

    /// By user, and of a user by mechanism.
    pub fn iter(&self) -> impl Iterator<Item = (&ScramKey, &Arc<ScramCredential>)> {
        self.by_key.iter()
    }

    /// A user's credentials, by mechanism.
    pub fn of_user(&self, user: &str) -> impl Iterator<Item = (i8, &Arc<ScramCredential>)> {
        let user: Arc<str> = Arc::from(user);
        let keys = (user.clone(), i8::MIN)..=(user, i8::MAX);
        let found = self.by_key.range(keys);
        found.map(|((_, mechanism), credential)| (*mechanism, credential))
    }

    pub(crate) fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, ScramKey, Arc<ScramCredential>, DefaultSharedPtr> {
        self.by_key.diff(&after.by_key)
    }

    pub(super) fn set(&mut self, record: &UserScramCredentialRecord) -> ScramKey {
        let key: ScramKey = (Arc::from(&*record.name), record.mechanism);
        // Copies, so that no batch of the log is kept in memory for them.
        let credential = ScramCredential {
            salt: Bytes::copy_from_slice(&record.salt),
            stored_key: Bytes::copy_from_slice(&record.stored_key),
            server_key: Bytes::copy_from_slice(&record.server_key),
            iterations: record.iterations,
        };
        self.by_key.insert(key.clone(), Arc::new(credential));
        key
    }

    pub(super) fn remove(&mut self, record: &RemoveUserScramCredentialRecord) -> ScramKey {
        let key: ScramKey = (Arc::from(&*record.name), record.mechanism);
        self.by_key.remove(&key);
        key
    }

    pub(super) fn to_records(&self) -> impl Iterator<Item = UserScramCredentialRecord> + '_ {
        self.iter().map(
            |((user, mechanism), credential)| UserScramCredentialRecord {
                name: (&**user).into(),
                mechanism: *mechanism,
                salt: credential.salt.clone(),
                stored_key: credential.stored_key.clone(),
                server_key: credential.server_key.clone(),
                iterations: credential.iterations,
                ..Default::default()
            },
        )
    }
}
