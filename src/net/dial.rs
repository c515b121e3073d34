//! Outbound connections over a [`Net`]: what [`crate::peers`] dials with.

use super::settings::SocketOptions;
use super::tls::Certificates;
use super::world::Net;
use crate::peers::{Destination, Dial, Stream};
use futures::future::{BoxFuture, FutureExt};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// Dials over a network, and speaks TLS where the listener at the other end does.
#[derive(Clone)]
pub struct Dialer<N> {
    net: N,
    options: SocketOptions,
    certificates: Arc<Certificates>,
}

impl<N: Net> Dialer<N> {
    pub fn new(net: N, options: SocketOptions, certificates: Arc<Certificates>) -> Self {
        Self {
            net,
            options,
            certificates,
        }
    }
}

impl<N: Net> Dial for Dialer<N> {
    fn dial(&self, to: &Destination) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> {
        let (dialer, to) = (self.clone(), to.clone());
        async move {
            let mut failures = Vec::new();
            for address in dialer.addresses(&to.host).await? {
                let address = SocketAddr::new(address, to.port);
                match dialer.connect(address, &to).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => failures.push(error),
                }
            }
            Err(weakest(failures))
        }
        .boxed()
    }
}

impl<N: Net> Dialer<N> {
    async fn connect(&self, address: SocketAddr, to: &Destination) -> io::Result<Box<dyn Stream>> {
        let stream = self.net.connect(address, &self.options).await?;
        match self.certificates.of(&to.listener) {
            None => Ok(Box::new(stream)),
            Some(tls) => Ok(Box::new(tls.connect(stream, &to.host).await?)),
        }
    }

    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        self.net.resolve(host).await
    }
}

/// Refused only if every address refused: anything else proves less.
fn weakest(failures: Vec<io::Error>) -> io::Error {
    let is_proof = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    let mut found = None;
    for error in failures {
        if found.as_ref().is_none_or(is_proof) {
            found = Some(error);
        }
    }
    found.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tcp::Tcp;
    use crate::net::world::Acceptor;

    #[tokio::test]
    async fn a_port_that_nobody_listens_on_is_refused_and_a_name_that_is_unknown_is_not() {
        let options = SocketOptions::default();
        let free = Tcp.bind("127.0.0.1:0".parse().unwrap(), &options).await;
        let listener = free.unwrap();
        let port = listener.local_address().unwrap().port();
        let dialer = Dialer::new(Tcp, options, Arc::new(Certificates::none()));
        let to = |host: &str| Destination::new("PLAINTEXT", host, port);
        assert!(dialer.dial(&to("127.0.0.1")).await.is_ok());
        drop(listener);
        for host in ["127.0.0.1", "localhost"] {
            let error = dialer.dial(&to(host)).await.err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{host}");
        }
        let error = dialer.dial(&to("no-such-host.invalid")).await.err();
        assert_ne!(error.unwrap().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn one_address_that_may_only_be_slow_outweighs_those_that_refused() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let slow = || io::Error::from(io::ErrorKind::TimedOut);
        for failures in [vec![refused(), slow()], vec![slow(), refused()]] {
            assert_eq!(weakest(failures).kind(), io::ErrorKind::TimedOut);
        }
        let kind = weakest(vec![refused(), refused()]).kind();
        assert_eq!(kind, io::ErrorKind::ConnectionRefused);
    }
}
