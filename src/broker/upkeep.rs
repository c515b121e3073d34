//! What goes on beside requests: following the metadata, heartbeats, and the loops over all logs.

use super::world::World;
use super::{coordination, cordon, in_force};
use crate::api::Context;
use crate::background::{Loop, More, Stop, look_after_logs};
use crate::config::{BrokerConfig, Layers, Unset};
use crate::coordinator::group::Groups;
use crate::metadata::lifecycle::Membership;
use crate::net::limits::Gate;
use crate::net::settings::ConnectionLimits;
use crate::net::world::Net;
use crate::partition::Table;
use crate::replication::Followers;
use crate::world::Rng;
use ottla_controller::Metadata;
use ottla_controller::ids::BrokerId;
use std::sync::Arc;
use std::time::Duration;

/// `broker.session.timeout.ms`.
pub fn session_timeout(config: &BrokerConfig) -> Duration {
    milliseconds(&config.layers(&Unset, &Unset), "broker.session.timeout.ms")
}

fn milliseconds(layers: &Layers<'_>, key: &str) -> Duration {
    Duration::from_millis(u64::try_from(layers.broker_number(key)).unwrap_or(0))
}

/// What follows the metadata: logs and roles first, then who is followed, then the coordinators on the logs that are led.
pub struct Parts {
    pub partitions: Arc<Table>,
    pub followers: Arc<Followers>,
    pub groups: Arc<Groups>,
}

/// Brings a node's parts in step with the metadata, update by update.
pub fn follow_metadata(metadata: &Metadata, me: BrokerId, parts: Parts, mut stop: Stop) {
    let mut updates = metadata.subscribe();
    tokio::spawn(async move {
        loop {
            let update = tokio::select! {
                biased;
                () = stop.stopped() => return,
                update = updates.next() => update,
            };
            let Some(update) = update else { return };
            parts.partitions.apply(&update).await;
            parts.followers.follow(&update);
            coordination::follow(&update, me, &parts.partitions, &parts.groups);
        }
    });
}

/// Starts every loop of a serving node.
pub fn start<N: Net>(
    context: &Arc<Context>,
    membership: &Membership,
    gate: &Arc<Gate>,
    world: &World<N>,
    stop: &Stop,
) {
    let rng = &world.rng;
    follow_configuration(
        context.clone(),
        membership.clone(),
        gate.clone(),
        world.net.clone(),
        stop.clone(),
    );
    let heartbeat = milliseconds(
        &context.config.layers(&Unset, &Unset),
        "broker.heartbeat.interval.ms",
    );
    let membership = membership.clone();
    every("heartbeat", heartbeat, rng, stop, move || {
        let membership = membership.clone();
        async move {
            if let Err(error) = membership.alive().await {
                tracing::warn!(%error, "a heartbeat was not accepted");
            }
        }
    });
    let partitions = context.partitions.clone();
    // As often as Kafka (`isr-expiration`).
    let lag_check = context.values().replication.lag_max / 2;
    every("lagging followers", lag_check, rng, stop, move || {
        partitions.shrink_isrs();
        std::future::ready(())
    });
    look_after_logs(&context.partitions, &context.values().log, rng, stop);
}

fn every<Ticking>(
    name: &'static str,
    period: Duration,
    rng: &Rng,
    stop: &Stop,
    mut tick: impl FnMut() -> Ticking + Send + 'static,
) where
    Ticking: Future<Output = ()> + Send + 'static,
{
    let running = Loop::every(name, period).run(rng.clone(), stop.clone(), move || {
        let ticking = tick();
        async move {
            ticking.await;
            More::Later
        }
    });
    tokio::spawn(running);
}

/// Puts changed broker configs in force.
fn follow_configuration<N: Net>(
    context: Arc<Context>,
    membership: Membership,
    gate: Arc<Gate>,
    net: N,
    mut stop: Stop,
) {
    let mut updates = context.metadata.subscribe();
    tokio::spawn(async move {
        loop {
            let update = tokio::select! {
                biased;
                () = stop.stopped() => return,
                update = updates.next() => update,
            };
            let Some(update) = update else { return };
            let values = in_force(&context.config, context.node_id, &update.image);
            if *context.values() != values {
                gate.set_limits(ConnectionLimits::resolve(&net, &values.connections).await);
                cordon::put_in_force(&values, &context.partitions, &membership);
                context.values.store(Arc::new(values));
            }
        }
    });
}
