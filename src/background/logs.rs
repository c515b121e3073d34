//! The loops over all partitions of a node: when each of [`Table`]'s passes is due.

use std::sync::Arc;
use std::time::Duration;

use super::periodic::{Loop, More, Stop};
use crate::config::LogUpkeep;
use crate::partition::Table;
use crate::world::Rng;

/// How often the free space of the disks is looked at, besides after much was written.
const SPACE_CHECK: Duration = Duration::from_secs(10);
/// How often idle logs are looked for.
const REST_CHECK: Duration = Duration::from_secs(60);
/// How often deleted files are looked through for those whose time has come.
const REMOVAL_CHECK: Duration = Duration::from_secs(1);
/// How often `flush.ms` is looked at: it may be set on a topic, or lowered, at any time. Kafka looks only every
/// `log.flush.scheduler.interval.ms`, by default never.
const FLUSH_CHECK: Duration = Duration::from_millis(100);

/// Starts every loop; they end with `stop`.
pub fn look_after_logs(partitions: &Arc<Table>, upkeep: &LogUpkeep, rng: &Rng, stop: &Stop) {
    let starter = Starter {
        partitions,
        rng,
        stop,
        first: upkeep.initial_delay,
    };
    starter.start("retention", upkeep.retention_check, |table| async move {
        let segments = table.enforce_retention().await;
        if segments > 0 {
            tracing::info!(segments, "retention deleted segments");
        }
    });
    starter.start(
        "recovery points",
        upkeep.recovery_point_checkpoint,
        |table| async move {
            table.checkpoint_recovery_points().await;
        },
    );
    starter.start(
        "log starts",
        upkeep.log_start_checkpoint,
        |table| async move {
            table.checkpoint_log_starts().await;
        },
    );
    let starter = Starter {
        first: Duration::ZERO,
        ..starter
    };
    starter.start(
        "high watermarks",
        upkeep.high_watermark_checkpoint,
        |table| async move {
            table.checkpoint_high_watermarks().await;
        },
    );
    starter.start(
        "producer expiry",
        upkeep.producer_expiration_check,
        |table| async move {
            table.expire_producers();
        },
    );
    starter.start("rest", REST_CHECK, |table| async move { table.rest_idle() });
    let flush_check = upkeep
        .flush_check
        .map_or(FLUSH_CHECK, |check| check.min(FLUSH_CHECK));
    starter.start("flush", flush_check, |table| async move {
        table.flush_overdue().await
    });
    starter.start("disk space", SPACE_CHECK, |table| async move {
        table.look_at_space().await
    });
    starter.start("file removal", REMOVAL_CHECK, |table| async move {
        table.remove_due_files().await
    });
}

struct Starter<'a> {
    partitions: &'a Arc<Table>,
    rng: &'a Rng,
    stop: &'a Stop,
    first: Duration,
}

impl Starter<'_> {
    fn start<Ticking>(
        &self,
        name: &'static str,
        period: Duration,
        mut pass: impl FnMut(Arc<Table>) -> Ticking + Send + 'static,
    ) where
        Ticking: Future<Output = ()> + Send + 'static,
    {
        let table = self.partitions.clone();
        // A period of 0 means "as often as you can" in Kafka; once a millisecond is.
        let shape = Loop {
            first: Some(self.first),
            ..Loop::every(name, period.max(Duration::from_millis(1)))
        };
        tokio::spawn(shape.run(self.rng.clone(), self.stop.clone(), move || {
            let passing = pass(table.clone());
            async move {
                passing.await;
                More::Later
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::stop;
    use super::*;
    use crate::config::{BrokerValues, Layers, Unset};
    use crate::partition::tests::{Node, SOON, batch, names_in, options};
    use crate::partition::{Acks, HIGH_WATERMARK};
    use ottla_storage::disk::{Disk, read_file};
    use ottla_storage::log::FlushScope;
    use ottla_storage::offset::Offset;
    use std::path::Path;

    fn defaults() -> LogUpkeep {
        BrokerValues::resolve(&Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        })
        .log
    }

    async fn node_with_records(config: &[(&str, &str)]) -> Node {
        let mut node = Node::new();
        node.create("orders", 1, config).await;
        let partition = node.partition("orders", 0);
        for _ in 0..5 {
            partition
                .append(batch(&["value"]), &options(Acks::All))
                .acknowledged()
                .await
                .unwrap();
        }
        node
    }

    fn content(disk: &dyn Disk, name: &str) -> String {
        let path = Path::new("/logs").join(name);
        read_file(disk, &path)
            .unwrap()
            .map_or_else(String::new, |bytes| String::from_utf8(bytes).unwrap())
    }

    async fn secs(count: u64) {
        tokio::time::sleep(Duration::from_secs(count)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn retention_starts_after_its_initial_delay() {
        let node = node_with_records(&[
            ("internal.segment.bytes", "100"),
            ("retention.bytes", "100"),
        ])
        .await;
        let (_stopper, stop) = stop();
        look_after_logs(&node.table, &defaults(), &Rng::seeded(1), &stop);
        secs(29).await;
        assert_eq!(node.partition("orders", 0).offsets().start, Offset(0));
        secs(2).await;
        assert!(node.partition("orders", 0).offsets().start > Offset(0));
    }

    #[tokio::test(start_paused = true)]
    async fn retention_looks_at_every_partition_in_its_interval() {
        let mut node = node_with_records(&[("internal.segment.bytes", "100")]).await;
        let (_stopper, stop) = stop();
        look_after_logs(&node.table, &defaults(), &Rng::seeded(1), &stop);
        secs(40).await;
        node.configure("orders", "retention.bytes", "100").await;
        secs(200).await;
        assert_eq!(
            node.partition("orders", 0).offsets().start,
            Offset(0),
            "the next look is five minutes after the first"
        );
        secs(200).await;
        assert!(node.partition("orders", 0).offsets().start > Offset(0));
    }

    #[tokio::test(start_paused = true)]
    async fn high_watermarks_are_checkpointed_at_their_interval() {
        let node = node_with_records(&[]).await;
        node.partition("orders", 0)
            .flush(FlushScope::Everything)
            .await
            .unwrap();
        let (_stopper, stop) = stop();
        look_after_logs(&node.table, &defaults(), &Rng::seeded(1), &stop);
        secs(6).await;
        assert_eq!(
            content(&node.disk, "replication-offset-checkpoint"),
            "0\n1\norders 0 5\n"
        );
        assert!(content(&node.disk, "ottla-log-end-checkpoint").ends_with("orders 0 5\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn recovery_points_are_checkpointed_at_their_interval() {
        let node = node_with_records(&[]).await;
        node.partition("orders", 0)
            .flush(FlushScope::Everything)
            .await
            .unwrap();
        let (_stopper, stop) = stop();
        look_after_logs(&node.table, &defaults(), &Rng::seeded(1), &stop);
        secs(29).await;
        assert!(
            !names_in(&node.disk, "/logs")
                .iter()
                .any(|name| name.starts_with("recovery-point"))
        );
        secs(2).await;
        assert_eq!(
            content(&node.disk, "recovery-point-offset-checkpoint"),
            "0\n1\norders 0 5\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn log_start_offsets_are_checkpointed_at_their_interval() {
        let node = node_with_records(&[]).await;
        node.partition("orders", 0)
            .delete_records(HIGH_WATERMARK, SOON)
            .await
            .unwrap();
        let (_stopper, stop) = stop();
        look_after_logs(&node.table, &defaults(), &Rng::seeded(1), &stop);
        secs(31).await;
        assert_eq!(
            content(&node.disk, "log-start-offset-checkpoint"),
            "0\n1\norders 0 5\n"
        );
    }
}
