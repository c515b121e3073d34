//! What the active controller decides, as tables: the image, a request, the answer and what the image is afterwards.

#[path = "controller/support.rs"]
#[expect(dead_code, reason = "shared with the tests of the whole controller")]
mod support;

#[path = "decisions/cluster.rs"]
mod cluster;

#[path = "decisions/acls.rs"]
mod acls;
#[path = "decisions/alter_configs.rs"]
mod alter_configs;
#[path = "decisions/alter_partition.rs"]
mod alter_partition;
#[path = "decisions/assign_replicas_to_dirs.rs"]
mod assign_replicas_to_dirs;
#[path = "decisions/balance.rs"]
mod balance;
#[path = "decisions/client_quotas.rs"]
mod client_quotas;
#[path = "decisions/create_partitions.rs"]
mod create_partitions;
#[path = "decisions/create_topics.rs"]
mod create_topics;
#[path = "decisions/delete_topics.rs"]
mod delete_topics;
#[path = "decisions/directories.rs"]
mod directories;
#[path = "decisions/elect_leaders.rs"]
mod elect_leaders;
#[path = "decisions/model.rs"]
mod model;
#[path = "decisions/reassignments.rs"]
mod reassignments;
#[path = "decisions/update_features.rs"]
mod update_features;
