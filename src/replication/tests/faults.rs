//! Any history of produce, elections, deaths, cuts and losses: no acknowledged record is ever lost, and in the end all histories agree.

use super::bench::*;
use super::stories::{content, reached, until};
use crate::partition::tests::{batch, options};
use crate::partition::{Acks, AppendOptions};
use ottla_storage::batch::{batches, records};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const PARTITIONS: i32 = 2;
const STEPS: usize = 60;
const NODES: i32 = 3;

/// What was acknowledged: by partition and offset, the value.
type Acknowledged = Arc<Mutex<BTreeMap<(i32, i64), String>>>;

struct History {
    bench: Arc<Bench>,
    acknowledged: Acknowledged,
    log: Vec<String>,
    seed: u64,
}

/// Produces until it is stopped; each value once.
async fn produce(bench: Arc<Bench>, index: i32, acknowledged: Acknowledged) {
    let hurried = AppendOptions {
        timeout: Duration::from_millis(500),
        ..options(Acks::All)
    };
    for number in 0.. {
        tokio::time::sleep(Duration::from_millis(bench.rng.below(30))).await;
        let Some(leader) = bench.leader(index) else {
            continue;
        };
        let value = format!("{index}/{number}");
        let appended = leader
            .append(batch(&[&value]), &hurried)
            .acknowledged()
            .await;
        if let Ok(appended) = appended {
            let key = (index, appended.base_offset.0);
            let before = acknowledged.lock().insert(key, value.clone());
            assert_eq!(before, None, "{value} was acknowledged in place of another");
        }
    }
}

/// First offset, leader epoch and last offset of each batch.
fn outline(content: Vec<u8>) -> Vec<(i64, i32, i32, u32)> {
    let whole = batches(content.into()).map_while(Result::ok);
    let told = whole.map(|one| one.header);
    told.map(|header| {
        (
            header.base_offset.0,
            header.partition_leader_epoch.0,
            header.last_offset_delta,
            header.crc,
        )
    })
    .collect()
}

impl History {
    async fn begin(seed: u64) -> Self {
        let config = [
            ("min.insync.replicas", "2"),
            ("internal.segment.bytes", "2000"),
        ];
        Self {
            bench: Bench::with_topic(seed, NODES, PARTITIONS, &config).await,
            acknowledged: Arc::default(),
            log: Vec::new(),
            seed,
        }
    }

    fn below(&self, bound: i32) -> i32 {
        i32::try_from(self.bench.rng.below(u64::try_from(bound).unwrap())).unwrap()
    }

    /// Whether every partition has somebody in sync besides `id`.
    fn others_are_in_sync(&self, id: i32) -> bool {
        (0..PARTITIONS).all(|index| {
            let isr = &self.bench.metadata(index).isr;
            isr.iter().any(|broker| broker.0 != id)
        })
    }

    async fn step(&mut self) {
        let (bench, id) = (self.bench.clone(), self.below(NODES) + 1);
        let alive = bench.ids().iter().filter(|id| bench.is_alive(**id)).count();
        let step = match self.below(12) {
            0 | 1 => {
                let index = self.below(PARTITIONS);
                bench.elect_another(index);
                format!("elect in {index}")
            }
            2 | 3 if bench.is_alive(id) && alive > 1 => {
                bench.kill(id).await;
                format!("kill {id}")
            }
            // At most one disk forgets at a time, and never the last one in sync: the bench's controller keeps no eligible
            // leader replicas (KIP-966); tests/simulation/cluster has the real one.
            4 if bench.is_alive(id) && alive == 3 && self.others_are_in_sync(id) => {
                bench.lose_power(id).await;
                format!("power {id}")
            }
            5 => {
                let other = self.below(NODES + 1);
                bench.network.cut(id, other);
                format!("cut {id} to {other}")
            }
            6 => {
                bench.network.heal();
                "heal".to_owned()
            }
            7 => {
                let lost = bench.rng.below(100);
                bench.network.set(lost, 50);
                format!("lose {lost}")
            }
            8 | 9 if !bench.is_alive(id) => {
                bench.start(id).await;
                format!("start {id}")
            }
            _ => "wait".to_owned(),
        };
        self.log.push(step);
        let pause = Duration::from_millis(bench.rng.below(1_500));
        tokio::time::sleep(pause).await;
    }

    async fn end(&self) {
        let bench = &self.bench;
        bench.network.heal();
        bench.network.set(0, 1);
        for id in bench.ids() {
            if !bench.is_alive(id) {
                bench.start(id).await;
            }
        }
        for index in 0..PARTITIONS {
            let is_in_sync = || bench.metadata(index).isr.len() == 3;
            if !reached(is_in_sync).await {
                let lags = bench.ids().into_iter().map(|id| {
                    let partition = bench.partition(id, index).unwrap();
                    (id, partition.role(), partition.offsets())
                });
                panic!(
                    "seed {} after {:?}: not in sync: {:?} {:?}",
                    self.seed,
                    self.log,
                    bench.metadata(index),
                    lags.collect::<Vec<_>>()
                );
            }
            until("all end alike", || {
                let ends: Vec<_> = bench
                    .ids()
                    .iter()
                    .map(|id| bench.partition(*id, index).unwrap().offsets())
                    .collect();
                ends.iter().all(|offsets| {
                    offsets.end == ends[0].end && offsets.high_watermark == ends[0].end
                })
            })
            .await;
            self.check(index).await;
        }
    }

    async fn check(&self, index: i32) {
        let what = || format!("seed {} partition {index} after {:?}", self.seed, self.log);
        let bench = &self.bench;
        let leader = content(&bench.leader(index).unwrap()).await;
        for id in bench.ids() {
            let other = content(&bench.partition(id, index).unwrap()).await;
            if leader != other {
                let (told, found) = (outline(leader), outline(other));
                let at = told.iter().zip(&found).take_while(|(a, b)| a == b).count();
                panic!(
                    "{}: node {id} has other bytes: {} batches, not {}; from {:?} not {:?}",
                    what(),
                    found.len(),
                    told.len(),
                    found.get(at),
                    told.get(at)
                );
            }
        }
        let mut values = BTreeMap::new();
        for one in batches(leader.into()) {
            let one = one.unwrap();
            let plain = one.records();
            for record in records(&plain, one.header.record_count) {
                let record = record.unwrap();
                let offset = one.header.base_offset.0 + i64::from(record.offset_delta);
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                values.insert(offset, value);
            }
        }
        let acknowledged = self.acknowledged.lock();
        for ((_, offset), value) in acknowledged.range((index, 0)..(index + 1, 0)) {
            assert_eq!(
                values.get(offset),
                Some(value),
                "{}: offset {offset}",
                what()
            );
        }
    }
}

async fn run(seed: u64) -> usize {
    let mut history = History::begin(seed).await;
    let producing: Vec<_> = (0..PARTITIONS)
        .map(|index| {
            let (bench, acknowledged) = (history.bench.clone(), history.acknowledged.clone());
            tokio::spawn(produce(bench, index, acknowledged))
        })
        .collect();
    for _ in 0..STEPS {
        history.step().await;
    }
    producing.iter().for_each(|task| task.abort());
    history.end().await;
    if std::env::var_os("TRACE").is_some() {
        println!("{:?}", history.log);
        println!("{:?}", history.acknowledged.lock());
    }
    history.acknowledged.lock().len()
}

#[test]
fn whatever_fails_nothing_acknowledged_is_lost_and_histories_agree() {
    let given = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let (first, count) = (given("SEED"), given("SEEDS"));
    let seeds = first.map_or(0..count.unwrap_or(12), |seed: u64| seed..seed + 1);
    let mut acknowledged = 0;
    for seed in seeds {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        println!("seed {seed}");
        acknowledged += runtime.block_on(run(seed));
    }
    println!("{acknowledged} records were acknowledged");
    assert!(acknowledged > 0);
}
