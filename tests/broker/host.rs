//! A node for one test: on free ports, in a directory of its own, gone with the test.

use crate::wire::Client;
use ottla::admin::Phase;
use ottla::api;
use ottla::broker::{Node, StartError, World};
use ottla::config::{BrokerConfig, StaticConfig};
use ottla::metrics::Metrics;
use ottla_storage::disk::Disk;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How long anything may take before a test gives up.
const DEADLINE: Duration = Duration::from_secs(30);

pub type Raw = Client<TcpStream>;

/// A running node. It can be stopped and started again on what it left.
pub struct Broker {
    node: Option<Node>,
    settings: Vec<(String, String)>,
    folder: Arc<TempDir>,
    disk: Option<Arc<dyn Disk>>,
    phase: watch::Sender<Phase>,
}

impl Broker {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings besides those that every test needs.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::prepared(settings, None, |_| {})
            .await
            .expect("starts")
    }

    /// On this disk instead of the machine's.
    pub async fn on(disk: Arc<dyn Disk>, settings: &[(&str, &str)]) -> Self {
        Self::prepared(settings, Some(disk), |_| {})
            .await
            .expect("starts")
    }

    /// After `prepare` was at the folder that holds its data.
    pub async fn prepared(
        settings: &[(&str, &str)],
        disk: Option<Arc<dyn Disk>>,
        prepare: impl FnOnce(&Path),
    ) -> Result<Self, StartError> {
        let folder = TempDir::new().expect("a temporary folder");
        prepare(folder.path());
        let settings = settings.iter().map(|(key, value)| {
            let value = value.replace("{}", &folder.path().display().to_string());
            ((*key).to_owned(), value)
        });
        let mut broker = Self {
            node: None,
            settings: settings.collect(),
            folder: Arc::new(folder),
            disk,
            phase: watch::Sender::new(Phase::Starting),
        };
        broker.again().await?;
        Ok(broker)
    }

    /// Starts (again).
    pub async fn again(&mut self) -> Result<(), StartError> {
        let data = self.data().display().to_string();
        let mut pairs = vec![
            ("node.id", "1"),
            ("listeners", "PLAINTEXT://127.0.0.1:0"),
            ("admin.listeners", "none"),
            ("log.dirs", data.as_str()),
        ];
        for (key, value) in &self.settings {
            pairs.retain(|(set, _)| set != key);
            pairs.push((key, value));
        }
        let config = Arc::new(BrokerConfig::new(StaticConfig::of(&pairs)).expect("a good config"));
        let started = until("the node starts", async || {
            match self.attempt(config.clone()).await {
                // The node before has stopped, but a thread of this process may still be letting go of the directory.
                Err(StartError::Directory(reason)) if reason.contains("in use") => None,
                started => Some(started),
            }
        });
        self.node = Some(started.await?);
        Ok(())
    }

    async fn attempt(&self, config: Arc<BrokerConfig>) -> Result<Node, StartError> {
        let mut world = World::system();
        if let Some(disk) = &self.disk {
            world.disk = disk.clone();
        }
        let metrics = Arc::new(Metrics::new(api::labels()));
        Box::pin(Node::start(config, world, self.phase.clone(), metrics)).await
    }

    /// Stops in good order.
    pub async fn stop(&mut self) {
        let node = self.node.take().expect("it runs");
        soon("the node stops", node.stop()).await;
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.again().await.expect("starts again");
    }

    /// What it says that it does, over all its starts.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub fn node(&self) -> &Node {
        self.node.as_ref().expect("it runs")
    }

    /// The running node, for a test that stops it by itself.
    pub fn take(&mut self) -> Node {
        self.node.take().expect("it runs")
    }

    /// Where its data are, unless a setting says otherwise.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection to its first listener.
    pub async fn client(&self) -> Raw {
        self.client_of(0).await
    }

    /// A connection to the listener at this place.
    pub async fn client_of(&self, listener: usize) -> Raw {
        let port = self.port_of(listener);
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        Client::on(stream.expect("connects"))
    }

    /// A connection to its first listener from another address of this machine.
    pub async fn client_from(&self, address: &str) -> Raw {
        connected(address, self.port_of(0)).await
    }

    /// Where the listener at this place is bound; its advertised port must not be configured.
    pub fn port_of(&self, listener: usize) -> u16 {
        let told = &self.node().advertised[listener].advertised;
        told.port
    }
}

/// A connection to a port of this machine from one of its addresses.
pub async fn connected(from: &str, port: u16) -> Raw {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    let from: IpAddr = from.parse().expect("an address");
    let from = SocketAddr::new(from, 0);
    socket.bind(from).expect("an address of this machine");
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    Client::on(socket.connect(to).await.expect("connects"))
}

/// What `waited` yields; it must be soon.
pub async fn soon<T>(what: &str, waited: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, waited)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// Asks until the answer is the one waited for.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    soon(what, async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}
