//! A node to be attacked, and what it must be like afterwards.

use crate::cluster::{Cluster, Node};
use crate::wire::{Client, batch};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::find_coordinator::FindCoordinatorRequest;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// How long a node may take to be itself again, on a machine that does other things too.
const RECOVERY_MAX: Duration = Duration::from_secs(60);
/// What an allocator may keep of what it once had: a few of the largest blocks until they are wanted again. In bytes.
const MEMORY_SLACK: u64 = 160 << 20;
/// Descriptors that may have come for other reasons: segments opened, links.
const DESCRIPTORS_SLACK: usize = 16;
/// What a question may take of its usual time, and beyond, on a machine that others use too.
const LATENCY_FACTOR: f64 = 5.0;
const LATENCY_SLACK: Duration = Duration::from_millis(250);
/// Lines that may be written besides one a second of each of these.
const LINES_SLACK: usize = 10;
const KINDS_OF_LINES: usize = 4;

/// The topic of the well-behaved client.
pub const TOPIC: &str = "decent";

/// Attacks take turns: each measures what the machine does to others.
static TURN: Mutex<()> = Mutex::const_new(());

/// The node.
pub struct Target {
    cluster: Cluster,
    _turn: MutexGuard<'static, ()>,
}

impl Target {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::prepared(|node| {
            for (key, value) in settings {
                node.set(key, value);
            }
        })
        .await
    }

    /// With what `prepare` sets, which knows the node's ports.
    pub async fn prepared(prepare: impl FnOnce(&mut Node)) -> Self {
        let turn = TURN.lock().await;
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).expect("up to the hard limit");
        let mut cluster = Cluster::named(1);
        cluster.node_mut(1).set("offsets.topic.num.partitions", "1");
        prepare(cluster.node_mut(1));
        cluster.node(1).start();
        cluster.node(1).ready().await;
        let target = Self {
            cluster,
            _turn: turn,
        };
        let created = target.client().await.create(TOPIC, 1, &[]).await;
        assert_eq!(created.expect("an answer"), ErrorCode::NONE);
        target.has_coordinator().await;
        target
    }

    /// The topic of committed offsets is made when it is first asked for.
    async fn has_coordinator(&self) {
        let request = FindCoordinatorRequest {
            coordinator_keys: vec!["group".into()],
            ..Default::default()
        };
        let found = async || {
            let asked = self.client().await.ask(4, &request).await;
            asked.expect("an answer").coordinators[0].error_code == ErrorCode::NONE
        };
        let deadline = Instant::now() + RECOVERY_MAX;
        while !found().await {
            assert!(Instant::now() < deadline, "there is no coordinator");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn stream(&self) -> TcpStream {
        let port = self.cluster.node(1).port;
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        stream.expect("connects")
    }

    pub async fn client(&self) -> Client<TcpStream> {
        Client::on(self.stream().await)
    }

    /// Lets a bad client loose, and has the node prove afterwards that it is none the worse. Returns what the attack came to.
    pub async fn survives<T>(&self, attack: impl Future<Output = T>) -> T {
        let (usual, pace) = (self.usual_time().await, pace().await);
        let before = self.shape();
        let began = Instant::now();
        let came_to = attack.await;
        let lines_max = LINES_SLACK
            + KINDS_OF_LINES * (1 + usize::try_from(began.elapsed().as_secs()).unwrap());
        let answering = Instant::now();
        self.be_decent().await;
        let first = answering.elapsed();
        self.recovers(usual, pace, before).await;
        let lines = self.shape().lines - before.lines;
        assert!(
            lines <= lines_max,
            "{lines} lines were logged, {lines_max} allowed:\n{}",
            self.cluster.node(1).output()
        );
        eprintln!("usual {usual:?}, first answer afterwards {first:?}, {lines} lines");
        came_to
    }

    async fn recovers(&self, usual: Duration, usual_pace: Duration, before: Shape) {
        let deadline = Instant::now() + RECOVERY_MAX;
        loop {
            assert!(self.cluster.node(1).runs(), "it died");
            let (now, time) = (self.shape(), self.usual_time().await);
            let mut allowed = usual.mul_f64(LATENCY_FACTOR) + LATENCY_SLACK;
            if time > allowed {
                // The machine may have become slower, and not the node.
                let slower = pace().await.as_secs_f64() / usual_pace.as_secs_f64();
                allowed = allowed.mul_f64(slower.max(1.0));
            }
            let is_calm = time <= allowed;
            let has_memory = now.memory <= before.memory + MEMORY_SLACK;
            let has_descriptors = now.descriptors <= before.descriptors + DESCRIPTORS_SLACK;
            if is_calm && has_memory && has_descriptors {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "it does not recover: {time:?} instead of {usual:?} ({allowed:?} allowed), {now:?} instead of {before:?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The median of a few turns of a well-behaved client.
    async fn usual_time(&self) -> Duration {
        let mut times = Vec::new();
        for _ in 0..7 {
            let began = Instant::now();
            self.be_decent().await;
            times.push(began.elapsed());
        }
        times.sort();
        times[times.len() / 2]
    }

    /// Asks, writes and reads, on a connection of its own.
    pub async fn be_decent(&self) {
        let turn = async {
            let mut client = self.client().await;
            let told = client.metadata(Some(&[TOPIC])).await.expect("an answer");
            assert_eq!(told.topics[0].error_code, ErrorCode::NONE);
            let written = client.produce(TOPIC, 0, batch(None, 1, &["decent"])).await;
            let written = written.expect("an answer");
            assert_eq!(written.error_code, ErrorCode::NONE);
            let read = client.fetch(TOPIC, 0, written.base_offset).await;
            assert_eq!(read.expect("an answer").error_code, ErrorCode::NONE);
        };
        let answered = tokio::time::timeout(RECOVERY_MAX, turn).await;
        answered.expect("a well-behaved client is answered");
    }

    /// Anonymous resident bytes: what files have in memory is the kernel's.
    pub fn memory(&self) -> u64 {
        self.shape().memory
    }

    /// What it logged so far.
    pub fn output(&self) -> String {
        self.cluster.node(1).output()
    }

    fn shape(&self) -> Shape {
        let node = self.cluster.node(1);
        let folder = format!("/proc/{}", node.pid());
        let status = fs::read_to_string(format!("{folder}/status")).expect("it runs");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Shape {
            memory: kilobytes
                .expect("a number")
                .parse::<u64>()
                .expect("a number")
                << 10,
            descriptors: fs::read_dir(format!("{folder}/fd"))
                .expect("it runs")
                .count(),
            lines: node.output().lines().count(),
        }
    }
}

/// What a question and an answer take that no node has to do with, between two threads: how fast the machine is now.
async fn pace() -> Duration {
    const TURNS: usize = 15;
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let echo = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
    });
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it");
    let mut times = Vec::new();
    for _ in 0..TURNS {
        let began = Instant::now();
        stream.write_all(&[1]).await.expect("sent");
        stream.read_exact(&mut [0]).await.expect("an echo");
        times.push(began.elapsed());
    }
    drop(stream);
    echo.join().expect("it ends");
    times.sort();
    times[TURNS / 2]
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    memory: u64,
    descriptors: usize,
    lines: usize,
}

/// As many as asked for, some at a time.
pub async fn many<T>(count: usize, mut make: impl AsyncFnMut(usize) -> T) -> Vec<T> {
    let mut made = Vec::with_capacity(count);
    for number in 0..count {
        made.push(make(number).await);
    }
    made
}

/// A request's header and body by hand, with its length before it.
pub fn raw(key: i16, version: i16, is_flexible: bool, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(key.to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend(7_i32.to_be_bytes());
    frame.extend((-1_i16).to_be_bytes());
    if is_flexible {
        frame.push(0);
    }
    frame.extend(body);
    let length = i32::try_from(frame.len()).expect("a small frame");
    [&length.to_be_bytes()[..], &frame].concat()
}
