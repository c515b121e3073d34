//! A listener: a name, sockets, and the connections they accept.
//!
//! Bound first, so that a port of 0 is known and advertised before anything is answered; serving starts later.

use super::bind::bind;
use super::connection::{Connection, Serving};
use super::limits::{Gate, Permit};
use super::settings::SocketOptions;
use super::tls::{Accepted, Refused, TlsOf};
use super::world::{Acceptor, Net, Transport};
use crate::api::{ConnectionId, Endpoint, Listener as Seen, Peer, Principal, Serves, Session};
use crate::config::SecurityProtocol;
use crate::metrics::{HandshakeOutcome, ListenerMetrics, RefuseReason};
use ottla_controller::watch;
use rustix::io::Errno;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long accepting rests when the process is out of descriptors or memory.
const BACKOFF: Duration = Duration::from_millis(100);

/// A listener as configured.
#[derive(Clone, Debug)]
pub struct ListenerSpec {
    /// In upper case.
    pub name: String,
    pub protocol: SecurityProtocol,
    /// Empty for every address.
    pub host: String,
    pub port: u16,
    /// `advertised.listeners`; without it, `host` and the real port. Port 0 is the real port too.
    pub advertised: Option<(String, u16)>,
    pub serves: Serves,
}

/// A bound listener.
pub struct Listener<N: Net> {
    sockets: Vec<N::Listener>,
    door: Door,
}

/// What a connection passes on its way in.
#[derive(Clone)]
struct Door {
    seen: Arc<Seen>,
    /// Where TLS is spoken.
    tls: Option<Arc<TlsOf>>,
}

/// What every accept loop of a node needs.
#[derive(Clone)]
pub struct Accepting {
    pub serving: Arc<Serving>,
    pub gate: Arc<Gate>,
    /// Turns true when accepting is to end and connections are to finish.
    pub stop: watch::Receiver<bool>,
    /// Held by every task; when all are gone, the network has stopped.
    pub alive: mpsc::Sender<()>,
}

impl<N: Net> Listener<N> {
    /// Binds the sockets. `tls` is for protocols that are encrypted, and only for those.
    ///
    /// # Errors
    /// When the host cannot be resolved or no address be bound.
    pub async fn bind(
        net: &N,
        spec: &ListenerSpec,
        options: &SocketOptions,
        tls: Option<Arc<TlsOf>>,
    ) -> io::Result<Self> {
        assert_eq!(
            tls.is_some(),
            spec.protocol.is_encrypted(),
            "TLS is spoken where the protocol says so"
        );
        let bound = bind(net, &spec.host, spec.port, options).await?;
        let (host, port) = match &spec.advertised {
            None => (spec.host.as_str(), bound.port),
            Some((host, 0)) => (host.as_str(), bound.port),
            Some((host, port)) => (host.as_str(), *port),
        };
        let advertised = Endpoint {
            host: host.into(),
            port,
        };
        let seen = Arc::new(Seen {
            name: spec.name.clone(),
            protocol: spec.protocol,
            advertised,
            serves: spec.serves,
        });
        Ok(Self {
            sockets: bound.sockets,
            door: Door { seen, tls },
        })
    }

    /// The listener as handlers see it, with the address to advertise.
    pub fn seen(&self) -> &Arc<Seen> {
        &self.door.seen
    }

    /// The addresses it listens on.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        let local = self.sockets.iter().map(Acceptor::local_address);
        local.filter_map(Result::ok).collect()
    }

    /// Accepts from now on, in tasks of the current runtime.
    pub fn serve(self, accepting: &Accepting) {
        let metrics = &accepting.serving.metrics.connections;
        let metrics = metrics.listener(&self.door.seen.name);
        for socket in self.sockets {
            let (accepting, door, metrics) =
                (accepting.clone(), self.door.clone(), metrics.clone());
            tokio::spawn(accept(socket, door, metrics, accepting));
        }
    }
}

async fn accept<L: Acceptor>(
    mut socket: L,
    door: Door,
    metrics: Arc<ListenerMetrics>,
    accepting: Accepting,
) {
    let mut stop = accepting.stop.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = next(&mut socket, &door.seen.name, &accepting) => accepted,
        };
        match accepted {
            Ok((stream, address)) => admit(stream, address, &door, &metrics, &accepting),
            Err(error) => {
                tracing::warn!(listener = door.seen.name, %error, "accepting a connection failed");
                if is_exhaustion(&error) {
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
    }
}

/// The next connection, when there is room for it and its time has come.
async fn next<L: Acceptor>(
    socket: &mut L,
    listener: &str,
    accepting: &Accepting,
) -> io::Result<(L::Stream, SocketAddr)> {
    accepting.gate.has_room(listener).await;
    let accepted = socket.accept().await?;
    let wait = accepting
        .gate
        .pace(listener, accepting.serving.clock.elapsed());
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    Ok(accepted)
}

/// Counts the connection in and gives it a task, or closes it.
fn admit<T: Transport>(
    stream: T,
    address: SocketAddr,
    door: &Door,
    metrics: &Arc<ListenerMetrics>,
    accepting: &Accepting,
) {
    let Some(permit) = accepting.gate.enter(&door.seen.name, address.ip()) else {
        metrics.refused(RefuseReason::PerAddress);
        return;
    };
    let now = accepting.serving.clock.elapsed();
    if let Some(wait) = accepting.gate.pace_of_address(address.ip(), now) {
        metrics.refused(RefuseReason::AddressRate);
        let alive = accepting.alive.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            drop((stream, permit, alive));
        });
        return;
    }
    metrics.accepted.inc();
    let peer = Arc::new(Peer {
        connection_id: ConnectionId(
            accepting
                .serving
                .connection_ids
                .fetch_add(1, Ordering::Relaxed),
        ),
        address,
        listener: door.seen.clone(),
        software: OnceLock::new(),
    });
    let counted = Counted {
        metrics: metrics.clone(),
        _permit: permit,
        _alive: accepting.alive.clone(),
    };
    counted.metrics.open.inc();
    let (serving, stop) = (accepting.serving.clone(), accepting.stop.clone());
    match door.tls.clone() {
        None => {
            let session = Session::begin(peer, Principal::anonymous());
            let connection = Connection::new(stream, session, metrics.clone(), serving);
            tokio::spawn(async move {
                let _counted = counted;
                connection.run(stop).await;
            });
        }
        Some(tls) => {
            let metrics = metrics.clone();
            tokio::spawn(async move {
                let _counted = counted;
                let Some(accepted) = encrypt(stream, &tls, &peer, &serving, stop.clone()).await
                else {
                    return;
                };
                let session = Session::begin(peer, accepted.principal);
                let connection = Connection::new(accepted.stream, session, metrics, serving);
                connection.run(stop).await;
            });
        }
    }
}

/// The handshake, counted; `None` when there is nothing to serve.
async fn encrypt<T: Transport>(
    stream: T,
    tls: &TlsOf,
    peer: &Peer,
    serving: &Serving,
    mut stop: watch::Receiver<bool>,
) -> Option<Accepted<T>> {
    let outcome = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => return None,
        outcome = tls.accept(stream) => outcome,
    };
    let listener = peer.listener.name.as_str();
    let (counted, why) = match outcome {
        Ok(accepted) => {
            serving
                .metrics
                .tls
                .handshake(listener, HandshakeOutcome::Done);
            return Some(accepted);
        }
        Err(Refused::Left) => (HandshakeOutcome::Failed, None),
        Err(Refused::TimedOut) => (
            HandshakeOutcome::TimedOut,
            Some("it took too long".to_owned()),
        ),
        Err(Refused::Failed(why)) => (HandshakeOutcome::Failed, Some(why)),
    };
    serving.metrics.tls.handshake(listener, counted);
    if let Some(why) = why
        && let Some(left_out) = serving.failed_handshakes.admits(serving.clock.elapsed())
    {
        tracing::warn!(listener, client = %peer.address, left_out, "a TLS handshake failed: {why}");
    }
    None
}

/// What is to be undone however the connection's task ends, a panic of a handler included.
struct Counted {
    metrics: Arc<ListenerMetrics>,
    _permit: Permit,
    _alive: mpsc::Sender<()>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.open.dec();
    }
}

/// Errors that would come back at once if accepting did not rest.
fn is_exhaustion(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    let code = error.raw_os_error();
    exhausted
        .iter()
        .any(|errno| code == Some(errno.raw_os_error()))
}
