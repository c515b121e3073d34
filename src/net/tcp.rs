//! The kernel's TCP.

use super::settings::SocketOptions;
use super::world::{Acceptor, Net, Transport};
use rustix::io::Errno;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The kernel's network.
#[derive(Clone, Copy, Debug)]
pub struct Tcp;

impl Net for Tcp {
    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }

    async fn bind(&self, address: SocketAddr, options: &SocketOptions) -> io::Result<TcpListener> {
        let socket = socket(address, options)?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(options.backlog)
    }

    async fn connect(&self, address: SocketAddr, options: &SocketOptions) -> io::Result<TcpStream> {
        let stream = socket(address, options)?.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Buffer sizes are set before listening or connecting, so that accepted sockets inherit them and window scaling knows them.
fn socket(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As Kafka's acceptor: a peer that vanished without a word is noticed in the end.
    socket.set_keepalive(true)?;
    if let Some(size) = options.send_buffer_bytes {
        socket.set_send_buffer_size(size)?;
    }
    if let Some(size) = options.receive_buffer_bytes {
        socket.set_recv_buffer_size(size)?;
    }
    Ok(socket)
}

impl Acceptor for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok((stream, address))
    }

    fn local_address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Transport for TcpStream {
    fn can_send_file(&self) -> bool {
        true
    }

    fn poll_send_file(
        &mut self,
        context: &mut Context<'_>,
        file: BorrowedFd<'_>,
        offset: u64,
        size_bytes: usize,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(context))?;
            let sent = self.try_io(Interest::WRITABLE, || {
                let mut offset = offset;
                rustix::fs::sendfile(&*self, file, Some(&mut offset), size_bytes)
                    .map_err(io::Error::from)
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.raw_os_error() == Some(Errno::INTR.raw_os_error()) => {}
                sent => return Poll::Ready(sent),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn options(backlog: u32) -> SocketOptions {
        SocketOptions {
            send_buffer_bytes: Some(70_000),
            receive_buffer_bytes: Some(90_000),
            backlog,
        }
    }

    #[tokio::test]
    async fn sockets_take_the_configured_buffer_sizes() {
        let address = "127.0.0.1:0".parse().unwrap();
        let socket = socket(address, &options(5)).unwrap();
        // Linux counts its own overhead in, as much again.
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * 70_000);
        assert_eq!(socket.recv_buffer_size().unwrap(), 2 * 90_000);
    }

    #[tokio::test]
    async fn a_listener_is_bound_with_its_backlog() {
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = Tcp.bind(address, &options(1)).await.unwrap();
        let address = listener.local_address().unwrap();
        // Nobody accepts: the queue takes one more than its length, and then no connection is made.
        let mut waiting = Vec::new();
        let full = tokio::time::timeout(Duration::from_millis(300), async {
            loop {
                waiting.push(TcpStream::connect(address).await.unwrap());
            }
        });
        assert!(full.await.is_err());
        assert_eq!(waiting.len(), 2);
    }
}
