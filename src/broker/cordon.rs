//! Puts `cordoned.log.dirs` in force: new partitions go elsewhere on this broker, and heartbeats tell the controller (KIP-1066).

use crate::config::BrokerValues;
use crate::metadata::lifecycle::Membership;
use crate::partition::Table;

/// What is configured now.
pub fn put_in_force(values: &BrokerValues, partitions: &Table, membership: &Membership) {
    for path in partitions.cordon(&values.cordoned_log_dirs) {
        tracing::warn!(
            path,
            "cordoned.log.dirs names what is no directory of this broker"
        );
    }
    membership.report_cordoned(partitions.cordoned());
}
