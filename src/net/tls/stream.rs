//! A TLS connection as a [`Transport`].
//!
//! rustls holds what it has encrypted until the socket takes it: at most one write's worth, 64 KiB, for nothing more is encrypted before
//! that is gone. Whoever reads drives it out as well, so that a link that has nothing else to write does not leave its request behind.
//! A connection that ends without a goodbye has ended all the same: Kafka's frames carry their length.

use super::read_ahead::ReadAhead;
use crate::net::world::Transport;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

/// See the module.
pub struct Encrypted<T>(Box<TlsStream<ReadAhead<T>>>);

impl<T: Transport> Encrypted<T> {
    pub(super) fn new(stream: impl Into<TlsStream<ReadAhead<T>>>) -> Self {
        Self(Box::new(stream.into()))
    }

    fn stream(&mut self) -> Pin<&mut TlsStream<ReadAhead<T>>> {
        Pin::new(&mut self.0)
    }
}

impl<T: Transport> AsyncRead for Encrypted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_unsent()
            && let Poll::Ready(Err(error)) = self.stream().poll_flush(context)
        {
            return Poll::Ready(Err(error));
        }
        match ready!(self.stream().poll_read(context, to)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            read => Poll::Ready(read),
        }
    }
}

impl<T: Transport> AsyncWrite for Encrypted<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.has_unsent() {
            ready!(self.stream().poll_flush(context))?;
        }
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    /// Says goodbye (`close_notify`) and closes the socket's writing side.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

impl<T: Transport> Transport for Encrypted<T> {
    fn has_unsent(&self) -> bool {
        self.0.get_ref().1.wants_write()
    }
}
