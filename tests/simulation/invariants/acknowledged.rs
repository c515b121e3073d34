//! What was acknowledged, or read, is in the log where it was; power loss may take a suffix, and none of it where every record is
//! synced before it is acknowledged.

use crate::simulation::ledger::Account;
use crate::wire::Stored;
use std::collections::BTreeMap;

/// Takes off the ledger what lay at or beyond `end`; how many records those were.
pub fn after_power_loss(topic: &str, account: &mut Account, log: &[Stored], end: i64) -> usize {
    let lost = account.kept.split_off(&end);
    assert!(
        topic != "synced" || lost.is_empty(),
        "power loss took what was synced before it was acknowledged: the log ends at {end}, and had {lost:?}"
    );
    account.lost += lost.len() as u64;
    at_the_end(account, log);
    lost.len()
}

/// Everything on the ledger is in the log.
pub fn at_the_end(account: &Account, log: &[Stored]) {
    let log: BTreeMap<i64, &str> = log
        .iter()
        .map(|record| (record.offset, record.value.as_str()))
        .collect();
    for (offset, value) in &account.kept {
        assert_eq!(
            log.get(offset).copied(),
            Some(value.as_str()),
            "what was acknowledged at offset {offset} is not there"
        );
    }
}
