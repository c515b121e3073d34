//! AlterPartition (key 56, versions 2-3), AssignReplicasToDirs (key 73, version 0), BrokerRegistration (key 62, versions 0-4), BrokerHeartbeat (key 63, versions 0-2) and
//! AllocateProducerIds (key 67, version 0): what brokers ask of the active controller (KIP-497, KIP-631, KIP-730). What they decide is in
//! `metadata/controller_requests.rs`. Answered when decided, whatever the state of this node's logs.

use super::{Api, Context, Meta, Needs, Operation, Reply, Resource, ResourceType, Scope, errors};
use crate::metadata::controller_link::ControllerRequest;
use ottla_protocol::Message;
use ottla_protocol::messages::allocate_producer_ids::AllocateProducerIdsRequest;
use ottla_protocol::messages::alter_partition::AlterPartitionRequest;
use ottla_protocol::messages::assign_replicas_to_dirs::AssignReplicasToDirsRequest;
use ottla_protocol::messages::broker_heartbeat::BrokerHeartbeatRequest;
use ottla_protocol::messages::broker_registration::BrokerRegistrationRequest;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub type AssignReplicasToDirs = Asked<AssignReplicasToDirsRequest>;
pub type AlterPartition = Asked<AlterPartitionRequest>;
pub type BrokerRegistration = Asked<BrokerRegistrationRequest>;
pub type BrokerHeartbeat = Asked<BrokerHeartbeatRequest>;
pub type AllocateProducerIds = Asked<AllocateProducerIdsRequest>;

/// The API of a request that only the active controller answers, and answers with its decision.
pub struct Asked<R>(PhantomData<R>);

impl<R: ControllerRequest> Api for Asked<R> {
    type Request = R;
    const VERSIONS: RangeInclusive<i16> = *<R as Message>::VERSIONS.start()..=R::VERSION;
    const SCOPE: Scope = Scope::Controllers;
    const NEEDS: Needs = &[(Operation::ClusterAction, ResourceType::Cluster)];

    async fn handle(context: Arc<Context>, meta: Meta, request: R) -> Reply<R::Response> {
        let caller = context.caller(&meta);
        if let Err(error) = caller.may(Operation::ClusterAction, Resource::Cluster) {
            return Reply::Now(request.refused(error));
        }
        let asked = request.clone();
        let decided = context
            .controller
            .propose(move |image, turn| asked.decide(image, turn))
            .await;
        Reply::Now(match decided {
            Ok((response, _)) => response,
            Err(error) => request.refused(errors::not_decided(&error)),
        })
    }
}
