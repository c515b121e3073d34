//! Quotas, throttles and delegation tokens (`QuotaConfig`, `DelegationTokenManagerConfigs`).

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("alter.log.dirs.replication.quota.window.num", Kind::Int, Some("11"))
        .check(Check::AtLeast(1))
        .says("Number of samples kept for the quota on moves between log directories."),
    Key::broker("alter.log.dirs.replication.quota.window.size.seconds", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .says("Length of one sample of the quota on moves between log directories."),
    Key::broker("client.quota.callback.class", Kind::Class, None)
        .refused("Java plugins cannot be loaded, and clients would be limited otherwise than the plugin says; remove the key")
        .says("Java class that decides the limits of clients."),
    Key::broker("quota.window.num", Kind::Int, Some("11"))
        .check(Check::AtLeast(1))
        .effective("a_burst_counts_against_the_whole_window")
        .says("Number of samples kept for client quotas."),
    Key::broker("quota.window.size.seconds", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .effective("a_burst_counts_against_the_whole_window")
        .says("Length of one sample of client quotas."),
    Key::broker("replication.quota.window.num", Kind::Int, Some("11"))
        .check(Check::AtLeast(1))
        .effective("throttled_replicas_wait_until_the_rate_is_kept_again")
        .says("Number of samples kept for replication throttles."),
    Key::broker("replication.quota.window.size.seconds", Kind::Int, Some("1"))
        .check(Check::AtLeast(1))
        .effective("throttled_replicas_wait_until_the_rate_is_kept_again")
        .says("Length of one sample of replication throttles."),
    Key::broker("follower.replication.throttled.rate", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .origin(Origin::DynamicOnly)
        .effective("a_reassignment_is_held_to_the_throttled_rate_and_replicas_in_sync_are_not")
        .says("Bytes per second for throttled replicas on the follower's side; can only be set dynamically."),
    Key::broker("leader.replication.throttled.rate", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .origin(Origin::DynamicOnly)
        .effective("a_reassignment_is_held_to_the_throttled_rate_and_replicas_in_sync_are_not")
        .says("Bytes per second for throttled replicas on the leader's side; can only be set dynamically."),
    Key::broker("replica.alter.log.dirs.io.max.bytes.per.second", Kind::Long, Some("9223372036854775807"))
        .check(Check::AtLeast(0))
        .cluster_wide()
        .origin(Origin::DynamicOnly)
        .effective("moves_between_log_directories_go_no_faster_than_allowed")
        .says("Bytes per second for moves between log directories; can only be set dynamically."),
    Key::broker("delegation.token.expiry.check.interval.ms", Kind::Long, Some("3600000"))
        .check(Check::AtLeast(1))
        .effective("what_has_expired_is_swept_and_nothing_else")
        .says("Time between two looks for expired delegation tokens."),
    Key::broker("delegation.token.expiry.time.ms", Kind::Long, Some("86400000"))
        .check(Check::AtLeast(1))
        .effective("a_token_expires_after_a_day_and_is_never_older_than_its_lifetime")
        .says("Life of a delegation token until it must be renewed."),
    Key::broker("delegation.token.max.lifetime.ms", Kind::Long, Some("604800000"))
        .check(Check::AtLeast(1))
        .effective("a_token_expires_after_a_day_and_is_never_older_than_its_lifetime")
        .says("Life of a delegation token beyond which it cannot be renewed."),
    Key::broker("delegation.token.secret.key", Kind::Password, None)
        .effective("delegation_tokens_need_a_secret_and_a_connection_that_has_logged_in")
        .says("Secret that signs delegation tokens; the same on every node."),
];
