//! From the host of a listener to listening sockets.
//!
//! `localhost` listens on both loopback families, so that a client finds the broker whichever it tries first; an empty host listens
//! on everything. With port 0 all sockets of a listener get the same real port.

use super::settings::SocketOptions;
use super::world::{Acceptor, Net};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How often another free port is tried when the second family finds the first one's taken.
const PORT_ATTEMPTS: usize = 16;

/// The sockets of one listener, at least one, all on the same port.
pub struct Bound<L> {
    pub sockets: Vec<L>,
    /// The real port, also where 0 was asked for.
    pub port: u16,
}

/// Listens on every address that `host` stands for.
///
/// # Errors
/// When `host` cannot be resolved, or no address can be bound. A family that the machine lacks is no error while another works.
pub async fn bind<N: Net>(
    net: &N,
    host: &str,
    port: u16,
    options: &SocketOptions,
) -> io::Result<Bound<N::Listener>> {
    let addresses = addresses(net, host).await?;
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..PORT_ATTEMPTS {
        match bind_all(net, &addresses, port, options).await {
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => last = error,
            bound => return bound,
        }
    }
    Err(last)
}

/// What to bind, the family that must not be missing first.
async fn addresses<N: Net>(net: &N, host: &str) -> io::Result<Vec<IpAddr>> {
    if host.is_empty() {
        // A dual-stack socket; where there is no IPv6, the next best.
        return Ok(vec![
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv4Addr::UNSPECIFIED.into(),
        ]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse() {
        return Ok(vec![address]);
    }
    // One socket for a name, as Kafka: the first address that the resolver gives.
    let found = net.resolve(host).await?;
    let first = found.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(vec![*first])
}

async fn bind_all<N: Net>(
    net: &N,
    addresses: &[IpAddr],
    port: u16,
    options: &SocketOptions,
) -> io::Result<Bound<N::Listener>> {
    let mut bound = Bound {
        sockets: Vec::new(),
        port,
    };
    let mut missing = None;
    for address in addresses {
        // The dual-stack wildcard has the IPv4 one already.
        if !bound.sockets.is_empty() && address.is_unspecified() {
            continue;
        }
        match net
            .bind(SocketAddr::new(*address, bound.port), options)
            .await
        {
            Ok(socket) => {
                bound.port = socket.local_address()?.port();
                bound.sockets.push(socket);
            }
            Err(error) if is_missing_family(&error) => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if bound.sockets.is_empty() => Err(error),
        _ => Ok(bound),
    }
}

/// The machine has no such address family, or not this address.
fn is_missing_family(error: &io::Error) -> bool {
    let no_family = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(no_family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tcp::Tcp;

    #[tokio::test]
    async fn localhost_listens_on_both_families_with_one_port() {
        let bound = bind(&Tcp, "localhost", 0, &SocketOptions::default())
            .await
            .unwrap();
        assert_ne!(bound.port, 0);
        for socket in &bound.sockets {
            assert_eq!(socket.local_addr().unwrap().port(), bound.port);
            assert!(socket.local_addr().unwrap().ip().is_loopback());
        }
        let again = bind(&Tcp, "127.0.0.1", bound.port, &SocketOptions::default()).await;
        assert!(again.is_err(), "the port is taken");
    }

    #[tokio::test]
    async fn an_empty_host_listens_once_on_everything() {
        let bound = bind(&Tcp, "", 0, &SocketOptions::default()).await.unwrap();
        assert_eq!(bound.sockets.len(), 1);
        assert!(bound.sockets[0].local_addr().unwrap().ip().is_unspecified());
        assert!(
            tokio::net::TcpStream::connect(("127.0.0.1", bound.port))
                .await
                .is_ok()
        );
    }
}
