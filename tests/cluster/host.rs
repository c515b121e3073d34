//! A cluster for one test: processes of the binary under test on free ports, with directories of their own, gone with the test.
//!
//! ```text
//!   let cluster = Cluster::of(3).await;
//!   cluster.node(1).kill();
//!   cluster.until("another controller", async |cluster| cluster.active().await.filter(|node| *node != 1)).await;
//! ```

use crate::network::Network;
use crate::wire::Client;
use ottla_protocol::Request;
use ottla_protocol::messages::describe_quorum::{
    DescribeQuorumRequest, RequestPartitionData as PartitionData, RequestTopicData as TopicData,
    ResponsePartitionData,
};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long anything may take before a test gives up.
pub const DEADLINE: Duration = Duration::from_secs(40);
/// How long one question may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Below the ports that the kernel gives to connections.
const PORTS: std::ops::Range<u16> = 12_000..31_000;

/// Nodes that name each other.
pub struct Cluster {
    pub nodes: Vec<Node>,
    network: Option<Arc<Network>>,
    folder: TempDir,
}

/// One of them, running or not.
pub struct Node {
    pub id: i32,
    host: String,
    network: Option<Arc<Network>>,
    pub port: u16,
    pub controller_port: u16,
    pub settings: BTreeMap<String, String>,
    folder: PathBuf,
    process: Mutex<Option<Child>>,
}

impl Cluster {
    /// Starts as many nodes, all of them voters, and waits until each is ready.
    pub async fn of(count: i32) -> Self {
        let cluster = Self::named(count);
        for node in &cluster.nodes {
            node.start();
        }
        for node in &cluster.nodes {
            node.ready().await;
        }
        cluster
    }

    /// As many nodes that list each other as voters, not started.
    pub fn named(count: i32) -> Self {
        Self::on(None, count)
    }

    /// As [`Cluster::named`], on a network that can be cut. Only where [`crate::network::is_inside`].
    pub fn apart(count: i32) -> Self {
        Self::on(Some(Arc::new(Network::of(count))), count)
    }

    fn on(network: Option<Arc<Network>>, count: i32) -> Self {
        let mut cluster = Self {
            nodes: Vec::new(),
            network,
            folder: TempDir::new().expect("a temporary folder"),
        };
        for id in 1..=count {
            cluster.add(id, &[]);
        }
        let voters: Vec<String> = cluster.nodes.iter().map(Node::as_voter).collect();
        for node in &mut cluster.nodes {
            node.set("controller.quorum.voters", &voters.join(","));
        }
        cluster
    }

    /// One more node, not started, that names nobody but what these settings name.
    pub fn add(&mut self, id: i32, settings: &[(&str, &str)]) -> &Node {
        let folder = self.folder.path().join(id.to_string());
        fs::create_dir_all(&folder).expect("a folder");
        let network = self.network.clone();
        let host = match &network {
            Some(_) => Network::address(id),
            None => "127.0.0.1".to_owned(),
        };
        let mut node = Node {
            id,
            host: host.clone(),
            network,
            port: free_port(),
            controller_port: free_port(),
            settings: BTreeMap::new(),
            folder,
            process: Mutex::new(None),
        };
        let listeners = format!(
            "PLAINTEXT://{host}:{},CONTROLLER://{host}:{}",
            node.port, node.controller_port
        );
        for (key, value) in [
            ("node.id", &*id.to_string()),
            ("listeners", &listeners),
            ("controller.listener.names", "CONTROLLER"),
            ("admin.listeners", "none"),
            ("log.dirs", &node.data().display().to_string()),
        ] {
            node.set(key, value);
        }
        for (key, value) in settings {
            node.set(key, value);
        }
        self.nodes.push(node);
        self.nodes.last().expect("just pushed")
    }

    pub fn node(&self, id: i32) -> &Node {
        let found = self.nodes.iter().find(|node| node.id == id);
        found.expect("a node of the cluster")
    }

    pub fn node_mut(&mut self, id: i32) -> &mut Node {
        let found = self.nodes.iter_mut().find(|node| node.id == id);
        found.expect("a node of the cluster")
    }

    /// The quorum as the first running node that answers sees it.
    pub async fn quorum(&self) -> Option<ResponsePartitionData> {
        for node in self.nodes.iter().filter(|node| node.runs()) {
            if let Some(quorum) = node.quorum().await {
                return Some(quorum);
            }
        }
        None
    }

    /// The active controller that is alive, as all running nodes agree.
    pub async fn active(&self) -> Option<i32> {
        let mut active = None;
        for node in self.nodes.iter().filter(|node| node.runs()) {
            let leader = node.quorum().await?.leader_id;
            if leader < 0 || active.is_some_and(|active| active != leader) {
                return None;
            }
            active = Some(leader);
        }
        active.filter(|id| self.nodes.iter().any(|node| node.id == *id && node.runs()))
    }

    /// Asks again and again until there is an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(answer) = ask(self).await {
                return answer;
            }
            if began.elapsed() > DEADLINE {
                for node in &self.nodes {
                    eprintln!("--- node {} ---\n{}", node.id, node.output());
                }
                panic!("{what}: not within {DEADLINE:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Node {
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.insert(key.to_owned(), value.to_owned());
    }

    pub fn as_voter(&self) -> String {
        format!("{}@{}:{}", self.id, self.host, self.controller_port)
    }

    pub fn start(&self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("output"))
            .expect("a file for its output");
        let program = env!("CARGO_BIN_EXE_ottla");
        let mut command = match &self.network {
            Some(network) => network.command(self.id, program),
            None => Command::new(program),
        };
        command.arg("serve");
        for (key, value) in &self.settings {
            command.arg("--override").arg(format!("{key}={value}"));
        }
        let process = command
            .env_remove("CLUSTER_ID")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("starts");
        *self.process.lock().expect("not poisoned") = Some(process);
    }

    /// As a machine that loses its power: at once, and without a word.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        self.ended();
    }

    /// As a machine that stands still: its connections stay open.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Whatever it and the other nodes send to each other is lost from now on; clients still reach it.
    pub fn isolate(&self) {
        self.silence();
        self.deafen();
    }

    /// What it sends to the other nodes is lost.
    pub fn silence(&self) {
        self.wires().silence(self.id);
    }

    /// What the other nodes send to it is lost.
    pub fn deafen(&self) {
        self.wires().deafen(self.id);
    }

    /// Nothing between it and others is lost any more.
    pub fn heal(&self) {
        self.wires().heal(self.id);
    }

    fn wires(&self) -> &Network {
        self.network
            .as_ref()
            .expect("a cluster whose nodes are apart")
    }

    /// In good order.
    pub fn stop(&self) {
        self.signal(Signal::TERM);
        self.ended();
    }

    /// Starts it, and waits until it serves clients.
    pub async fn restart(&self) {
        self.start();
        self.ready().await;
    }

    /// Loses its disk.
    pub fn wipe(&self) {
        assert!(!self.runs(), "only a stopped node is wiped");
        fs::remove_dir_all(self.data()).expect("its data are there");
    }

    /// Waits until the process has ended; whether it did so in good order.
    pub fn ended(&self) -> bool {
        let mut process = self.process.lock().expect("not poisoned");
        let mut child = process.take().expect("it runs");
        child.wait().expect("its end").success()
    }

    /// Waits until it serves clients.
    pub async fn ready(&self) {
        let began = Instant::now();
        while self.ask(0, &api_versions()).await.is_none() {
            let ended = !self.runs();
            assert!(
                !ended && began.elapsed() < DEADLINE,
                "node {} is not ready: {}",
                self.id,
                self.output()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The process of a running node.
    #[allow(dead_code, reason = "for the hostile suite")]
    pub fn pid(&self) -> u32 {
        let process = self.process.lock().expect("not poisoned");
        process.as_ref().expect("it runs").id()
    }

    pub fn runs(&self) -> bool {
        let mut process = self.process.lock().expect("not poisoned");
        process
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }

    /// One question on a connection of its own; `None` when there is no answer.
    pub async fn ask<R: Request>(&self, version: i16, request: &R) -> Option<R::Response> {
        self.ask_here(self.port, version, request).await
    }

    /// As [`Node::ask`], on its controller listener.
    pub async fn ask_controller<R: Request>(
        &self,
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        self.ask_here(self.controller_port, version, request).await
    }

    async fn ask_here<R: Request>(
        &self,
        port: u16,
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        Self::ask_of((&self.host, port), version, request).await
    }

    /// As [`Node::ask`], of whoever listens there.
    pub async fn ask_at<R: Request>(port: u16, version: i16, request: &R) -> Option<R::Response> {
        Self::ask_of(("127.0.0.1", port), version, request).await
    }

    async fn ask_of<R: Request>(
        address: (&str, u16),
        version: i16,
        request: &R,
    ) -> Option<R::Response> {
        let asked = async {
            let stream = TcpStream::connect(address).await.ok()?;
            Client::on(stream).ask(version, request).await.ok()
        };
        tokio::time::timeout(ANSWER_MAX, asked).await.ok()?
    }

    /// The quorum as the active controller tells this node, or as this node sees it.
    pub async fn quorum(&self) -> Option<ResponsePartitionData> {
        let request = DescribeQuorumRequest {
            topics: vec![TopicData {
                topic_name: "__cluster_metadata".into(),
                partitions: vec![PartitionData::default()],
                ..Default::default()
            }],
            ..Default::default()
        };
        let response = self.ask_controller(2, &request).await?;
        response
            .topics
            .into_iter()
            .next()?
            .partitions
            .into_iter()
            .next()
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.lock().expect("not poisoned");
        let child = process.as_ref().expect("it runs");
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("the signal is sent");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Ok(Some(mut child)) = self.process.lock().map(|mut process| process.take()) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn api_versions() -> ottla_protocol::messages::api_versions::ApiVersionsRequest {
    Default::default()
}

/// A port that nobody uses now.
pub fn free_port() -> u16 {
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().expect("not poisoned");
    let mut port = next.unwrap_or_else(|| {
        let spread = std::process::id().wrapping_mul(7_919) % u32::from(PORTS.end - PORTS.start);
        PORTS.start + u16::try_from(spread).expect("within the range")
    });
    loop {
        port = if port + 1 >= PORTS.end {
            PORTS.start
        } else {
            port + 1
        };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            *next = Some(port);
            return port;
        }
    }
}
