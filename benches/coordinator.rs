//! What coordinator operations cost, against the gates of the architecture: clone plus insert at a million offsets within 5 µs, a
//! join at ten thousand members within 20 µs. Prints a table; `cargo bench --bench coordinator`.
//!
//! Also how fast a shard is loaded, and the memory of groups at rest and of members.

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use ottla::config::{BrokerValues, GroupValues, Layers, Unset};
use ottla::coordinator::group::classic::{self, Joining};
use ottla::coordinator::group::{
    Committed, Durable, GroupDraft, GroupShard, Record, Recorded, Volatile,
};
use ottla::coordinator::{Draft, Journal, Piece, Runtime, Shard, Ticket, Turn};
use ottla::metrics::ShardMetrics;
use ottla::world::Clock;
use ottla_protocol::messages::heartbeat::HeartbeatRequest;
use ottla_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol};
use ottla_protocol::{ErrorCode, Str, Uuid};
use ottla_storage::batch::{BatchBuilder, NewRecord};
use ottla_storage::offset::{LeaderEpoch, Offset};
use std::sync::Arc;
use std::time::Duration;

const TURN: Turn = Turn {
    now: Duration::ZERO,
    wall_ms: 1_000,
};

fn main() {
    let values = BrokerValues::resolve(&Layers {
        broker: &Unset,
        cluster: &Unset,
        node: &Unset,
    });
    groups_at_rest();
    joins(&values.groups);
    let resident = resident_bytes();
    let durable = a_million_offsets();
    row(
        "memory per offset",
        format!("{} B", (resident_bytes() - resident) / 1_000_000),
    );
    commits(&durable);
    drop(durable);
    loading(values);
}

/// CPU time of this thread: a busy machine does not count.
struct Spent(u64);

impl Spent {
    fn begin() -> Self {
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let first = schedstat.split_whitespace().next();
        Self(first.and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(Self::begin().0 - self.0)
    }
}

fn row(what: &str, value: String) {
    println!("{what:<48} {value:>14}");
}

fn micros(total: Duration, count: u32) -> String {
    format!("{:.2} µs", total.as_secs_f64() * 1e6 / f64::from(count))
}

fn offset(group: usize, topic: usize, partition: i32) -> Record {
    let committed = Committed {
        offset: 1,
        leader_epoch: 0,
        metadata: Str::default(),
        commit_timestamp_ms: 0,
        expire_timestamp_ms: None,
        topic_id: Uuid([1; 16]),
    };
    Record::Offset {
        group: format!("group-{group}").into(),
        topic: format!("topic-{topic}").into(),
        partition,
        value: Some(Arc::new(committed)),
    }
}

/// A thousand groups, ten topics each, of a hundred partitions.
fn a_million_offsets() -> Durable {
    let mut durable = Durable::default();
    for group in 0..1_000 {
        for topic in 0..10 {
            for partition in 0..100 {
                durable.apply(&offset(group, topic, partition));
            }
        }
    }
    durable
}

fn commits(durable: &Durable) {
    let records: Vec<Record> = (0..20_000_usize)
        .map(|number| offset(number * 7 % 1_000, number % 10, (number % 100) as i32))
        .collect();
    let (count, mut latest) = (records.len() as u32, durable.clone());
    let volatile = Volatile::default();
    let began = Spent::begin();
    for record in records {
        let mut draft: GroupDraft = Draft::new(&latest, &volatile);
        draft.emit(record);
        latest = draft.finish().durable;
    }
    row(
        "clone and insert at a million offsets",
        micros(began.elapsed(), count),
    );
}

fn joins(values: &GroupValues) {
    const MEMBERS: u32 = 10_000;
    const LAST: u32 = 1_000;
    let protocol = JoinGroupRequestProtocol {
        name: "range".into(),
        metadata: Bytes::from_static(&[0; 40]),
        ..Default::default()
    };
    let request = JoinGroupRequest {
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 300_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    let (mut durable, mut volatile) = (Durable::default(), Volatile::default());
    let mut last = Spent::begin();
    let resident = resident_bytes();
    for number in 0..MEMBERS {
        let joining = Joining::new(
            &request,
            3,
            "client",
            "/127.0.0.1",
            &format!("{number:036}"),
        );
        if number == MEMBERS - LAST {
            last = Spent::begin();
        }
        let mut draft: GroupDraft = Draft::new(&durable, &volatile);
        classic::join(
            &mut draft,
            &TURN,
            values,
            "g",
            &joining,
            Ticket(number.into()),
        );
        let outcome = draft.finish();
        (durable, volatile) = (outcome.durable, outcome.volatile);
    }
    row("join at ten thousand members", micros(last.elapsed(), LAST));
    row(
        "memory per member",
        format!("{} B", (resident_bytes() - resident) / u64::from(MEMBERS)),
    );
    let began = Spent::begin();
    let mut draft: GroupDraft = Draft::new(&durable, &volatile);
    for _ in 0..2 {
        classic::timeouts::join(&mut draft, &TURN, values, "g");
    }
    let outcome = draft.finish();
    row(
        "completing the join of ten thousand",
        format!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3),
    );
    (durable, volatile) = (outcome.durable, outcome.volatile);
    let heartbeat = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: format!("client-{:036}", 77).into(),
        ..Default::default()
    };
    let began = Spent::begin();
    for _ in 0..100_000 {
        let mut draft: GroupDraft = Draft::new(&durable, &volatile);
        let error = classic::heartbeat(&mut draft, &TURN, &heartbeat);
        assert_eq!(error, ErrorCode::NONE);
        drop(draft.finish());
    }
    row(
        "heartbeat at ten thousand members",
        micros(began.elapsed(), 100_000),
    );
}

fn groups_at_rest() {
    let resident = resident_bytes();
    let mut durable = Durable::default();
    for number in 0..100_000 {
        let recorded = Recorded {
            protocol_type: Some("consumer".into()),
            ..Recorded::default()
        };
        let group = format!("group-{number}").into();
        durable.apply(&Record::Group {
            group,
            value: Some(Arc::new(recorded)),
        });
    }
    row(
        "memory per group at rest",
        format!("{} B", (resident_bytes() - resident) / 100_000),
    );
}

/// A log of offset commits, as a journal.
struct Log(Vec<(Offset, Bytes)>, Offset);

impl Journal for Log {
    fn append(&self, _: Bytes, _: LeaderEpoch) -> BoxFuture<'static, Result<Offset, ErrorCode>> {
        std::future::ready(Err(ErrorCode::NOT_ENOUGH_REPLICAS)).boxed()
    }

    fn committed(&self, _: LeaderEpoch, _: Offset) -> BoxFuture<'static, Result<(), ErrorCode>> {
        std::future::ready(Ok(())).boxed()
    }

    fn read(
        &self,
        _: LeaderEpoch,
        from: Offset,
        _: usize,
    ) -> BoxFuture<'static, Result<Piece, ErrorCode>> {
        let at = self.0.partition_point(|(first, _)| *first < from);
        let batches = self
            .0
            .get(at)
            .map_or_else(Bytes::new, |(_, batch)| batch.clone());
        let (log_start, end) = (Offset(0), self.1);
        std::future::ready(Ok(Piece {
            batches,
            log_start,
            high_watermark: end,
            log_end: end,
        }))
        .boxed()
    }

    fn max_batch_bytes(&self) -> usize {
        1 << 20
    }
}

fn loading(values: BrokerValues) {
    const BATCHES: i64 = 200;
    const PER_BATCH: i64 = 20_000;
    let mut log = Log(Vec::new(), Offset(BATCHES * PER_BATCH));
    let mut bytes = 0;
    for number in 0..BATCHES {
        let first = Offset(number * PER_BATCH);
        let mut batch = BatchBuilder::new().base_offset(first);
        for record in 0..PER_BATCH as usize {
            let encoded =
                GroupShard::encode(&offset(record % 1_000, record % 10, (record % 100) as i32));
            let encoded = encoded.expect("encodes");
            let value = encoded.value.as_deref();
            batch.push(NewRecord {
                timestamp: 0,
                key: Some(&encoded.key),
                value,
                headers: &[],
            });
        }
        let batch = batch.build();
        bytes += batch.len();
        log.0.push((first, batch));
    }
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let took = tokio.block_on(async {
        let shard = GroupShard {
            values: Arc::new(ArcSwap::from_pointee(values)),
            rebalances: prometheus::IntCounter::new("detached", "-").unwrap(),
            losses: Default::default(),
        };
        let runtime = Runtime::new(
            shard,
            Clock::system(),
            "__consumer_offsets",
            5 << 20,
            ShardMetrics::detached(),
        );
        let began = Spent::begin();
        runtime.elect(0, LeaderEpoch(0), Arc::new(log));
        runtime.serving(0).await;
        began.elapsed()
    });
    let seconds = took.as_secs_f64();
    row(
        "loading a shard, records",
        format!("{:.2} M/s", (BATCHES * PER_BATCH) as f64 / seconds / 1e6),
    );
    row(
        "loading a shard, bytes",
        format!("{:.0} MB/s", bytes as f64 / seconds / 1e6),
    );
    row(
        "loading 1 GB of offsets would take",
        format!("{:.1} s", seconds * 1e9 / bytes as f64),
    );
}

/// Of this process, by the kernel.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
