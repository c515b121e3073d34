//! What is scraped about partitions and their directories: read from snapshots at scrape, so that a partition at rest costs nothing and
//! one that is gone leaves nothing.

use std::sync::Arc;

use super::directory::Condition;
use super::hosted::Place;
use super::replica::Partition;
use super::table::Table;
use crate::metrics::definitions::{
    DIRECTORY_FREE, DIRECTORY_ONLINE, PARTITION_END_OFFSET, PARTITION_HIGH_WATERMARK,
    PARTITION_LEADER, PARTITION_SIZE, PARTITION_START_OFFSET, PARTITIONS,
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

/// How many partitions are what.
#[derive(Default)]
struct Counts {
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
        ] {
            into.set(&PARTITIONS, &[state], count as f64);
        }
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
