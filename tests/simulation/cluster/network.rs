//! The network of a simulated cluster, made of turmoil's: what turmoil lacks of TCP is put in here.
//!
//! - A cut drops what is sent, and turmoil would call a dial through it refused; here nothing is heard, as in the world. Only who is there and
//!   does not listen refuses.
//! - Turmoil sends nothing again. When a cut is healed, connections that crossed it are reset at both ends: what was lost cannot be had.
//! - A process that dies closes its connections in the order in which they were made, so that no trace depends on the order in which tokio
//!   ends tasks (see `stage.rs` of the single node).

use ottla::net::settings::SocketOptions;
use ottla::net::simulated::Simulated;
use ottla::net::world::{Acceptor, Net, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::{TcpListener, TcpStream};

/// How long the kernel goes on sending SYNs.
const DIAL_MAX: Duration = Duration::from_secs(30);

/// Which way nothing gets through, of all machines; clones share it.
#[derive(Clone, Default)]
pub struct Cuts(Arc<Mutex<BTreeSet<(IpAddr, IpAddr)>>>);

/// One machine's end of the network; clones share it.
#[derive(Clone)]
pub struct Machine {
    own: IpAddr,
    cuts: Cuts,
    sockets: Arc<Mutex<Sockets>>,
}

#[derive(Default)]
struct Sockets {
    next: u64,
    /// In the order in which they were made.
    open: BTreeMap<u64, (IpAddr, Socket)>,
    /// The process is dying: nothing leaves it any more.
    is_dead: bool,
}

type Socket = Arc<Mutex<Ends>>;

struct Ends {
    stream: Option<TcpStream>,
    /// Whoever waits for it.
    wakers: [Option<Waker>; 2],
}

pub struct Stream {
    number: u64,
    socket: Socket,
    machine: Machine,
}

pub struct Listener {
    listener: TcpListener,
    machine: Machine,
}

impl Cuts {
    pub fn set(&self, from: IpAddr, to: IpAddr, is_cut: bool) {
        let mut cuts = self.0.lock().unwrap();
        if is_cut {
            cuts.insert((from, to));
        } else {
            cuts.remove(&(from, to));
        }
    }

    fn are_between(&self, one: IpAddr, other: IpAddr) -> bool {
        let cuts = self.0.lock().unwrap();
        cuts.contains(&(one, other)) || cuts.contains(&(other, one))
    }
}

impl Machine {
    pub fn new(own: IpAddr, cuts: Cuts) -> Self {
        Self {
            own,
            cuts,
            sockets: Arc::default(),
        }
    }

    /// From now on nothing leaves the process, whatever its tasks still do.
    pub fn silence(&self) {
        self.sockets.lock().unwrap().is_dead = true;
    }

    /// Another process.
    pub fn begin(&self) {
        *self.sockets.lock().unwrap() = Sockets::default();
    }

    /// Closes everything, in order. Call on the machine.
    pub fn close_all(&self) {
        let open = std::mem::take(&mut self.sockets.lock().unwrap().open);
        open.into_values().for_each(|(_, socket)| close(&socket));
    }

    /// Closes the connections to this machine. Call on the machine.
    pub fn close(&self, peer: IpAddr) {
        let mut sockets = self.sockets.lock().unwrap();
        let mut closing = Vec::new();
        sockets.open.retain(|_, (of, socket)| {
            if *of == peer {
                closing.push(socket.clone());
            }
            *of != peer
        });
        drop(sockets);
        closing.iter().for_each(close);
    }

    fn adopt(&self, stream: TcpStream, peer: IpAddr) -> io::Result<Stream> {
        let socket = Arc::new(Mutex::new(Ends {
            stream: Some(stream),
            wakers: [None, None],
        }));
        let mut sockets = self.sockets.lock().unwrap();
        if sockets.is_dead {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let number = sockets.next;
        sockets.next += 1;
        sockets.open.insert(number, (peer, socket.clone()));
        drop(sockets);
        Ok(Stream {
            number,
            socket,
            machine: self.clone(),
        })
    }
}

fn close(socket: &Socket) {
    let mut ends = socket.lock().unwrap();
    let (stream, wakers) = (ends.stream.take(), std::mem::take(&mut ends.wakers));
    drop(ends);
    drop(stream);
    wakers.into_iter().flatten().for_each(Waker::wake);
}

impl Net for Machine {
    type Listener = Listener;
    type Stream = Stream;

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Simulated.resolve(host).await
    }

    async fn bind(&self, address: SocketAddr, options: &SocketOptions) -> io::Result<Listener> {
        let listener = Simulated.bind(address, options).await?;
        Ok(Listener {
            listener,
            machine: self.clone(),
        })
    }

    async fn connect(&self, address: SocketAddr, options: &SocketOptions) -> io::Result<Stream> {
        if self.cuts.are_between(self.own, address.ip()) {
            tokio::time::sleep(DIAL_MAX).await;
            return Err(io::ErrorKind::TimedOut.into());
        }
        match Simulated.connect(address, options).await {
            Err(_) if self.cuts.are_between(self.own, address.ip()) => {
                tokio::time::sleep(DIAL_MAX).await;
                Err(io::ErrorKind::TimedOut.into())
            }
            connected => self.adopt(connected?, address.ip()),
        }
    }
}

impl Acceptor for Listener {
    type Stream = Stream;

    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (stream, peer) = self.listener.accept().await?;
        Ok((self.machine.adopt(stream, peer.ip())?, peer))
    }

    fn local_address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Stream {
    /// What `poll` says of the stream, if it is still there.
    fn with<R>(
        &self,
        side: usize,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if self.machine.sockets.lock().unwrap().is_dead {
            return Poll::Pending;
        }
        let mut ends = self.socket.lock().unwrap();
        let Some(stream) = &mut ends.stream else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        };
        let polled = poll(Pin::new(stream), context);
        ends.wakers[side] = polled.is_pending().then(|| context.waker().clone());
        polled
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(0, context, |stream, context| {
            stream.poll_read(context, buffer)
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(1, context, |stream, context| {
            stream.poll_write(context, bytes)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(1, context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(1, context, |stream, context| stream.poll_shutdown(context))
    }
}

impl Transport for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut sockets = self.machine.sockets.lock().unwrap();
        if sockets.is_dead {
            // Closed in its turn.
            return;
        }
        if let Some((_, socket)) = sockets.open.remove(&self.number)
            && !Arc::ptr_eq(&socket, &self.socket)
        {
            // Of another process than this stream.
            sockets.open.insert(self.number, (self.machine.own, socket));
            return;
        }
        drop(sockets);
        close(&self.socket);
    }
}
