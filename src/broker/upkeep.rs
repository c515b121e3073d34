//! What goes on beside requests: following the metadata, heartbeats, and the loops over all logs.

use super::in_force;
use super::world::World;
use crate::admin::Phase;
use crate::api::Context;
use crate::background::{Loop, More, Stop};
use crate::config::{BrokerConfig, Layers, Unset};
use crate::metadata::lifecycle::Membership;
use crate::net::limits::Gate;
use crate::net::settings::ConnectionLimits;
use crate::net::world::Net;
use crate::partition::Table;
use crate::world::Rng;
use ottla_controller::Metadata;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the free space of the disks is looked at, besides after much was written.
const SPACE_CHECK: Duration = Duration::from_secs(10);
/// How often `flush.ms` of topics is looked at when `log.flush.scheduler.interval.ms` is not set.
const FLUSH_CHECK: Duration = Duration::from_millis(100);

/// `broker.session.timeout.ms`.
pub fn session_timeout(config: &BrokerConfig) -> Duration {
    milliseconds(&config.layers(&Unset, &Unset), "broker.session.timeout.ms")
}

fn milliseconds(layers: &Layers<'_>, key: &str) -> Duration {
    Duration::from_millis(u64::try_from(layers.broker_number(key)).unwrap_or(0))
}

/// Brings the logs in step with the metadata, update by update.
pub fn follow_metadata(
    metadata: &Metadata,
    partitions: &Arc<Table>,
    phase: &watch::Sender<Phase>,
    mut stop: Stop,
) {
    let (mut updates, partitions) = (metadata.subscribe(), partitions.clone());
    let phase = phase.clone();
    tokio::spawn(async move {
        loop {
            let update = tokio::select! {
                biased;
                () = stop.stopped() => return,
                update = updates.next() => update,
            };
            let Some(update) = update else { return };
            let _ = &phase;
            partitions.apply(&update).await;
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
    over_all_logs(context, rng, stop);
}

fn over_all_logs(context: &Arc<Context>, rng: &Rng, stop: &Stop) {
    let log = &context.values().log;
    let table = || context.partitions.clone();
    let partitions = table();
    every("retention", log.retention_check, rng, stop, move || {
        let partitions = partitions.clone();
        async move {
            let deleted = partitions.enforce_retention().await;
            if deleted > 0 {
                tracing::info!(segments = deleted, "retention removed segments");
            }
        }
    });
    let partitions = table();
    every(
        "high-watermark-checkpoint",
        log.high_watermark_checkpoint,
        rng,
        stop,
        move || {
            let partitions = partitions.clone();
            async move { partitions.checkpoint_high_watermarks().await }
        },
    );
    let partitions = table();
    every(
        "recovery-point-checkpoint",
        log.recovery_point_checkpoint,
        rng,
        stop,
        move || {
            let partitions = partitions.clone();
            async move { partitions.checkpoint_recovery_points().await }
        },
    );
    let partitions = table();
    every(
        "log-start-checkpoint",
        log.log_start_checkpoint,
        rng,
        stop,
        move || {
            let partitions = partitions.clone();
            async move { partitions.checkpoint_log_starts().await }
        },
    );
    let partitions = table();
    every(
        "flush",
        log.flush_check.unwrap_or(FLUSH_CHECK).min(FLUSH_CHECK * 10),
        rng,
        stop,
        move || {
            let partitions = partitions.clone();
            async move { partitions.flush_overdue().await }
        },
    );
    let partitions = table();
    every(
        "producer-expiry",
        log.producer_expiration_check,
        rng,
        stop,
        move || {
            let partitions = partitions.clone();
            async move {
                let _ = partitions.expire_producers();
            }
        },
    );
    let partitions = table();
    every("disk-space", SPACE_CHECK, rng, stop, move || {
        let partitions = partitions.clone();
        async move { partitions.look_at_space().await }
    });
    let partitions = table();
    every(
        "file-deletion",
        Duration::from_secs(1),
        rng,
        stop,
        move || {
            let partitions = partitions.clone();
            async move { partitions.remove_due_files().await }
        },
    );
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
fn follow_configuration<N: Net>(context: Arc<Context>, gate: Arc<Gate>, net: N, mut stop: Stop) {
    let mut updates = context.metadata.subscribe();
    tokio::spawn(async move {
        loop {
            let update = tokio::select! {
                biased;
                () = stop.stopped() => return,
                update = updates.next() => update,
            };
            let Some(update) = update else { return };
            let Some(values) = in_force(&context.config, context.node_id, &update.image) else {
                continue;
            };
            if *context.values() != values {
                gate.set_limits(ConnectionLimits::resolve(&net, &values.connections).await);
                context.values.store(Arc::new(values));
            }
        }
    });
}
