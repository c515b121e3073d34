//! Reads from the socket in large pieces what rustls takes in small ones (4 KiB each), and holds no memory once they are taken.

use crate::net::world::Transport;
use bytes::{Buf, Bytes};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Two records of the largest size.
const READ_BYTES: usize = 32 * 1024;

/// See the module.
#[derive(Debug)]
pub struct ReadAhead<T> {
    inner: T,
    rest: Bytes,
}

impl<T> ReadAhead<T> {
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            rest: Bytes::new(),
        }
    }
}

impl<T: Transport> AsyncRead for ReadAhead<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            let mut scratch = [MaybeUninit::<u8>::uninit(); READ_BYTES];
            let mut read = ReadBuf::uninit(&mut scratch);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut read))?;
            let (now, later) = read
                .filled()
                .split_at(read.filled().len().min(to.remaining()));
            to.put_slice(now);
            if !later.is_empty() {
                self.rest = Bytes::copy_from_slice(later);
            }
            return Poll::Ready(Ok(()));
        }
        let count = self.rest.len().min(to.remaining());
        to.put_slice(&self.rest[..count]);
        self.rest.advance(count);
        if self.rest.is_empty() {
            self.rest = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Transport> AsyncWrite for ReadAhead<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn bytes_arrive_in_order_however_small_the_reads_and_nothing_is_held_after() {
        let (near, mut far) = tokio::io::duplex(1024 * 1024);
        let sent: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
        far.write_all(&sent).await.unwrap();
        let mut reader = ReadAhead::new(near);
        let mut got = Vec::new();
        while got.len() < sent.len() {
            let mut piece = vec![0; 1 + got.len() % 4_096];
            let count = reader.read(&mut piece).await.unwrap();
            got.extend_from_slice(&piece[..count]);
        }
        assert!(got == sent);
        assert!(reader.rest.is_empty());
        drop(far);
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
