//! How a connection comes to be: the seam to [`Net`](crate::peers), erased, so that nobody who asks another node is generic over the network.

use futures::future::BoxFuture;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connected byte stream.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Where a connection goes: an address, and the listener there, whose security protocol is spoken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// The listener's name, in upper case; the same on every node.
    pub listener: Arc<str>,
    pub host: Arc<str>,
    pub port: u16,
}

impl Destination {
    pub fn new(listener: &str, host: &str, port: u16) -> Self {
        Self {
            listener: listener.into(),
            host: host.into(),
            port,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", self.host, self.port)
    }
}

/// Makes connections.
pub trait Dial: Send + Sync + 'static {
    /// Resolves the host anew and connects to the first of its addresses that answers. No timeout of its own.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] only when every address refused.
    fn dial(&self, to: &Destination) -> BoxFuture<'static, io::Result<Box<dyn Stream>>>;
}
