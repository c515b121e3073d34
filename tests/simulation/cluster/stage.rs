//! The driver of a run of three nodes, and the words in which scenarios are told.
//!
//! ```text
//!   kill         the process dies: the disk keeps what was written, connections are closed, dials are refused
//!   lose_power   the machine dies: any subset of what was not synced is lost, nobody hears anything
//!   stop         SIGTERM, and the process takes its time
//!   cut          nothing gets from one machine to another; `isolate` cuts both ways to both others
//! ```
//! Every fault is off again at `finish`, after which all replicas must come in sync and clients get on; then everything is checked.

use super::chronicle::Chronicle;
use super::host::{Host, Order, State};
use super::network::{Cuts, Machine};
use super::{committer, fleeting, worker};
use crate::simulation::ledger::Ledger;
use crate::simulation::seeds::Play;
use crate::simulation::stage::{note_panics, panics};
use crate::simulation::trace::Trace;
use ottla::world::Rng;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

const CLIENTS: &str = "clients";
pub const NODES: [i32; 3] = [1, 2, 3];
/// Clients, as an end of a link.
pub const OUTSIDE: i32 = 0;
/// The topic of every run, and its partitions.
pub const TOPIC: &str = "plain";
pub const PARTITIONS: i32 = 2;
/// How long the cluster may take to come in sync, and clients to get on, after everything was healed.
const HEALED_WITHIN_MS: u64 = 30_000;
/// How long it may take to form.
const FORMED_WITHIN_MS: u64 = 20_000;
/// A supervisor starts a process again so long after its end.
const SUPERVISOR_MS: u64 = 300;

pub struct Cluster {
    sim: turmoil::Sim<'static>,
    hosts: Vec<Host>,
    addresses: Vec<IpAddr>,
    cuts: Cuts,
    /// Which way nothing gets through, by the scenario.
    is_cut: BTreeSet<(i32, i32)>,
    /// What turmoil was told.
    applied: BTreeSet<(i32, i32)>,
    without_power: BTreeSet<i32>,
    /// Stopped, and not to be started by the supervisor.
    resting: BTreeSet<i32>,
    chronicle: Chronicle,
    ledger: Ledger,
    trace: Trace,
    rng: Rng,
}

impl Play for Cluster {
    const REPLAY_EVERY: u64 = 3;

    /// Three nodes on empty disks, and their clients.
    fn set(seed: u64) -> Self {
        note_panics();
        let rng = Rng::seeded(seed);
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .simulation_duration(Duration::from_secs(600))
            .tick_duration(Duration::from_millis(3))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(5))
            .tcp_capacity(4096)
            .build();
        let (trace, chronicle, cuts) = (Trace::default(), Chronicle::default(), Cuts::default());
        let mut addresses = vec![sim.lookup(CLIENTS)];
        let mut hosts = Vec::new();
        for id in NODES {
            let address = sim.lookup(format!("node-{id}"));
            addresses.push(address);
            let machine = Machine::new(address, cuts.clone());
            let own = Rng::seeded(rng.next_u64());
            hosts.push(Host::new(id, machine, &trace, &chronicle, own));
        }
        for host in &hosts {
            let booted = host.clone();
            sim.host(host.name(), move || booted.boot());
        }
        let ledger = Ledger::default();
        let working = clients(ledger.clone(), trace.clone(), rng.next_u64());
        sim.client(CLIENTS, working);
        Self {
            sim,
            hosts,
            addresses,
            cuts,
            is_cut: BTreeSet::new(),
            applied: BTreeSet::new(),
            without_power: BTreeSet::new(),
            resting: BTreeSet::new(),
            chronicle,
            ledger,
            trace,
            rng,
        }
    }

    fn begin(&mut self) {
        self.until("the cluster has formed", FORMED_WITHIN_MS, |cluster| {
            cluster.chronicle.partition(TOPIC, 0).is_some() && cluster.chronicle.is_in_sync()
        });
    }

    fn trace(&self) -> Trace {
        self.trace.clone()
    }

    fn finish(&mut self) {
        self.heal();
        for id in NODES {
            if self.host(id).state() != State::Running {
                self.start(id);
            }
        }
        self.until("all is in sync", HEALED_WITHIN_MS, |cluster| {
            cluster.chronicle.is_in_sync()
        });
        self.ledger.end();
        let limit = self.sim.elapsed() + Duration::from_millis(HEALED_WITHIN_MS);
        while !self.step() {
            assert!(
                self.sim.elapsed() < limit,
                "no progress within {HEALED_WITHIN_MS} ms after healing: {}",
                self.ledger.who_waits()
            );
        }
        let lives: Vec<u64> = self.hosts.iter().map(Host::lives).collect();
        let (figures, told) = (self.ledger.figures(), self.chronicle.figures());
        self.trace
            .say(format!("{lives:?} lives, {figures}, {told}"));
    }
}

impl Cluster {
    /// Between `from` and `to` milliseconds, or anything else.
    pub fn some(&self, from: u64, to: u64) -> u64 {
        from + self.rng.below(to - from + 1)
    }

    pub fn some_node(&self) -> i32 {
        i32::try_from(self.some(1, 3)).expect("a node's id")
    }

    /// The active controller as most recently known, or else any node.
    pub fn controller(&self) -> i32 {
        let running = self.hosts.iter().filter_map(|host| host.controller());
        let quorums = running.map(|controller| controller.quorum());
        let latest = quorums.max_by_key(|quorum| quorum.term);
        match latest.and_then(|quorum| quorum.leader) {
            Some(leader) => leader.node.0,
            None => self.some_node(),
        }
    }

    /// The leader of the first partition, or else any node.
    pub fn leader(&self) -> i32 {
        let partition = self.chronicle.partition(TOPIC, 0);
        match partition.and_then(|partition| partition.leader) {
            Some(leader) => leader.0,
            None => self.some_node(),
        }
    }

    /// One that does not lead the first partition.
    pub fn follower(&self) -> i32 {
        let leader = self.leader();
        let others = NODES.into_iter().filter(|id| *id != leader);
        let others: Vec<i32> = others.collect();
        others[usize::try_from(self.some(0, 1)).expect("small")]
    }

    fn host(&self, id: i32) -> &Host {
        &self.hosts[usize::try_from(id - 1).expect("a node")]
    }

    /// Lets simulated time pass.
    pub fn run_ms(&mut self, ms: u64) {
        let until = self.sim.elapsed() + Duration::from_millis(ms);
        while self.sim.elapsed() < until {
            self.step();
        }
    }

    fn until(&mut self, what: &str, within_ms: u64, is_so: impl Fn(&Self) -> bool) {
        let limit = self.sim.elapsed() + Duration::from_millis(within_ms);
        while !is_so(self) {
            assert!(
                self.sim.elapsed() < limit,
                "{what}: not within {within_ms} ms: {:?}",
                self.chronicle.latest()
            );
            self.run_ms(20);
        }
        self.trace.say(what);
    }

    /// Lets all replicas come in sync, all nodes being up.
    pub fn until_in_sync(&mut self) {
        self.until("all is in sync", HEALED_WITHIN_MS, |cluster| {
            cluster.chronicle.is_in_sync()
        });
    }

    fn step(&mut self) -> bool {
        let is_over = self
            .sim
            .step()
            .unwrap_or_else(|error| panic!("{error}{}", panics()));
        let panics = panics();
        assert!(panics.is_empty(), "a task panicked: {panics}");
        let now_ms = u64::try_from(self.sim.elapsed().as_millis()).unwrap();
        for id in NODES {
            let host = self.host(id);
            let is_due = host.ended_at_ms() + SUPERVISOR_MS <= now_ms;
            if host.state() == State::Ended && !self.resting.contains(&id) && is_due {
                host.disk.process_death();
                self.start(id);
            }
        }
        is_over
    }

    fn say(&self, what: impl AsRef<str>) {
        self.trace.say(format!("== {}", what.as_ref()));
    }

    /// The process dies; what it wrote stays.
    pub fn kill(&mut self, id: i32) {
        self.say(format!("process death of {id}"));
        if self.without_power.contains(&id) {
            return;
        }
        let host = self.host(id).clone();
        host.set_state(State::Down);
        host.machine.silence();
        host.order(Order::Die);
        self.step();
        host.disk.process_death();
        // The machine is there, and refuses connections.
        self.sim.bounce(host.name());
    }

    /// The machine dies, and what was not synced is lost, or not, each piece by itself.
    pub fn lose_power(&mut self, id: i32) {
        self.say(format!("power loss of {id}"));
        let host = self.host(id).clone();
        host.set_state(State::Down);
        host.machine.silence();
        self.without_power.insert(id);
        self.apply_cuts();
        self.sim.crash(host.name());
        let seed = self.rng.next_u64();
        host.disk.power_loss(seed);
    }

    /// The process gets SIGTERM. It ends when it has handed over what it leads.
    pub fn stop(&mut self, id: i32) {
        self.say(format!("{id} is told to stop"));
        self.resting.insert(id);
        self.host(id).order(Order::Stop);
    }

    /// Waits until a process has ended that was told to.
    pub fn until_stopped(&mut self, id: i32) {
        self.until("it has stopped", HEALED_WITHIN_MS, |cluster| {
            cluster.host(id).state() != State::Running
        });
        self.host(id).disk.process_death();
    }

    /// The process starts (again), after power has come back.
    pub fn start(&mut self, id: i32) {
        let host = self.host(id).clone();
        if host.state() == State::Running {
            return;
        }
        self.say(format!("start of {id}"));
        if host.state() == State::Ended {
            host.disk.process_death();
        }
        self.resting.remove(&id);
        host.set_state(State::Running);
        self.sim.bounce(host.name());
        self.without_power.remove(&id);
        self.apply_cuts();
    }

    /// Nothing gets from one to the other.
    pub fn cut(&mut self, from: i32, to: i32) {
        self.say(format!("nothing gets from {from} to {to}"));
        self.is_cut.insert((from, to));
        self.apply_cuts();
    }

    /// Nothing gets through between this node and the other nodes.
    pub fn isolate(&mut self, id: i32) {
        for other in NODES.into_iter().filter(|other| *other != id) {
            self.cut(id, other);
            self.cut(other, id);
        }
    }

    /// Nothing gets to the other nodes, or nothing gets from them.
    pub fn isolate_one_way(&mut self, id: i32, outward: bool) {
        for other in NODES.into_iter().filter(|other| *other != id) {
            let (from, to) = if outward { (id, other) } else { (other, id) };
            self.cut(from, to);
        }
    }

    /// Clients reach this node no more.
    pub fn isolate_from_clients(&mut self, id: i32) {
        self.cut(id, OUTSIDE);
        self.cut(OUTSIDE, id);
    }

    /// The network is whole again: connections that were cut are reset.
    pub fn heal_network(&mut self) {
        self.say("the network is whole");
        let healed = std::mem::take(&mut self.is_cut);
        self.apply_cuts();
        let pairs = healed.iter().map(|(from, to)| (from.min(to), from.max(to)));
        let pairs: BTreeSet<_> = pairs.collect();
        for (one, other) in pairs {
            for (at, peer) in [(*one, *other), (*other, *one)] {
                if at != OUTSIDE {
                    self.host(at).order(Order::Reset(self.address(peer)));
                }
            }
        }
    }

    fn address(&self, id: i32) -> IpAddr {
        self.addresses[usize::try_from(id).expect("an id")]
    }

    fn apply_cuts(&mut self) {
        let all = [OUTSIDE, 1, 2, 3];
        for from in all {
            for to in all.into_iter().filter(|to| *to != from) {
                let is_off = |id| self.without_power.contains(&id);
                let is_cut = self.is_cut.contains(&(from, to)) || is_off(from) || is_off(to);
                let (source, target) = (self.address(from), self.address(to));
                if is_cut && self.applied.insert((from, to)) {
                    self.cuts.set(source, target, true);
                    self.sim.partition_oneway(source, target);
                } else if !is_cut && self.applied.remove(&(from, to)) {
                    self.cuts.set(source, target, false);
                    self.sim.repair_oneway(source, target);
                }
            }
        }
    }

    /// Jobs of the threads so named take this long on this node.
    pub fn slow_down(&mut self, id: i32, threads: &'static str, ms: u64) {
        self.say(format!("{threads} of {id} takes {ms} ms"));
        let slow = Some((threads, Duration::from_millis(ms)));
        self.host(id).slow_down(slow);
    }

    /// Everything works again, but who is down stays down.
    pub fn heal(&mut self) {
        self.heal_network();
        for host in &self.hosts {
            host.slow_down(None);
        }
    }
}

/// All clients on one host, each with connections of its own.
async fn clients(ledger: Ledger, trace: Trace, seed: u64) -> turmoil::Result {
    let rng = Rng::seeded(seed);
    let draw = || Rng::seeded(rng.next_u64());
    let (known, told) = (&ledger, &trace);
    worker::create(draw(), told).await;
    let workers: Vec<_> = (0..PARTITIONS)
        .map(|partition| worker::run(partition, known.clone(), told.clone(), draw()))
        .collect();
    futures::join!(
        committer::run(known.clone(), told.clone(), draw()),
        fleeting::run(known.clone(), told.clone(), draw()),
        futures::future::join_all(workers),
    );
    Ok(())
}
