//! turmoil's TCP: the network of a simulated run. Call only from a host of a simulation.
//!
//! Simulated hosts have IPv4 addresses only; there is no `sendfile`, so that records take the copying path.

use super::settings::SocketOptions;
use super::world::{Acceptor, Net, Transport};
use std::io;
use std::net::{IpAddr, SocketAddr};
use turmoil::net::{TcpListener, TcpStream};

/// The simulation's network.
#[derive(Clone, Copy, Debug)]
pub struct Simulated;

impl Net for Simulated {
    type Listener = TcpListener;
    type Stream = TcpStream;

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![turmoil::lookup(host)])
    }

    async fn bind(&self, address: SocketAddr, _: &SocketOptions) -> io::Result<TcpListener> {
        if address.is_ipv6() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        TcpListener::bind(address).await
    }

    async fn connect(&self, address: SocketAddr, _: &SocketOptions) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

impl Acceptor for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        TcpListener::accept(self).await
    }

    fn local_address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Transport for TcpStream {}
