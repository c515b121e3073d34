//! What is scraped about partitions and their directories: read from snapshots at scrape, so that a partition at rest costs nothing and
//! one that is gone leaves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::directory::Condition;
use super::hosted::Place;
use super::proposals::Replicating;
use super::replica::Partition;
use super::table::Table;
use crate::metrics::definitions::{
    DIRECTORY_FREE, DIRECTORY_ONLINE, ISR_CHANGES, PARTITION_END_OFFSET, PARTITION_HIGH_WATERMARK,
    PARTITION_LEADER, PARTITION_SIZE, PARTITION_START_OFFSET, PARTITIONS, REPLICA_LAG_MAX,
    REPLICAS_MOVING, REPLICATED_BYTES, REPLICATED_FETCHES,
};
use crate::metrics::{Definition, Samples, Source};

/// A node's partitions as a source of metrics.
pub struct Gauges(pub Arc<Table>);

impl Source for Gauges {
    fn definitions(&self) -> &'static [&'static Definition] {
        &[
            &PARTITIONS,
            &PARTITION_START_OFFSET,
            &PARTITION_HIGH_WATERMARK,
            &PARTITION_END_OFFSET,
            &PARTITION_SIZE,
            &PARTITION_LEADER,
            &DIRECTORY_ONLINE,
            &DIRECTORY_FREE,
            &REPLICA_LAG_MAX,
            &ISR_CHANGES,
            &REPLICATED_BYTES,
            &REPLICATED_FETCHES,
            &REPLICAS_MOVING,
        ]
    }

    fn sample(&self, into: &mut Samples) {
        let hosted = self.0.hosted();
        let mut counts = Counts::default();
        for place in hosted.topics().flat_map(|hosted| hosted.places.values()) {
            match place {
                Place::Open(partition) => counts.add(partition, into),
                Place::Quarantined(_) => counts.offline += 1,
            }
        }
        counts.tell(into);
        sample_replication(self.0.replicating(), into);
        let moving = self.0.replicas_moving();
        into.set(&REPLICAS_MOVING, &[], moving as f64);
        for directory in self.0.directories() {
            let path = directory.path().to_string_lossy();
            let is_online = directory.condition() != Condition::Offline;
            into.set(&DIRECTORY_ONLINE, &[&path], f64::from(u8::from(is_online)));
            if let Some(space) = directory.last_space() {
                into.set(&DIRECTORY_FREE, &[&path], space.free_bytes as f64);
            }
        }
    }
}

fn sample_replication(replicating: &Replicating, into: &mut Samples) {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    into.set(&ISR_CHANGES, &["shrink"], count(&replicating.shrunk));
    into.set(&ISR_CHANGES, &["expand"], count(&replicating.expanded));
    into.set(&REPLICATED_BYTES, &[], count(&replicating.received_bytes));
    into.set(&REPLICATED_FETCHES, &[], count(&replicating.received));
}

/// How many partitions are what.
#[derive(Default)]
struct Counts {
    under_min_isr: usize,
    at_min_isr: usize,
    reassigning: usize,
    lag_max: i64,
    leader: usize,
    follower: usize,
    offline: usize,
    under_replicated: usize,
}

impl Counts {
    fn add(&mut self, partition: &Partition, into: &mut Samples) {
        let role = partition.role();
        let is_leader = role.is_leader();
        match is_leader {
            true => self.leader += 1,
            false => self.follower += 1,
        }
        if is_leader && role.isr.len() < role.replicas.len() {
            self.under_replicated += 1;
        }
        if is_leader {
            let min_isr = role.min_isr(partition.topic().in_force().config.min_in_sync_replicas);
            self.under_min_isr += usize::from(role.isr.len() < min_isr);
            self.at_min_isr += usize::from(role.isr.len() == min_isr);
            self.reassigning += usize::from(role.is_reassigning);
            self.lag_max = self.lag_max.max(partition.lag_max());
        }
        let index = partition.index().to_string();
        let labels = [&**partition.topic().name(), index.as_str()];
        let offsets = partition.offsets();
        into.set(&PARTITION_START_OFFSET, &labels, offsets.start.0 as f64);
        into.set(
            &PARTITION_HIGH_WATERMARK,
            &labels,
            offsets.high_watermark.0 as f64,
        );
        into.set(&PARTITION_END_OFFSET, &labels, offsets.end.0 as f64);
        into.set(&PARTITION_SIZE, &labels, partition.size_bytes() as f64);
        into.set(&PARTITION_LEADER, &labels, f64::from(u8::from(is_leader)));
    }

    fn tell(&self, into: &mut Samples) {
        for (state, count) in [
            ("leader", self.leader),
            ("follower", self.follower),
            ("offline", self.offline),
            ("under_replicated", self.under_replicated),
            ("under_min_isr", self.under_min_isr),
            ("at_min_isr", self.at_min_isr),
            ("reassigning", self.reassigning),
        ] {
            into.set(&PARTITIONS, &[state], count as f64);
        }
        into.set(&REPLICA_LAG_MAX, &[], self.lag_max as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use crate::partition::tests::Node;

    #[tokio::test]
    async fn a_partition_is_scraped_while_it_exists() {
        let mut node = Node::new();
        node.create("orders", 2, &[]).await;
        let metrics = Metrics::new([]);
        metrics.register(Arc::new(Gauges(node.table.clone())));
        let text = metrics.text();
        for line in [
            r#"ottla_partition_log_end_offset{topic="orders",partition="1"} 0"#,
            r#"ottla_partitions{state="leader"} 2"#,
            r#"ottla_partitions{state="under_replicated"} 0"#,
            r#"ottla_partitions{state="at_min_isr"} 2"#,
            "ottla_replica_lag_max_offsets 0",
            r#"ottla_isr_changes_total{change="shrink"} 0"#,
            r#"ottla_log_directory_online{directory="/logs"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        node.delete("orders").await;
        let text = metrics.text();
        assert!(!text.contains("orders"), "{text}");
        assert!(
            text.contains(r#"ottla_partitions{state="leader"} 0"#),
            "{text}"
        );
    }
}
