//! The Kafka APIs that this broker serves: one file per API.
//!
//! To add an API: write `src/api/<name>.rs` with one `impl Api`, and add a line to `apis!` below. The ApiVersions answer, metrics
//! labels, routing and gates come from that list; there is no second place.
//!
//! ```text
//!   net/connection ──frame──▶ dispatch ──Meta, request──▶ Api::handle ──Reply──▶ dispatch ──chunks──▶ net/connection
//! ```
//! A handler returns a value: only `dispatch` decodes, encodes, counts and times, only `net/connection` writes.

pub mod allocate_producer_ids;
pub mod alter_partition;
pub mod assign_replicas_to_dirs;
pub mod broker_heartbeat;
mod broker_loggers;
pub mod broker_registration;
mod config_changes;
pub mod context;
pub mod dispatch;
pub mod errors;
pub mod meta;
mod raft_voters;

pub use context::Context;
pub use meta::{ClientSoftware, ConnectionId, Endpoint, Listener, Meta, Peer, Principal, Session};

use crate::metrics::ApiLabels;
use dispatch::Call;
use futures::future::BoxFuture;
use ottla_protocol::{ApiKey, Message, Request};
use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// One Kafka API.
pub trait Api: 'static {
    /// Key and response come with it.
    type Request: Request;
    /// The versions advertised and enforced.
    const VERSIONS: RangeInclusive<i16>;
    /// The lowest version advertised, where it is not the lowest served.
    const ADVERTISED_FROM: i16 = *Self::VERSIONS.start();
    const ROUTE: Route = Route::Here;
    const GATE: Gate = Gate::Authenticated;

    /// Runs before the next request of the same connection starts: all that decides the order of appends happens here. What may
    /// overlap the next request goes into [`Reply::Later`].
    fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: Self::Request,
    ) -> impl Future<Output = Reply<<Self::Request as Request>::Response>> + Send;
}

/// How a handler answers.
pub enum Reply<R> {
    /// The response.
    Now(R),
    /// The response follows; the next request may start meanwhile. Polled once at once, and then when it is its turn to be sent: it only
    /// waits.
    Later(BoxFuture<'static, R>),
    /// The client expects no response (Produce with acks=0).
    Never,
    /// Earlier requests are answered, this one is not, and the connection is closed: a failed Produce with acks=0. Says why.
    Close(&'static str),
}

impl<R> Reply<R> {
    /// A response that is waited for.
    pub fn later(response: impl Future<Output = R> + Send + 'static) -> Self {
        Self::Later(Box::pin(response))
    }
}

/// Who handles a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The broker that received it.
    Here,
    /// The active controller. On a lone node that is this process, and the handler runs here.
    Controller,
}

/// When a request is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Once the connection has a principal; at once where the listener asks for none.
    Authenticated,
    /// Always: ApiVersions and the SASL pair.
    Open,
}

/// A row of the table: an [`Api`] with its types erased.
pub struct Entry {
    pub key: ApiKey,
    /// Kafka's name, as in `Produce`.
    pub name: &'static str,
    pub versions: RangeInclusive<i16>,
    pub advertised_from: i16,
    pub route: Route,
    pub gate: Gate,
    call: Call,
}

const fn entry<A: Api>() -> Entry {
    Entry {
        key: A::Request::KEY,
        name: name_of_api(A::Request::NAME),
        versions: A::VERSIONS,
        advertised_from: A::ADVERTISED_FROM,
        route: A::ROUTE,
        gate: A::GATE,
        call: dispatch::call::<A>,
    }
}

/// `Produce` of `ProduceRequest`.
const fn name_of_api(request: &'static str) -> &'static str {
    let (name, suffix) = request.split_at(request.len() - "Request".len());
    assert!(suffix.len() == 7, "every request's name ends in Request");
    name
}

/// Declares the modules and builds the table from the same list.
macro_rules! apis {
    ($($module:ident => $api:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every API served, in the order listed.
        pub static APIS: &[Entry] = TABLE;
        const TABLE: &[Entry] = &[$(entry::<$module::$api>()),*];
    };
}

apis! {
    produce => Produce,
    fetch => Fetch,
    list_offsets => ListOffsets,
    metadata => Metadata,
    offset_commit => OffsetCommit,
    offset_fetch => OffsetFetch,
    find_coordinator => FindCoordinator,
    join_group => JoinGroup,
    heartbeat => Heartbeat,
    leave_group => LeaveGroup,
    sync_group => SyncGroup,
    describe_groups => DescribeGroups,
    list_groups => ListGroups,
    api_versions => ApiVersions,
    create_topics => CreateTopics,
    delete_topics => DeleteTopics,
    delete_records => DeleteRecords,
    init_producer_id => InitProducerId,
    offset_for_leader_epoch => OffsetForLeaderEpoch,
    describe_configs => DescribeConfigs,
    alter_configs => AlterConfigs,
    describe_log_dirs => DescribeLogDirs,
    create_partitions => CreatePartitions,
    delete_groups => DeleteGroups,
    elect_leaders => ElectLeaders,
    incremental_alter_configs => IncrementalAlterConfigs,
    alter_partition_reassignments => AlterPartitionReassignments,
    list_partition_reassignments => ListPartitionReassignments,
    offset_delete => OffsetDelete,
    describe_quorum => DescribeQuorum,
    update_features => UpdateFeatures,
    unregister_broker => UnregisterBroker,
    describe_cluster => DescribeCluster,
    describe_producers => DescribeProducers,
    list_config_resources => ListConfigResources,
    add_raft_voter => AddRaftVoter,
    remove_raft_voter => RemoveRaftVoter,
    describe_topic_partitions => DescribeTopicPartitions,
}

/// Keys up to here may be served; Kafka 4.4 ends at 94.
const KEYS: usize = 128;
const NOT_SERVED: u8 = u8::MAX;

/// Position in [`APIS`] by key.
static BY_KEY: [u8; KEYS] = {
    let mut positions = [NOT_SERVED; KEYS];
    let mut position = 0;
    while position < TABLE.len() {
        let key = TABLE[position].key.0 as usize;
        assert!(positions[key] == NOT_SERVED, "an API is listed twice");
        positions[key] = position as u8;
        position += 1;
    }
    positions
};

/// The API with this key and its position in [`APIS`].
pub fn lookup(key: ApiKey) -> Option<(usize, &'static Entry)> {
    let position = usize::from(*BY_KEY.get(usize::try_from(key.0).ok()?)?);
    Some((position, APIS.get(position)?))
}

/// How the metrics name the APIs, in the order of [`APIS`].
pub fn labels() -> impl Iterator<Item = ApiLabels> {
    APIS.iter().map(|api| ApiLabels {
        name: api.name,
        versions: api.versions.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_is_found_by_its_key_and_named_as_kafka_names_it() {
        for (position, api) in APIS.iter().enumerate() {
            let (found, entry) = lookup(api.key).expect("listed");
            assert_eq!((found, entry.key), (position, api.key));
            assert_eq!(Some(api.name), api.key.name());
        }
        assert!(lookup(ApiKey(-1)).is_none());
        assert!(lookup(ApiKey(4)).is_none());
        assert!(lookup(ApiKey(i16::MAX)).is_none());
    }
}
