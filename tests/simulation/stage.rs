//! The driver of a run: a node, its disk, its clients, and the words in which scenarios are told.
//!
//! `kill` is process death: the disk keeps what was written. `lose_power` drops any subset of what was not synced. Every fault is
//! off again at `heal`, after which clients must get on and what they know is checked.

use super::ledger::Ledger;
use super::seeds::Play;
use super::trace::Trace;
use super::{admin, committer, fleeting, worker};
use ottla::admin::Phase;
use ottla::api;
use ottla::broker::{Node, Threading, World};
use ottla::config::{BrokerConfig, StaticConfig};
use ottla::metrics::Metrics;
use ottla::net::simulated::Simulated;
use ottla::world::{Clock, Pace, Rng};
use ottla_storage::disk::{Operation, SimulatedDisk};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;
use tokio::sync::watch;

/// The wall clock at the start: 2026-01-01.
const START_MS: i64 = 1_767_225_600_000;
const NODE: &str = "broker";
const CLIENTS: &str = "clients";
/// How long clients may take to get on after everything was healed.
const HEALED_WITHIN_MS: u64 = 40_000;
/// Name, partitions, configs.
type Topic = (&'static str, i32, &'static [(&'static str, &'static str)]);
type Hook = Arc<dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync>;
/// The topics of every run: partitions are spread over both log directories.
pub const TOPICS: &[Topic] = &[
    ("plain", 2, &[("internal.segment.bytes", "2048")]),
    (
        "synced",
        2,
        &[("internal.segment.bytes", "2048"), ("flush.messages", "1")],
    ),
    (
        "short",
        1,
        &[
            ("internal.segment.bytes", "2048"),
            ("retention.bytes", "6000"),
            ("file.delete.delay.ms", "200"),
        ],
    ),
];

/// What is wrong with the world just now.
#[derive(Default)]
struct Faults {
    /// No process runs, so nothing may touch the disk: what ends with it must not write.
    is_down: bool,
    /// The process ended by itself.
    has_ended: bool,
    /// Syncs under this directory fail.
    failing_syncs: Option<&'static str>,
    /// A directory may be offline until the next start.
    needs_restart: bool,
    /// Jobs of threads whose name starts so take this long.
    slow: Option<(&'static str, Duration)>,
}

pub struct Stage {
    sim: turmoil::Sim<'static>,
    disk: SimulatedDisk,
    faults: Arc<Mutex<Faults>>,
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
    lives: Arc<Mutex<u64>>,
}

thread_local! {
    static PANICS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Play for Stage {
    const REPLAY_EVERY: u64 = 1;

    /// A node on an empty disk, and its clients.
    fn set(seed: u64) -> Self {
        note_panics();
        let rng = Rng::seeded(seed);
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .simulation_duration(Duration::from_secs(600))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(5))
            .tcp_capacity(4096)
            .build();
        let disk = SimulatedDisk::new();
        let (trace, faults) = (Trace::default(), Arc::new(Mutex::new(Faults::default())));
        disk.set_hook(Some(hook(&trace, &faults)));
        let lives = Arc::new(Mutex::new(0));
        host(&mut sim, &disk, &trace, &faults, &rng, lives.clone());
        let ledger = Ledger::default();
        sim.client(
            CLIENTS,
            clients(ledger.clone(), trace.clone(), rng.next_u64()),
        );
        Self {
            sim,
            disk,
            faults,
            ledger,
            trace,
            rng,
            lives,
        }
    }

    fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// Heals, lets clients get on, and checks everything. Called after every scenario.
    fn finish(&mut self) {
        self.heal();
        if self.faults.lock().unwrap().needs_restart {
            self.kill();
        }
        if self.faults.lock().unwrap().is_down {
            self.start();
        }
        self.ledger.end();
        let limit = self.sim.elapsed() + Duration::from_millis(HEALED_WITHIN_MS);
        while !self.step() {
            assert!(
                self.sim.elapsed() < limit,
                "no progress within {HEALED_WITHIN_MS} ms after healing: {}",
                self.ledger.who_waits()
            );
        }
        let lives = self.lives();
        let figures = self.ledger.figures();
        self.trace.say(format!("{lives} lives, {figures}"));
    }
}

impl Stage {
    /// Between `from` and `to` milliseconds.
    pub fn some_ms(&self, from: u64, to: u64) -> u64 {
        from + self.rng.below(to - from + 1)
    }

    /// Lets simulated time pass. A node that ended by itself is started again, as a supervisor would.
    pub fn run_ms(&mut self, ms: u64) {
        let until = self.sim.elapsed() + Duration::from_millis(ms);
        while self.sim.elapsed() < until {
            self.step();
        }
    }

    fn step(&mut self) -> bool {
        let is_over = self
            .sim
            .step()
            .unwrap_or_else(|error| panic!("{error}{}", panics()));
        let panics = panics();
        assert!(panics.is_empty(), "a task panicked: {panics}");
        if self.faults.lock().unwrap().has_ended {
            self.kill();
            self.start();
        }
        is_over
    }

    /// The process dies; what it wrote stays.
    pub fn kill(&mut self) {
        self.trace.say("process death");
        self.down();
        self.disk.process_death();
    }

    /// Power fails: what was not synced is lost, or not, each piece by itself.
    pub fn lose_power(&mut self) {
        self.trace.say("power loss");
        self.down();
        self.disk.power_loss(self.rng.next_u64());
        self.ledger.note_power_loss();
    }

    fn down(&mut self) {
        self.faults.lock().unwrap().is_down = true;
        // tokio ends tasks in an order that depends on their ids, which are counted over all simulations of this process. So that no
        // trace depends on it, connections end without a word, and clients are told by the ledger.
        self.sim.partition(NODE, CLIENTS);
        self.sim.crash(NODE);
        self.sim.repair(NODE, CLIENTS);
        self.ledger.tell_of_death();
    }

    /// The process starts (again).
    pub fn start(&mut self) {
        self.trace.say("start");
        let mut faults = self.faults.lock().unwrap();
        (faults.is_down, faults.has_ended) = (false, false);
        faults.needs_restart = faults.failing_syncs.is_some();
        drop(faults);
        self.sim.bounce(NODE);
    }

    /// Syncs under `directory` fail from now on.
    pub fn fail_syncs(&mut self, directory: &'static str) {
        self.trace.say(format!("syncs fail in {directory}"));
        let mut faults = self.faults.lock().unwrap();
        (faults.failing_syncs, faults.needs_restart) = (Some(directory), true);
    }

    /// Jobs of the threads so named take this long from now on.
    pub fn slow_down(&mut self, threads: &'static str, ms: u64) {
        self.trace.say(format!("{threads} takes {ms} ms"));
        self.faults.lock().unwrap().slow = Some((threads, Duration::from_millis(ms)));
    }

    /// The disk has room for so much more.
    pub fn leave_room_bytes(&mut self, room_bytes: u64) {
        use ottla_storage::disk::Disk;
        let space = self.disk.space(Path::new("/a")).unwrap();
        let used_bytes = space.total_bytes - space.free_bytes;
        self.trace.say(format!("{room_bytes} bytes are left"));
        self.disk.set_capacity_bytes(used_bytes + room_bytes);
        self.ledger.note_full_disk(true);
    }

    /// How often the process was started.
    pub fn lives(&self) -> u64 {
        *self.lives.lock().unwrap()
    }

    /// What clients know.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Everything works again, but what has failed is not restarted.
    pub fn heal(&mut self) {
        self.trace.say("healed");
        let mut faults = self.faults.lock().unwrap();
        (faults.failing_syncs, faults.slow) = (None, None);
        drop(faults);
        self.disk.set_capacity_bytes(u64::MAX);
        self.ledger.note_full_disk(false);
    }
}

/// Fails what is to fail, and notes every operation.
fn hook(trace: &Trace, faults: &Arc<Mutex<Faults>>) -> Hook {
    let (trace, faults) = (trace.clone(), faults.clone());
    Arc::new(move |operation, path| {
        let faults = faults.lock().unwrap();
        if !faults.is_down {
            trace.detail(format!("{operation:?} {}", path.display()));
        }
        let is_sync = matches!(operation, Operation::Sync | Operation::SyncDirectory);
        let is_failing = faults
            .failing_syncs
            .is_some_and(|directory| is_sync && path.starts_with(directory));
        if faults.is_down || is_failing {
            Err(io::Error::other("simulated I/O error"))
        } else {
            Ok(())
        }
    })
}

fn config() -> Arc<BrokerConfig> {
    let settings = StaticConfig::of(&[
        ("node.id", "1"),
        ("log.dirs", "/a,/b"),
        ("listeners", "PLAINTEXT://0.0.0.0:9092"),
        ("advertised.listeners", "PLAINTEXT://broker:9092"),
        ("admin.listeners", "none"),
        ("log.flush.offset.checkpoint.interval.ms", "700"),
        ("log.flush.start.offset.checkpoint.interval.ms", "700"),
        ("replica.high.watermark.checkpoint.interval.ms", "500"),
        ("log.initial.task.delay.ms", "300"),
        ("log.retention.check.interval.ms", "400"),
        ("offsets.topic.num.partitions", "1"),
    ]);
    Arc::new(BrokerConfig::new(settings).expect("a good configuration"))
}

fn host(
    sim: &mut turmoil::Sim<'static>,
    disk: &SimulatedDisk,
    trace: &Trace,
    faults: &Arc<Mutex<Faults>>,
    rng: &Rng,
    lives: Arc<Mutex<u64>>,
) {
    let (disk, trace, faults, rng) = (disk.clone(), trace.clone(), faults.clone(), rng.clone());
    sim.host(NODE, move || {
        *lives.lock().unwrap() += 1;
        let (trace, faults) = (trace.clone(), faults.clone());
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        let rng = Rng::seeded(rng.next_u64());
        let world = World {
            clock: Clock::simulated(START_MS + i64::try_from(elapsed).unwrap()),
            disk: Arc::new(disk.clone()),
            net: Simulated,
            threading: Threading::Tasks(pace(&faults, &rng)),
            loggers: ottla::logging::Loggers::detached(),
            rng,
        };
        async move {
            let (phase, _) = watch::channel(Phase::Starting);
            let metrics = Arc::new(Metrics::new(api::labels()));
            let reason = match Node::start(config(), world, phase, metrics).await {
                Ok(node) => {
                    trace.say("the node serves");
                    node.failed().await
                }
                Err(error) => error.to_string(),
            };
            trace.say(format!("the node stops: {reason}"));
            // As a process that exits: what its tasks would still do is not done.
            let mut faults = faults.lock().unwrap();
            (faults.is_down, faults.has_ended) = (true, true);
            Ok(())
        }
    });
}

/// A job takes up to five milliseconds, unless it is to be slow.
fn pace(faults: &Arc<Mutex<Faults>>, rng: &Rng) -> Pace {
    let (faults, rng) = (faults.clone(), rng.clone());
    Pace::new(move |threads| match faults.lock().unwrap().slow {
        Some((slow, takes)) if threads.starts_with(slow) => takes,
        _ => Duration::from_micros(rng.below(5_000)),
    })
}

/// All clients on one host, each with connections of its own.
async fn clients(ledger: Ledger, trace: Trace, seed: u64) -> turmoil::Result {
    let rng = Rng::seeded(seed);
    let workers = TOPICS.iter().flat_map(|(topic, partitions, _)| {
        (0..*partitions).map(move |partition| (*topic, partition))
    });
    let workers: Vec<_> = workers
        .map(|(topic, partition)| {
            let rng = Rng::seeded(rng.next_u64());
            worker::run(topic, partition, ledger.clone(), trace.clone(), rng)
        })
        .collect();
    let draw = || Rng::seeded(rng.next_u64());
    let (known, told) = (&ledger, &trace);
    futures::join!(
        admin::run(known.clone(), told.clone(), draw()),
        fleeting::run(known.clone(), told.clone(), draw()),
        committer::run(known.clone(), told.clone(), draw()),
        futures::future::join_all(workers),
    );
    Ok(())
}

/// Panics in tasks of a simulated host go nowhere by themselves.
pub fn note_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.with_borrow_mut(|panics| panics.push(panic.to_string()));
            if turmoil::sim_elapsed().is_none() {
                before(panic);
            }
        }));
    });
    PANICS.with_borrow_mut(Vec::clear);
}

pub fn panics() -> String {
    PANICS.with_borrow_mut(|panics| std::mem::take(panics).join("\n"))
}
