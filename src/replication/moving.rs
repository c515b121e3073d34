//! Moves replicas between this broker's log directories, some at a time and no faster than allowed.
//!
//! Guarantees: all moves together stay within `replica.alter.log.dirs.io.max.bytes.per.second`, in force as it changes; a piece larger than
//! what may go at once goes whole, and the next one waits the longer. Copying and swapping is [`Table::carry_out`]'s.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;

use crate::config::ReplicationValues;
use crate::partition::{Move, Table};
use crate::world::Clock;

/// Between two looks at the rate while waiting.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until dropped.
pub async fn move_replicas(
    table: Arc<Table>,
    clock: Clock,
    values: impl Fn() -> ReplicationValues + Send + Sync + 'static,
) {
    let values = Arc::new(values);
    let debt = Arc::new(Mutex::new(Debt::default()));
    let throttle = {
        let values = values.clone();
        move |size_bytes: u64| {
            let (debt, clock, values) = (debt.clone(), clock.clone(), values.clone());
            async move {
                loop {
                    let rate = values().alter_log_dirs_rate;
                    let wait = debt.lock().take(size_bytes, rate, clock.elapsed());
                    match wait {
                        None => return,
                        Some(wait) => tokio::time::sleep(wait.min(LOOK)).await,
                    }
                }
            }
            .boxed()
        }
    };
    let mut moving = FuturesUnordered::new();
    loop {
        let at_once = values()
            .movers
            .unwrap_or(table.directories().count())
            .max(1);
        tokio::select! {
            biased;
            Some(()) = moving.next() => {}
            next = table.next_move(), if moving.len() < at_once => {
                moving.push(carry_out(&table, next, &throttle));
            }
        }
    }
}

async fn carry_out(
    table: &Arc<Table>,
    next: Arc<Move>,
    throttle: &(dyn Fn(u64) -> futures::future::BoxFuture<'static, ()> + Send + Sync),
) {
    table.carry_out(&next, throttle).await;
}

/// Bytes that went before they were due.
#[derive(Debug, Default)]
struct Debt {
    bytes: u64,
    since: Duration,
}

impl Debt {
    /// Whether `size_bytes` may go now; else how long until they may, at this rate.
    fn take(&mut self, size_bytes: u64, per_second: u64, now: Duration) -> Option<Duration> {
        let passed = now.saturating_sub(self.since);
        let earned = passed.as_secs_f64() * per_second as f64;
        self.since = now;
        // Exact enough: a rate is a wish in bytes per second.
        self.bytes = self.bytes.saturating_sub(earned as u64);
        if per_second == 0 {
            return Some(LOOK);
        }
        if self.bytes == 0 {
            self.bytes = size_bytes;
            return None;
        }
        let wait = Duration::from_secs_f64(self.bytes as f64 / per_second as f64);
        Some(wait.max(Duration::from_millis(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layers, Unset};
    use crate::partition::tests::{Node, batch, names_in, options};
    use crate::partition::{Acks, Threads};
    use ottla_storage::disk::SimulatedDisk;
    use std::path::Path;

    const BOTH: &[&str] = &["/a", "/b"];

    fn values(alter_log_dirs_rate: u64, movers: Option<usize>) -> ReplicationValues {
        let unset = Layers {
            broker: &Unset,
            cluster: &Unset,
            node: &Unset,
        };
        ReplicationValues {
            alter_log_dirs_rate,
            movers,
            ..ReplicationValues::resolve(&unset)
        }
    }

    /// Topics with so many megabytes each, all on their way to the other directory.
    async fn moving(topics: &[&str], megabytes: usize) -> Node {
        let mut node = Node::on(SimulatedDisk::new(), BOTH, |_| Threads::tasks());
        for topic in topics {
            node.create(topic, 1, &[]).await;
            let partition = node.partition(topic, 0);
            for _ in 0..megabytes {
                let value = "x".repeat(1_000_000);
                let appending = partition.append(batch(&[&value]), &options(Acks::All));
                appending.acknowledged().await.unwrap();
            }
            let here = partition.directory().path().to_owned();
            let to = BOTH.iter().find(|path| Path::new(path) != here).unwrap();
            let moving = node
                .table
                .move_replica(&node.image, topic, 0, Path::new(to));
            moving.await.unwrap();
        }
        node
    }

    #[tokio::test(start_paused = true)]
    async fn moves_between_log_directories_go_no_faster_than_allowed() {
        let node = moving(&["orders"], 5).await;
        let partition = node.partition("orders", 0);
        let before = partition.directory().id();
        let began = node.clock.elapsed();
        let rate = 1_000_000;
        let running = move_replicas(node.table.clone(), node.clock.clone(), move || {
            values(rate, None)
        });
        let running = tokio::spawn(running);
        while partition.directory().id() == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let took = node.clock.elapsed() - began;
        assert!(took > Duration::from_secs(3), "{took:?}");
        assert!(took < Duration::from_secs(8), "{took:?}");
        running.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_replicas_move_at_a_time_as_configured() {
        for (movers, expected) in [(Some(1), 1), (Some(2), 2), (None, 2)] {
            let node = moving(&["one", "two", "three"], 1).await;
            let running = move_replicas(node.table.clone(), node.clock.clone(), move || {
                values(0, movers)
            });
            let running = tokio::spawn(running);
            tokio::time::sleep(Duration::from_secs(5)).await;
            let copies = BOTH.iter().flat_map(|path| {
                let names = names_in(&node.disk, path).into_iter();
                names.map(move |name| format!("{path}/{name}"))
            });
            let copies = copies.filter(|name| name.ends_with("-future"));
            let has_log = |path: &String| names_in(&node.disk, path).len() > 1;
            let begun = copies.filter(has_log).count();
            assert_eq!(begun, expected, "{movers:?}");
            running.abort();
        }
    }

    #[test]
    fn what_went_early_is_waited_for_at_the_rate_in_force() {
        let mut debt = Debt::default();
        let second = Duration::from_secs;
        assert_eq!(debt.take(3_000, 1_000, second(0)), None);
        assert_eq!(debt.take(1, 1_000, second(1)), Some(second(2)));
        assert_eq!(debt.take(1, 500, second(2)), Some(second(3)));
        assert_eq!(debt.take(1, u64::MAX, second(3)), None);
        assert_eq!(debt.take(1, 0, second(4)), Some(LOOK), "nothing may go");
    }
}
