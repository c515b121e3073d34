//! Nothing is in the log twice, and nothing that nobody sent.

use crate::simulation::ledger::Account;
use crate::wire::Stored;
use std::collections::BTreeMap;

pub fn check(account: &Account, log: &[Stored]) {
    let mut at: BTreeMap<&str, i64> = BTreeMap::new();
    for record in log {
        assert!(
            account.sent.contains(&record.value),
            "offset {} holds what nobody sent: {}",
            record.offset,
            record.value
        );
        if let Some(before) = at.insert(&record.value, record.offset) {
            panic!("{} is at {before} and at {}", record.value, record.offset);
        }
    }
}
