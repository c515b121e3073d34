//! Quotas as configured and as the metadata has them, put in force.

use crate::api::Context;
use crate::config::{BrokerConfig, ReplicationValues, Unset};
use crate::metrics::Metrics;
use crate::net::limits::{AddressRates, Gate};
use crate::quota::{ClientQuotas, Throttles, Window, connection_rates};
use crate::world::Clock;
use ottla_controller::Image;
use std::sync::Arc;
use std::time::Duration;

/// The client quotas of a node, as the metadata has them.
pub fn clients(
    config: &BrokerConfig,
    clock: &Clock,
    image: &Image,
    metrics: &Metrics,
) -> Arc<ClientQuotas> {
    let quotas = Arc::new(ClientQuotas::new(
        clock.clone(),
        window(config, "quota.window"),
        window(config, "controller.quota.window"),
    ));
    quotas.set(&image.client_quotas);
    metrics.register(quotas.clone());
    quotas
}

/// The throttles of a node.
pub fn throttles(
    config: &BrokerConfig,
    clock: &Clock,
    values: &ReplicationValues,
) -> Arc<Throttles> {
    let throttles = Throttles::new(
        clock.clone(),
        window(config, "replication.quota.window"),
        window(config, "alter.log.dirs.replication.quota.window"),
    );
    throttles.set(values);
    Arc::new(throttles)
}

/// Puts changed client quotas in force.
pub fn put_in_force(context: &Context, gates: &[Arc<Gate>], image: &Image) {
    context.quotas.set(&image.client_quotas);
    let (named, others) = connection_rates(&image.client_quotas);
    for gate in gates {
        gate.set_address_rates(AddressRates {
            named: named.clone(),
            others,
        });
    }
}

/// `….num` samples of `….size.seconds`; neither changes while the node runs.
fn window(config: &BrokerConfig, prefix: &str) -> Window {
    let layers = config.layers(&Unset, &Unset);
    let number = |suffix: &str| layers.broker_number(&format!("{prefix}.{suffix}"));
    let seconds = u64::try_from(number("size.seconds")).unwrap_or(1);
    Window {
        samples: u32::try_from(number("num")).unwrap_or(1).max(1),
        size: Duration::from_secs(seconds.max(1)),
    }
}
