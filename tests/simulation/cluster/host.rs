//! One machine of the cluster: its disk, the process on it, and what is wrong with it just now.

use super::chronicle::Chronicle;
use super::network::Machine;
use crate::simulation::trace::Trace;
use futures::future::{Either, select};
use ottla::admin::Phase;
use ottla::api;
use ottla::broker::{Node, Threading, World};
use ottla::config::{BrokerConfig, StaticConfig};
use ottla::metrics::Metrics;
use ottla::world::{Clock, Pace, Rng};
use ottla_controller::Controller;
use ottla_storage::disk::{Operation, SimulatedDisk};
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The wall clock at the start: 2026-01-01.
const START_MS: i64 = 1_767_225_600_000;

/// What a disk asks before it does anything.
type Hook = Arc<dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync>;

/// What the stage tells a machine.
pub enum Order {
    /// The process dies: it closes its connections, and nothing else.
    Die,
    /// The process gets SIGTERM.
    Stop,
    /// The connections to this machine are reset.
    Reset(IpAddr),
}

/// How it goes with the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody is there, so nothing may touch the disk.
    Down,
    Running,
    /// The process ended, by itself or as it was told.
    Ended,
}

/// Clones share the machine.
#[derive(Clone)]
pub struct Host {
    pub id: i32,
    pub disk: SimulatedDisk,
    pub machine: Machine,
    shared: Arc<Mutex<Shared>>,
    arrived: Arc<Notify>,
    trace: Trace,
    chronicle: Chronicle,
    rng: Rng,
}

struct Shared {
    state: State,
    orders: VecDeque<Order>,
    /// Jobs of threads whose name starts so take this long.
    slow: Option<(&'static str, Duration)>,
    controller: Option<Controller>,
    lives: u64,
    ended_at_ms: u64,
}

impl Host {
    pub fn new(id: i32, machine: Machine, trace: &Trace, chronicle: &Chronicle, rng: Rng) -> Self {
        let shared = Shared {
            state: State::Running,
            orders: VecDeque::new(),
            slow: None,
            controller: None,
            lives: 0,
            ended_at_ms: 0,
        };
        let host = Self {
            id,
            disk: SimulatedDisk::new(),
            machine,
            shared: Arc::new(Mutex::new(shared)),
            arrived: Arc::default(),
            trace: trace.clone(),
            chronicle: chronicle.clone(),
            rng,
        };
        host.disk.set_hook(Some(host.hook()));
        host
    }

    pub fn name(&self) -> String {
        format!("node-{}", self.id)
    }

    pub fn state(&self) -> State {
        self.shared.lock().unwrap().state
    }

    pub fn set_state(&self, state: State) {
        let mut shared = self.shared.lock().unwrap();
        shared.state = state;
        if state != State::Running {
            shared.controller = None;
        }
    }

    pub fn order(&self, order: Order) {
        self.shared.lock().unwrap().orders.push_back(order);
        self.arrived.notify_one();
    }

    pub fn slow_down(&self, slow: Option<(&'static str, Duration)>) {
        self.shared.lock().unwrap().slow = slow;
    }

    /// The controller of the node that serves.
    pub fn controller(&self) -> Option<Controller> {
        self.shared.lock().unwrap().controller.clone()
    }

    /// When the process ended, in milliseconds of the run.
    pub fn ended_at_ms(&self) -> u64 {
        self.shared.lock().unwrap().ended_at_ms
    }

    pub fn lives(&self) -> u64 {
        self.shared.lock().unwrap().lives
    }

    fn say(&self, what: impl std::fmt::Display) {
        self.trace.say(format!("node {}: {what}", self.id));
    }

    /// What runs on the machine from now on: a process, or nobody.
    pub fn boot(&self) -> impl Future<Output = turmoil::Result> + use<> {
        let host = self.clone();
        let runs = host.state() == State::Running;
        if runs {
            host.machine.begin();
            let mut shared = host.shared.lock().unwrap();
            shared.lives += 1;
            shared.orders.clear();
        }
        let world = host.world();
        async move {
            if runs {
                host.run(world).await;
            }
            std::future::pending().await
        }
    }

    fn world(&self) -> World<Machine> {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        let rng = Rng::seeded(self.rng.next_u64());
        World {
            clock: Clock::simulated(START_MS + i64::try_from(elapsed).unwrap()),
            disk: Arc::new(self.disk.clone()),
            net: self.machine.clone(),
            threading: Threading::Tasks(self.pace(&rng)),
            loggers: ottla::logging::Loggers::detached(),
            rng,
        }
    }

    /// Until the process has ended.
    async fn run(&self, world: World<Machine>) {
        let stop = Notify::new();
        let mut process = pin!(self.process(world, &stop));
        loop {
            match select(pin!(self.next_order()), process.as_mut()).await {
                Either::Left((Order::Die, _)) => return self.machine.close_all(),
                Either::Left((Order::Stop, _)) => stop.notify_one(),
                Either::Left((Order::Reset(peer), _)) => self.machine.close(peer),
                Either::Right((reason, _)) => {
                    self.say(format!("the process ends: {reason}"));
                    // What its tasks would still do is not done.
                    self.set_state(State::Ended);
                    let ended = turmoil::sim_elapsed().unwrap_or_default().as_millis();
                    self.shared.lock().unwrap().ended_at_ms = u64::try_from(ended).unwrap();
                    self.machine.silence();
                    return self.machine.close_all();
                }
            }
        }
    }

    async fn next_order(&self) -> Order {
        loop {
            let order = self.shared.lock().unwrap().orders.pop_front();
            if let Some(order) = order {
                return order;
            }
            self.arrived.notified().await;
        }
    }

    async fn process(&self, world: World<Machine>, stop: &Notify) -> String {
        let (phase, _) = watch::channel(Phase::Starting);
        let metrics = Arc::new(Metrics::new(api::labels()));
        let node = match Node::start(self.config(), world, phase, metrics).await {
            Ok(node) => node,
            Err(error) => return error.to_string(),
        };
        self.say("serves");
        self.shared.lock().unwrap().controller = Some(node.controller().clone());
        let mut updates = node.controller().metadata().subscribe();
        let (id, chronicle) = (self.id, self.chronicle.clone());
        tokio::spawn(async move {
            while let Some(update) = updates.next().await {
                chronicle.note(id, &update.image);
            }
        });
        let failed = match select(pin!(stop.notified()), pin!(node.failed())).await {
            Either::Left(((), _)) => None,
            Either::Right((reason, _)) => Some(reason),
        };
        match failed {
            Some(reason) => reason,
            None => {
                node.stop().await;
                "as it was told".to_owned()
            }
        }
    }

    fn config(&self) -> Arc<BrokerConfig> {
        let (id, name) = (self.id.to_string(), self.name());
        let settings = StaticConfig::of(&[
            ("node.id", &id),
            ("broker.id", &id),
            ("log.dirs", "/a"),
            (
                "listeners",
                "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093",
            ),
            ("advertised.listeners", &format!("PLAINTEXT://{name}:9092")),
            ("controller.listener.names", "CONTROLLER"),
            (
                "controller.quorum.voters",
                "1@node-1:9093,2@node-2:9093,3@node-3:9093",
            ),
            ("admin.listeners", "none"),
            ("min.insync.replicas", "2"),
            ("offsets.topic.num.partitions", "1"),
            ("broker.heartbeat.interval.ms", "500"),
            ("broker.session.timeout.ms", "3000"),
            ("replica.lag.time.max.ms", "2000"),
            ("replica.socket.timeout.ms", "1500"),
            ("replica.fetch.wait.max.ms", "300"),
            ("log.flush.offset.checkpoint.interval.ms", "700"),
            ("log.flush.start.offset.checkpoint.interval.ms", "700"),
            ("replica.high.watermark.checkpoint.interval.ms", "500"),
            ("log.initial.task.delay.ms", "300"),
            ("log.retention.check.interval.ms", "400"),
        ]);
        Arc::new(BrokerConfig::new(settings).expect("a good configuration"))
    }

    /// A job takes up to five milliseconds, unless it is to be slow.
    fn pace(&self, rng: &Rng) -> Pace {
        let (shared, rng) = (self.shared.clone(), rng.clone());
        Pace::new(move |threads| match shared.lock().unwrap().slow {
            Some((slow, takes)) if threads.starts_with(slow) => takes,
            _ => Duration::from_micros(rng.below(5_000)),
        })
    }

    /// Nobody touches a disk of a machine on which nothing runs; every operation is noted.
    fn hook(&self) -> Hook {
        let (shared, trace, id) = (self.shared.clone(), self.trace.clone(), self.id);
        Arc::new(move |operation, path| {
            if shared.lock().unwrap().state != State::Running {
                return Err(io::Error::other("nobody is there"));
            }
            trace.detail(format!("{id} {operation:?} {}", path.display()));
            Ok(())
        })
    }
}
