//! What goes on beside requests: following the metadata, heartbeats, and the loops over all logs.

use super::controller::ControlRuntime;
use super::gauges::ClusterGauges;
use super::world::World;
use super::{coordination, cordon, in_force, quotas};
use crate::api::Context;
use crate::background::{Loop, More, Stop, look_after_logs};
use crate::config::{BrokerConfig, Layers, Unset};
use crate::metadata::lifecycle::Membership;
use crate::net::limits::Gate;
use crate::net::server::Server;
use crate::net::settings::ConnectionLimits;
use crate::net::world::Net;
use crate::replication::Followers;
use crate::world::Rng;
use ottla_controller::decide;
use std::sync::Arc;
use std::time::Duration;

/// `broker.session.timeout.ms`.
pub fn session_timeout(config: &BrokerConfig) -> Duration {
    milliseconds(&config.layers(&Unset, &Unset), "broker.session.timeout.ms")
}

fn milliseconds(layers: &Layers<'_>, key: &str) -> Duration {
    Duration::from_millis(u64::try_from(layers.broker_number(key)).unwrap_or(0))
}

/// Brings a node's parts in step with the metadata, update by update: logs and roles first, then who is followed, then the coordinators on
/// the logs that are led.
pub fn follow_metadata(
    context: &Arc<Context>,
    followers: &Arc<Followers>,
    gauges: Arc<ClusterGauges>,
    mut stop: Stop,
) {
    let mut updates = context.metadata.subscribe();
    let (partitions, groups) = (context.partitions.clone(), context.groups.clone());
    let (me, followers) = (context.node_id, followers.clone());
    tokio::spawn(async move {
        loop {
            let update = tokio::select! {
                biased;
                () = stop.stopped() => return,
                update = updates.next() => update,
            };
            let Some(update) = update else { return };
            gauges.count(&update);
            partitions.apply(&update).await;
            followers.follow(&update);
            coordination::follow(&update, me, &partitions, &groups);
        }
    });
}

/// Starts every loop of a serving node.
pub fn start<N: Net>(
    context: &Arc<Context>,
    membership: Option<&Membership>,
    servers: &[Server],
    world: &World<N>,
    stop: &Stop,
) {
    let gates = servers.iter().map(|server| server.gate().clone());
    follow_configuration(
        context.clone(),
        membership.cloned(),
        gates.collect(),
        world.net.clone(),
        stop.clone(),
    );
    sweep_tokens(context, &world.rng, stop);
    let partitions = context.partitions.clone();
    // As often as Kafka (`isr-expiration`).
    let lag_check = context.values().replication.lag_max / 2;
    let rng = &world.rng;
    let checking = every("lagging followers", lag_check, rng, stop, move || {
        partitions.shrink_isrs();
        std::future::ready(())
    });
    tokio::spawn(checking);
    look_after_logs(&context.partitions, &context.values().log, rng, stop);
}

/// The active controller removes delegation tokens that have expired.
fn sweep_tokens(context: &Arc<Context>, rng: &Rng, stop: &Stop) {
    if context.logins.mint().is_none() {
        return;
    }
    let layers = context.config.layers(&Unset, &Unset);
    let period = milliseconds(&layers, "delegation.token.expiry.check.interval.ms");
    let (context, rng, stop) = (context.clone(), rng.clone(), stop.clone());
    let sweeping = Loop::every("expired tokens", period).run(rng, stop, move || {
        let context = context.clone();
        async move {
            let now_ms = context.clock.wall_ms();
            let swept = context
                .controller
                .propose(move |image, _| decide::sweep_delegation_tokens(image, now_ms));
            match swept.await {
                Ok((true, _)) => More::Now,
                // Where another node is the active controller, it sweeps.
                Ok((false, _)) | Err(_) => More::Later,
            }
        }
    });
    tokio::spawn(sweeping);
}

/// Keeps the broker alive in the eyes of the controller, on the runtime that nothing slows down.
pub fn beat(
    membership: &Membership,
    config: &BrokerConfig,
    rng: &Rng,
    runtime: &ControlRuntime,
    stop: &Stop,
) {
    let period = milliseconds(
        &config.layers(&Unset, &Unset),
        "broker.heartbeat.interval.ms",
    );
    let membership = membership.clone();
    let beating = every("heartbeat", period, rng, stop, move || {
        let membership = membership.clone();
        async move {
            if let Err(error) = membership.alive().await {
                tracing::warn!(%error, "a heartbeat was not accepted");
            }
        }
    });
    runtime.handle().spawn(beating);
}

fn every<Ticking>(
    name: &'static str,
    period: Duration,
    rng: &Rng,
    stop: &Stop,
    mut tick: impl FnMut() -> Ticking + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static
where
    Ticking: Future<Output = ()> + Send + 'static,
{
    Loop::every(name, period).run(rng.clone(), stop.clone(), move || {
        let ticking = tick();
        async move {
            ticking.await;
            More::Later
        }
    })
}

/// Puts changed broker configs in force.
fn follow_configuration<N: Net>(
    context: Arc<Context>,
    membership: Option<Membership>,
    gates: Vec<Arc<Gate>>,
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
            if update.delta.client_quotas {
                quotas::put_in_force(&context, &gates, &update.image);
            }
            let values = in_force(&context.config, context.node_id, &update.image);
            if *context.values() != values {
                let limits = ConnectionLimits::resolve(&net, &values.connections).await;
                for gate in &gates {
                    gate.set_limits(limits.clone());
                }
                if let Some(membership) = &membership {
                    cordon::put_in_force(&values, &context.partitions, membership);
                }
                context.throttles.set(&values.replication);
                context.values.store(Arc::new(values));
            }
        }
    });
}
