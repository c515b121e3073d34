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
    Key::broker("ottla.pod.name", Kind::String, Some(""))
        .origin(Origin::Ottla)
        .effective("a_pods_name_gives_its_id_its_addresses_and_the_voters")
        .says("Name of this node's pod in a Kubernetes StatefulSet, as in `ottla-2`: `node.id` is its number unless set, and in listeners and quorum `{pod}`, `{ordinal}`, `{host}`, `{31092+ordinal}` and `{a|b|c}` stand for what they are for this pod."),
    Key::broker("ottla.pod.service", Kind::String, Some(""))
        .origin(Origin::Ottla)
        .effective("a_pods_name_gives_its_id_its_addresses_and_the_voters")
        .says("Name in the DNS of the headless service of this node's StatefulSet; a pod's `{host}` is its name below it."),
    Key::broker("ottla.provision.file", Kind::String, Some(""))
        .origin(Origin::Ottla)
        .effective("what_the_provisioning_file_names_is_created_and_what_is_there_is_left_alone")
        .says("File with topics and ACLs that are to be there, as JSON; read again when it changes. What is missing is created, partitions are added, nothing is deleted."),
    Key::broker("ottla.quorum.pods", Kind::Int, Some("0"))
        .check(Check::Between(0, 9))
        .origin(Origin::Ottla)
        .effective("a_pod_beyond_the_voters_is_a_broker_without_a_controllers_listener")
        .says("How many pods of the StatefulSet vote in the metadata quorum, counted from the first; the others are brokers only. 0 leaves `process.roles` and `controller.quorum.voters` as they are."),
    Key::broker("ottla.ready.line", Kind::String, Some(""))
        .origin(Origin::Ottla)
        .effective("a_second_ready_line_says_what_others_wait_for")
        .says("A line to print when the node serves, besides its own, for programs that wait for another broker's."),
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
