//! Ottla's own keys, and keys of Kafka plugins that stand in many files.

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("admin.listeners", Kind::List, Some("http://localhost:9644"))
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .origin(Origin::Ottla)
        .effective("admin_listeners_none_turns_the_http_listener_off")
        .says("Where health checks and Prometheus metrics are served, as `http://host:port`; `none` turns it off."),
    Key::broker("super.users", Kind::String, Some(""))
        .origin(Origin::Plugin)
        .says("Users that Kafka's authorizer lets do everything, as `User:name` separated by semicolons."),
    Key::broker("allow.everyone.if.no.acl.found", Kind::Boolean, Some("false"))
        .origin(Origin::Plugin)
        .says("Whether Kafka's authorizer allows what no ACL speaks about."),
];
