//! How a connection comes to be: the seam to [`Net`](crate::peers), erased, so that nobody who asks another node is generic over the network.

use futures::future::BoxFuture;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connected byte stream.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Makes connections.
pub trait Dial: Send + Sync + 'static {
    /// Resolves the host anew and connects to the first of its addresses that answers. No timeout of its own.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] only when every address refused.
    fn dial(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Box<dyn Stream>>>;
}
