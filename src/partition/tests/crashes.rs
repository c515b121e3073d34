//! Any history of appends, passes, deletions and stops, cut by process deaths and power losses: no partition is ever taken for
//! damaged, nothing is lost that was promised, and what is there is what was written.

use super::*;
use ottla_storage::batch::batches;
use ottla_storage::log::FlushScope;
use std::collections::BTreeMap;

const PATHS: [&str; 2] = ["/a", "/b"];
const STEPS: usize = 60;

/// What a partition must hold.
#[derive(Default)]
struct Written {
    /// The value of each offset from 0 on.
    values: Vec<String>,
    start: i64,
}

struct History {
    node: Node,
    rng: Rng,
    written: BTreeMap<(String, i32), Written>,
    incarnations: u8,
    seed: u64,
    log: Vec<String>,
}

/// The topics, and whether every acknowledged record must survive a power loss.
const TOPICS: [(&str, bool); 3] = [("safe", true), ("loose", false), ("short", false)];

fn config_of(topic: &str) -> Vec<(&'static str, &'static str)> {
    match topic {
        "safe" => vec![("flush.messages", "1"), ("internal.segment.bytes", "400")],
        "short" => vec![
            ("internal.segment.bytes", "300"),
            ("retention.bytes", "600"),
            ("file.delete.delay.ms", "1"),
        ],
        _ => vec![("internal.segment.bytes", "500")],
    }
}

impl History {
    async fn begin(seed: u64) -> Self {
        let node = Node::on(SimulatedDisk::new(), &PATHS, |_| Threads::tasks());
        let rng = Rng::seeded(seed);
        let mut history = Self {
            node,
            rng,
            written: BTreeMap::new(),
            incarnations: 0,
            seed,
            log: Vec::new(),
        };
        for (topic, _) in TOPICS {
            history.create(topic).await;
        }
        history
    }

    async fn create(&mut self, topic: &str) {
        self.incarnations += 1;
        let id = TopicId(Uuid([self.incarnations; 16]));
        self.node
            .create_as(id, topic, 2, &[1], &config_of(topic))
            .await;
        for index in 0..2 {
            self.written
                .insert((topic.to_owned(), index), Written::default());
        }
    }

    fn pick(&self) -> (&'static str, i32) {
        let (topic, _) = TOPICS[usize::try_from(self.rng.below(3)).unwrap()];
        (topic, i32::try_from(self.rng.below(2)).unwrap())
    }

    async fn step(&mut self) {
        let drawn = self.rng.below(100);
        self.log.push(format!("{drawn}"));
        let table = self.node.table.clone();
        match drawn {
            0..55 => self.append().await,
            55..60 => table.checkpoint_high_watermarks().await,
            60..65 => table.checkpoint_recovery_points().await,
            65..68 => table.checkpoint_log_starts().await,
            68..73 => drop(table.enforce_retention().await),
            73..76 => table.remove_due_files().await,
            76..80 => self.delete_records().await,
            80..84 => {
                let (topic, index) = self.pick();
                let _ = self
                    .node
                    .partition(topic, index)
                    .flush(FlushScope::Everything)
                    .await;
            }
            84..88 => {
                let (topic, _) = self.pick();
                self.node.delete(topic).await;
                self.create(topic).await;
            }
            88..92 => self.stop().await,
            92..96 => self.crash(false).await,
            _ => self.crash(true).await,
        }
        tokio::time::advance(Duration::from_millis(self.rng.below(50))).await;
    }

    async fn append(&mut self) {
        let (topic, index) = self.pick();
        let partition = self.node.partition(topic, index);
        for _ in 0..=self.rng.below(4) {
            let written = self.written.get_mut(&(topic.to_owned(), index)).unwrap();
            let value = format!(
                "{topic}/{index}/{}/{}",
                self.incarnations,
                written.values.len()
            );
            let appending = partition.append(batch(&[&value]), &options(Acks::All));
            let appended = appending.acknowledged().await.unwrap();
            assert_eq!(
                appended.base_offset.0,
                i64::try_from(written.values.len()).unwrap()
            );
            written.values.push(value);
        }
    }

    async fn delete_records(&mut self) {
        let (topic, index) = self.pick();
        let partition = self.node.partition(topic, index);
        let offsets = partition.offsets();
        let to = offsets
            .start
            .plus(i64::try_from(self.rng.below(5)).unwrap())
            .min(offsets.end);
        partition.delete_records(to, SOON).await.unwrap();
    }

    async fn stop(&mut self) {
        self.node.table.shutdown(1).await;
        self.start(|_| false).await;
    }

    async fn crash(&mut self, is_power_loss: bool) {
        if is_power_loss {
            self.node.disk.power_loss(self.rng.next_u64());
        }
        self.start(|is_safe| is_power_loss && !is_safe).await;
    }

    /// Starts again and checks everything. `may_lose_end` says of which topics a suffix may be gone.
    async fn start(&mut self, may_lose_end: impl Fn(bool) -> bool) {
        let (disk, image, clock) = (
            self.node.disk.clone(),
            self.node.image.clone(),
            self.node.clock.clone(),
        );
        let old = std::mem::replace(
            &mut self.node,
            Node {
                disk: disk.clone(),
                image,
                clock,
                table: Node::on(SimulatedDisk::new(), &[], |_| Threads::tasks()).table,
            },
        );
        disk.process_death();
        self.node = old.again(&PATHS).await;
        for (topic, is_safe) in TOPICS {
            for index in 0..2 {
                self.check(topic, index, may_lose_end(is_safe)).await;
            }
        }
    }

    async fn check(&mut self, topic: &str, index: i32, may_lose_end: bool) {
        let what = format!("seed {} {topic}-{index} after {:?}", self.seed, self.log);
        let place = self.node.table.by_name(&self.node.image, topic, index);
        let partition = place.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let offsets = partition.offsets();
        let written = self.written.get_mut(&(topic.to_owned(), index)).unwrap();
        let end = usize::try_from(offsets.end.0).unwrap();
        match may_lose_end {
            true => assert!(end <= written.values.len(), "{what}: {offsets:?}"),
            false => assert_eq!(end, written.values.len(), "{what}: {offsets:?}"),
        }
        written.values.truncate(end);
        written.start = offsets.start.0;
        assert_eq!(offsets.high_watermark, partition.durable_end(), "{what}");
        let read = partition.read(ask(offsets.start.0)).await;
        let mut next = None;
        for one in batches(bytes_of(read).into()) {
            let one = one.unwrap_or_else(|error| panic!("{what}: {error}"));
            let offset = one.header.base_offset.0;
            assert!(
                next.is_none_or(|next| next == offset),
                "{what}: a hole before {offset}"
            );
            next = Some(offset + 1);
            let value = written.values[usize::try_from(offset).unwrap()].as_bytes();
            assert!(
                one.bytes.windows(value.len()).any(|window| window == value),
                "{what}: at {offset}"
            );
        }
        if offsets.high_watermark > offsets.start {
            assert_eq!(
                next,
                Some(offsets.high_watermark.0),
                "{what}: read to the end"
            );
        }
    }
}

impl Partition {
    /// How far the high watermark must be on a lone node.
    fn durable_end(&self) -> Offset {
        let offsets = self.offsets();
        match self.topic().in_force().flush_messages {
            1 => offsets.high_watermark.max(offsets.flushed),
            _ => offsets.end,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_history_cut_by_crashes_keeps_its_promises() {
    // More of them by hand: `OTTLA_CRASH_SEEDS=2000 cargo test …`.
    let seeds = std::env::var("OTTLA_CRASH_SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok());
    for seed in 0..seeds.unwrap_or(40) {
        let mut history = History::begin(seed).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        history.crash(false).await;
        history.crash(true).await;
    }
}
