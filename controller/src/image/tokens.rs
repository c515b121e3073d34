//! Delegation tokens by id (KIP-48). Their secrets are not here: every node derives them from `delegation.token.secret.key`.

use imbl::OrdMap;
use imbl::ordmap::DiffIter;
use imbl::shared_ptr::DefaultSharedPtr;
use ottla_protocol::records::metadata::{DelegationTokenRecord, RemoveDelegationTokenRecord};
use std::sync::Arc;

/// A token. Principals as in `User:alice`; times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegationToken {
    pub owner: Arc<str>,
    pub requester: Arc<str>,
    pub renewers: Vec<Arc<str>>,
    pub issued_ms: i64,
    /// Never renewed beyond this.
    pub max_ms: i64,
    pub expires_ms: i64,
}

impl DelegationToken {
    /// Whether it has expired at `now_ms`.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.max_ms < now_ms || self.expires_ms < now_ms
    }

    /// The record that states it.
    pub fn to_record(&self, id: &str) -> DelegationTokenRecord {
        DelegationTokenRecord {
            owner: (&*self.owner).into(),
            requester: (&*self.requester).into(),
            renewers: self.renewers.iter().map(|one| (&**one).into()).collect(),
            issue_timestamp: self.issued_ms,
            max_timestamp: self.max_ms,
            expiration_timestamp: self.expires_ms,
            token_id: id.into(),
            ..Default::default()
        }
    }
}

/// Every token that was not removed; some may have expired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DelegationTokens {
    by_id: OrdMap<Arc<str>, Arc<DelegationToken>>,
}

impl DelegationTokens {
    pub fn of(&self, id: &str) -> Option<&Arc<DelegationToken>> {
        self.by_id.get(id)
    }

    /// By id.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<DelegationToken>)> {
        self.by_id.iter()
    }

    pub(crate) fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> DiffIter<'a, 'a, Arc<str>, Arc<DelegationToken>, DefaultSharedPtr> {
        self.by_id.diff(&after.by_id)
    }

    pub(super) fn set(&mut self, record: &DelegationTokenRecord) -> Arc<str> {
        let id: Arc<str> = Arc::from(&*record.token_id);
        let token = DelegationToken {
            owner: Arc::from(&*record.owner),
            requester: Arc::from(&*record.requester),
            renewers: record
                .renewers
                .iter()
                .map(|one| Arc::from(&**one))
                .collect(),
            issued_ms: record.issue_timestamp,
            max_ms: record.max_timestamp,
            expires_ms: record.expiration_timestamp,
        };
        self.by_id.insert(id.clone(), Arc::new(token));
        id
    }

    pub(super) fn remove(&mut self, record: &RemoveDelegationTokenRecord) -> Arc<str> {
        let id: Arc<str> = Arc::from(&*record.token_id);
        self.by_id.remove(&id);
        id
    }
}
