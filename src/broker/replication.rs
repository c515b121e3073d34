//! Wires following: how this node reaches the leaders of its partitions, and what it says of itself.

use super::world::World;
use crate::config::{BrokerConfig, BrokerValues};
use crate::metadata::lifecycle::Membership;
use crate::net::world::Net;
use crate::partition::Table;
use crate::peers::Peers;
use crate::replication::{Followers, FollowersOptions, RemoteLeaders};
use arc_swap::ArcSwap;
use ottla_controller::Metadata;
use ottla_controller::ids::BrokerId;
use std::sync::Arc;

/// What follows the leaders of this node's partitions; nobody yet.
pub fn followers<N: Net>(
    config: &BrokerConfig,
    world: &World<N>,
    values: &Arc<ArcSwap<BrokerValues>>,
    metadata: &Metadata,
    peers: &Peers,
    table: &Arc<Table>,
    membership: &Membership,
) -> Arc<Followers> {
    let (values, epoch) = (values.clone(), membership.epoch());
    Followers::new(FollowersOptions {
        me: BrokerId(config.node_id),
        clock: world.clock.clone(),
        table: table.clone(),
        leaders: Arc::new(RemoteLeaders {
            metadata: metadata.clone(),
            peers: peers.clone(),
            listener: config.listeners.inter_broker.as_str().to_owned(),
        }),
        values: Box::new(move || values.load().replication.clone()),
        broker_epoch: Box::new(move || epoch),
    })
}
