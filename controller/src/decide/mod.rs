//! Decisions of the active controller: pure functions of an image and a request, one file per kind of request.
//!
//! None of them reads a clock, draws a number or sends anything: time, [`Dice`](crate::dice::Dice) and
//! [`Liveness`](crate::liveness::Liveness) are arguments. They return the records to commit and the answer to give once these
//! are applied. The error of one item is part of the answer, as the protocol wants it. Authorisation is the caller's: it
//! hands in what the principal may do and adds the refusals of the rest.

mod allocate_producer_ids;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod alter_user_scram_credentials;
mod assign_replicas_to_dirs;
mod assignment;
mod balance;
mod bootstrap;
mod broker_heartbeat;
mod broker_registration;
mod configs;
mod create_acls;
mod create_partitions;
mod create_topics;
mod delegation_tokens;
mod delete_acls;
mod delete_topics;
mod describe_client_quotas;
mod describe_user_scram_credentials;
mod draft;
mod elect_leaders;
mod elections;
mod fencing;
mod incremental_alter_configs;
mod leadership;
mod list_partition_reassignments;
mod minimum;
mod permits;
mod reassignment;
mod refusal;
mod rules;
mod topic_names;
mod unregister_broker;
mod update_features;

pub use allocate_producer_ids::{BLOCK_SIZE as PRODUCER_ID_BLOCK_SIZE, allocate_producer_ids};
pub use alter_client_quotas::alter_client_quotas;
pub use alter_configs::alter_configs;
pub use alter_partition::alter_partition;
pub use alter_partition_reassignments::{
    alter_partition_reassignments, refused as reassignments_refused,
};
pub use alter_user_scram_credentials::{ScramKeys, alter_user_scram_credentials};
pub use assign_replicas_to_dirs::assign_replicas_to_dirs;
pub use balance::{
    ELECTIONS_PER_BATCH, elect_for_leaderless, elect_preferred_leaders, touches_unclean_elections,
};
pub use bootstrap::bootstrap;
pub use broker_heartbeat::{broker_heartbeat, fence_gone_broker, fence_silent_broker};
pub use broker_registration::register_broker;
pub use configs::{check_keys as check_config_keys, duplicates as duplicate_resources};
pub use create_acls::{acls_not_created, create_acls};
pub use create_partitions::{create_partitions, create_partitions_within};
pub use create_topics::{create_topics, create_topics_within};
pub use delegation_tokens::{
    TokenMint, create_delegation_token, expire_delegation_token, renew_delegation_token,
    sweep_delegation_tokens,
};
pub use delete_acls::{acls_not_deleted, delete_acls};
pub use delete_topics::{delete_topics, delete_topics_within};
pub use describe_client_quotas::describe_client_quotas;
pub use describe_user_scram_credentials::describe_user_scram_credentials;
pub use elect_leaders::{elect_leaders, refused as elections_refused};
pub use fencing::{Event, partition_changes};
pub use incremental_alter_configs::incremental_alter_configs;
pub use leadership::{Circumstances, Election, Wanted, choose_change};
pub use list_partition_reassignments::list_partition_reassignments;
pub use permits::Permits;
pub use reassignment::{Reassignment, Reverted};
pub use refusal::Refusal;
pub use rules::{ConfigRules, MIN_IN_SYNC_REPLICAS, UNCLEAN_LEADER_ELECTION};
pub use topic_names::{CLUSTER_METADATA, reason_invalid as reason_invalid_topic_name};
pub use unregister_broker::unregister_broker;
pub use update_features::update_features;

/// How many records one request may write (Kafka's `MAX_RECORDS_PER_USER_OP`).
pub const MAX_RECORDS_PER_REQUEST: usize = 10_000;
/// How many partitions one request may create (Kafka's `MAX_PARTITIONS_PER_BATCH`).
pub const MAX_PARTITIONS_PER_REQUEST: usize = 10_000;
