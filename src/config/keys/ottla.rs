//! Ottla's own keys, and keys of Kafka plugins that stand in many files.

use super::key::{Check, Key, Kind, Origin};

/// The keys of this subject.
pub const KEYS: &[Key] = &[
    Key::broker("admin.listeners", Kind::List, Some("http://localhost:9644"))
        .check(Check::Entries { allowed: &[], may_be_empty: false })
        .origin(Origin::Ottla)
        .effective("admin_listeners_none_turns_the_http_listener_off")
        .says("Where health checks and Prometheus metrics are served, as `http://host:port`; `none` turns it off."),
    Key::broker("ottla.audit.log.file", Kind::String, Some(""))
        .origin(Origin::Ottla)
        .effective("what_is_denied_and_what_changes_the_cluster_is_in_the_audit_log")
        .says("File that takes one JSON object a line for each action that the authorizer denied, and for each allowed one that changes the cluster; it may be renamed or removed at any time. Empty turns it off."),
    Key::broker("ottla.audit.log.lines.per.second", Kind::Int, Some("50"))
        .check(Check::AtLeast(0))
        .origin(Origin::Ottla)
        .effective("no_more_lines_than_the_rate_allows_and_the_rest_is_counted")
        .says("Most lines a second in the audit log, and most refusals a second in the broker's own log; what is left out is counted."),
    Key::broker("ottla.sasl.users", Kind::Password, None)
        .origin(Origin::Ottla)
        .effective("first_users_come_from_a_key_and_a_directory_of_ours")
        .says("First users who may log in by SASL PLAIN or SCRAM on every listener, as `name=password` separated by semicolons."),
    Key::broker("ottla.sasl.users.dir", Kind::String, None)
        .origin(Origin::Ottla)
        .effective("a_user_of_the_mounted_directory_logs_in_and_a_new_password_counts")
        .says("Directory with a file per first user: its name is the user's, its content the password; read again when it changes."),
    Key::broker("super.users", Kind::String, Some(""))
        .origin(Origin::Plugin)
        .effective("super_users_are_named_with_their_type")
        .says("Users that Kafka's authorizer lets do everything, as `User:name` separated by semicolons."),
    Key::broker("allow.everyone.if.no.acl.found", Kind::Boolean, Some("false"))
        .origin(Origin::Plugin)
        .effective("what_no_entry_speaks_of_is_allowed_only_if_the_policy_says_so")
        .says("Whether Kafka's authorizer allows what no ACL speaks about."),
];
