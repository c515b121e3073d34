//! The network as the broker sees it: [`Net`] is the kernel's in production ([`super::tcp`]) and turmoil's in simulation
//! (`net/simulated.rs`). TLS is a third [`Transport`] around the first ([`super::tls`]).

use super::settings::SocketOptions;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// A network.
pub trait Net: Clone + Send + Sync + 'static {
    type Listener: Acceptor<Stream = Self::Stream>;
    type Stream: Transport;

    /// The addresses of a host, in the resolver's order. Resolved anew at every call.
    fn resolve(&self, host: &str)
    -> impl Future<Output = io::Result<Vec<std::net::IpAddr>>> + Send;
    /// Listens on one address; port 0 picks a free one.
    fn bind(
        &self,
        address: SocketAddr,
        options: &SocketOptions,
    ) -> impl Future<Output = io::Result<Self::Listener>> + Send;
    /// Connects to one address. No timeout of its own.
    fn connect(
        &self,
        address: SocketAddr,
        options: &SocketOptions,
    ) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A listening socket.
pub trait Acceptor: Send + 'static {
    type Stream: Transport;

    /// The next connection and its peer's address. Cancel safe.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
    fn local_address(&self) -> io::Result<SocketAddr>;
}

/// A connected byte stream.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether [`Transport::poll_send_file`] works: false where the bytes must pass through the process, to be encrypted or because
    /// the network is simulated.
    fn can_send_file(&self) -> bool {
        false
    }

    /// Whether bytes that it took have not been given to the network yet; [`AsyncWrite::poll_flush`] gives them.
    fn has_unsent(&self) -> bool {
        false
    }

    /// Moves up to `size_bytes` from `offset` of a file to the socket without copying them through the process.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] unless [`Transport::can_send_file`]; 0 bytes mean that the file ended.
    fn poll_send_file(
        &mut self,
        _context: &mut Context<'_>,
        _file: BorrowedFd<'_>,
        _offset: u64,
        _size_bytes: usize,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

/// In tests, both ends in one process.
impl Transport for tokio::io::DuplexStream {}
