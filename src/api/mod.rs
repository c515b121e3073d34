//! The Kafka APIs that this broker serves: one file per API.
//!
//! To add an API: write `src/api/<name>.rs` with one `impl Api`, and add a line to `apis!` below. The ApiVersions answer, metrics
//! labels, routing and gates come from that list; there is no second place.
//!
//! ```text
//!   net/connection ──frame──▶ dispatch ──Meta, request──▶ Api::handle ──Reply──▶ dispatch ──chunks──▶ net/connection
//! ```
//! A handler returns a value: only `dispatch` decodes, encodes, counts and times, only `net/connection` writes.

mod broker_loggers;
mod caller;
mod charged;
mod config_changes;
pub mod context;
mod controller_requests;
mod delegation_tokens;
pub mod dispatch;
pub mod errors;
mod forward;
pub mod meta;
mod quorum;
mod raft_voters;
pub mod sasl;
mod sasl_authenticate;
mod sasl_handshake;
pub mod stage;
mod throttled;

pub use caller::Caller;
pub use context::Context;
pub use meta::{
    ClientSoftware, ConnectionId, Endpoint, Listener, Meta, Peer, Principal, Serves, Session,
};
pub use stage::Stage;

pub(crate) use crate::auth::Resource;
use crate::metadata::quorum_messages::PRIVATE_KEYS_FROM;
use crate::metadata::seat::Seat;
use crate::metrics::ApiLabels;
use dispatch::Call;
use futures::future::BoxFuture;
pub(crate) use ottla_controller::acl::{Operation, ResourceType};
use ottla_protocol::{ApiKey, Message, Request};
use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

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
    /// What its handler asks of the caller; `tests/broker/strangers.rs` asks every API as somebody who may do nothing.
    const NEEDS: Needs;
    const SCOPE: Scope = match Self::ROUTE {
        Route::Here => Scope::Clients,
        Route::Controller | Route::Both => Scope::Everywhere,
    };

    /// Whether the time that it takes counts against nobody's quota: what nodes ask each other.
    fn is_exempt(_: &Self::Request) -> bool {
        matches!(Self::SCOPE, Scope::Controllers | Scope::Quorum)
    }

    /// Runs before the next request of the same connection starts: all that decides the order of appends happens here. What may
    /// overlap the next request goes into [`Reply::Later`].
    fn handle(
        context: Arc<Context>,
        meta: Meta,
        request: Self::Request,
    ) -> impl Future<Output = Reply<<Self::Request as Request>::Response>> + Send;
}

/// What the nodes of a quorum ask each other: served before the node has any metadata, never advertised.
pub(crate) trait QuorumApi: 'static {
    /// Its key is at least [`PRIVATE_KEYS_FROM`].
    type Request: Request;

    fn handle(
        seat: Arc<Seat>,
        request: Self::Request,
    ) -> impl Future<Output = <Self::Request as Request>::Response> + Send;
}

/// The SASL pair: served before the node has any metadata, on every listener.
pub(crate) trait LoginApi: 'static {
    type Request: Request;
    const VERSIONS: RangeInclusive<i16>;

    fn handle(
        stage: Arc<Stage>,
        meta: Meta,
        request: Self::Request,
    ) -> impl Future<Output = Reply<<Self::Request as Request>::Response>> + Send;
}

/// What somebody must be allowed, by Kafka's table of operations: some of these or all, as the handler says.
pub type Needs = &'static [(Operation, ResourceType)];

/// How a handler answers.
pub enum Reply<R> {
    /// The response.
    Now(R),
    /// The response follows; the next request may start meanwhile. Polled once at once, and then when it is its turn to be sent: it only
    /// waits.
    Later(BoxFuture<'static, R>),
    /// The client expects no response (Produce with acks=0). It is not read for this long.
    Never(Duration),
    /// Earlier requests are answered, this one is not, and the connection is closed: a failed Produce with acks=0. Says why.
    Close(&'static str),
    /// The response, and then the connection is closed: a failed authentication. Says why.
    Last(R, String),
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
    /// First the broker that received it, which answers what is its own and forwards the rest by itself: its handler runs there, and again
    /// on the active controller.
    Both,
}

/// On which listeners an API is served (`listeners` in Kafka's message definitions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Clients,
    Controllers,
    /// Both.
    Everywhere,
    Quorum,
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
    pub scope: Scope,
    pub needs: Needs,
    call: Call,
}

impl Entry {
    /// Whether a listener serves it.
    pub fn is_served_on(&self, listener: &Listener) -> bool {
        let serves = listener.serves;
        match self.scope {
            Scope::Clients => serves.clients,
            Scope::Controllers => serves.controllers,
            Scope::Everywhere => serves.clients || serves.controllers,
            Scope::Quorum => serves.quorum,
        }
    }

    /// Whether ApiVersions on a listener names it. A listener for both is a client's before it is a controller's.
    pub fn is_advertised_on(&self, listener: &Listener) -> bool {
        let is_hidden = match self.scope {
            Scope::Quorum => true,
            Scope::Controllers => listener.serves.clients,
            Scope::Clients | Scope::Everywhere => false,
        };
        !is_hidden && self.is_served_on(listener)
    }
}

const fn entry<A: Api>() -> Entry {
    Entry {
        key: A::Request::KEY,
        name: name_of_api(A::Request::NAME),
        versions: A::VERSIONS,
        advertised_from: A::ADVERTISED_FROM,
        route: A::ROUTE,
        gate: A::GATE,
        scope: A::SCOPE,
        needs: A::NEEDS,
        call: Call::Node(dispatch::call::<A>),
    }
}

const fn private<A: QuorumApi>() -> Entry {
    Entry {
        key: A::Request::KEY,
        name: name_of_api(A::Request::NAME),
        versions: PRIVATE_VERSIONS,
        advertised_from: 0,
        route: Route::Here,
        gate: Gate::Authenticated,
        scope: Scope::Quorum,
        needs: &[(Operation::ClusterAction, ResourceType::Cluster)],
        call: Call::Quorum(dispatch::call_of_quorum::<A>),
    }
}

const fn login<A: LoginApi>() -> Entry {
    Entry {
        key: A::Request::KEY,
        name: name_of_api(A::Request::NAME),
        versions: A::VERSIONS,
        advertised_from: *A::VERSIONS.start(),
        route: Route::Here,
        gate: Gate::Open,
        scope: Scope::Everywhere,
        needs: &[],
        call: Call::Login(dispatch::call_of_login::<A>),
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
        /// Every API served, in the order listed; ours beside Kafka's at the end.
        pub static APIS: &[Entry] = TABLE;
        const TABLE: &[Entry] = &[
            $(entry::<$module::$api>(),)*
            entry::<delegation_tokens::CreateDelegationToken>(),
            entry::<delegation_tokens::RenewDelegationToken>(),
            entry::<delegation_tokens::ExpireDelegationToken>(),
            entry::<delegation_tokens::DescribeDelegationToken>(),
            login::<sasl_handshake::SaslHandshake>(),
            login::<sasl_authenticate::SaslAuthenticate>(),
            entry::<controller_requests::AlterPartition>(),
            entry::<controller_requests::AssignReplicasToDirs>(),
            entry::<controller_requests::BrokerRegistration>(),
            entry::<controller_requests::BrokerHeartbeat>(),
            entry::<controller_requests::AllocateProducerIds>(),
            private::<quorum::RaftCall>(),
            private::<quorum::JoinQuorum>(),
        ];
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
    describe_acls => DescribeAcls,
    create_acls => CreateAcls,
    delete_acls => DeleteAcls,
    describe_client_quotas => DescribeClientQuotas,
    describe_configs => DescribeConfigs,
    alter_client_quotas => AlterClientQuotas,
    alter_configs => AlterConfigs,
    alter_replica_log_dirs => AlterReplicaLogDirs,
    describe_log_dirs => DescribeLogDirs,
    create_partitions => CreatePartitions,
    delete_groups => DeleteGroups,
    elect_leaders => ElectLeaders,
    incremental_alter_configs => IncrementalAlterConfigs,
    alter_partition_reassignments => AlterPartitionReassignments,
    list_partition_reassignments => ListPartitionReassignments,
    offset_delete => OffsetDelete,
    describe_user_scram_credentials => DescribeUserScramCredentials,
    alter_user_scram_credentials => AlterUserScramCredentials,
    describe_quorum => DescribeQuorum,
    update_features => UpdateFeatures,
    unregister_broker => UnregisterBroker,
    describe_cluster => DescribeCluster,
    describe_producers => DescribeProducers,
    list_config_resources => ListConfigResources,
    add_raft_voter => AddRaftVoter,
    remove_raft_voter => RemoveRaftVoter,
    describe_topic_partitions => DescribeTopicPartitions,
    envelope => Envelope,
}

/// Keys up to here may be served; Kafka 4.4 ends at 94.
const KEYS: usize = 128;
/// Keys of our own, after those.
const PRIVATE_KEYS: usize = 8;
const PRIVATE_VERSIONS: RangeInclusive<i16> = 0..=0;
const NOT_SERVED: u8 = u8::MAX;

/// Position in [`APIS`] by key.
static BY_KEY: [u8; KEYS + PRIVATE_KEYS] = {
    let mut positions = [NOT_SERVED; KEYS + PRIVATE_KEYS];
    let mut position = 0;
    while position < TABLE.len() {
        let key = slot(TABLE[position].key.0);
        assert!(positions[key] == NOT_SERVED, "an API is listed twice");
        positions[key] = position as u8;
        position += 1;
    }
    positions
};

/// Where a key stands in [`BY_KEY`]; beyond its end if nowhere.
const fn slot(key: i16) -> usize {
    match key {
        PRIVATE_KEYS_FROM.. => KEYS + (key - PRIVATE_KEYS_FROM) as usize,
        0.. if (key as usize) < KEYS => key as usize,
        _ => usize::MAX,
    }
}

/// The API with this key and its position in [`APIS`].
pub fn lookup(key: ApiKey) -> Option<(usize, &'static Entry)> {
    let position = usize::from(*BY_KEY.get(slot(key.0))?);
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
            if api.scope != Scope::Quorum {
                assert_eq!(Some(api.name), api.key.name());
            }
        }
        assert!(lookup(ApiKey(-1)).is_none());
        assert!(lookup(ApiKey(4)).is_none());
        assert!(lookup(ApiKey(999)).is_none());
        assert!(lookup(ApiKey(i16::MAX)).is_none());
    }
}
