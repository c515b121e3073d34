//! What was deleted is not served: records below an acknowledged DeleteRecords, and those of an earlier topic of the same name.
//! While the process lives, the log start only moves up.

use crate::simulation::ledger::Account;
use crate::wire::Stored;
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::metadata::MetadataResponse;

/// A fetch in the node's life number `life` told this log start and these records.
pub fn check(account: &mut Account, life: u64, start: i64, records: &[Stored]) {
    let deleted = account.deleted_to;
    assert!(
        start >= deleted,
        "the log starts at {start}, and was deleted up to {deleted}"
    );
    let (before, when) = account.start_seen;
    assert!(
        when != life || start >= before,
        "the log start went back from {before} to {start}"
    );
    account.start_seen = (start, life);
    if let Some(first) = records.first() {
        assert!(first.offset >= start, "{} is below {start}", first.offset);
    }
}

/// The log starts where it was asked to, or where it did before: deleting takes no more than what was asked for.
pub fn takes_no_more(topic: &str, account: &Account, start: i64) {
    assert!(
        topic == "short" || start <= account.asked_to_delete,
        "the log starts at {start}, and only {} was to be deleted",
        account.asked_to_delete
    );
}

/// Every record says which topic of the name it was written to.
pub fn is_of_this_incarnation(incarnation: u64, records: &[Stored]) {
    for record in records {
        let written_to = record.value.split(' ').next();
        assert_eq!(
            written_to,
            Some(incarnation.to_string().as_str()),
            "offset {} is of an earlier topic",
            record.offset
        );
    }
}

/// The topic is not there.
pub fn is_unknown(metadata: &MetadataResponse) {
    let error = metadata.topics[0].error_code;
    assert_eq!(
        error,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        "a deleted topic is described"
    );
}
