//! The hosts an entry is for: all, one address, or, beyond Kafka, a network in CIDR notation.
//!
//! Pure. Kafka compares texts (`StandardAuthorizerData.findResult`), so that an IPv6 address matches only as Java prints it; here
//! addresses are compared, however they are written. A host that is no address matches nobody, as in Kafka.

use super::ANY_NAME;
use std::net::IpAddr;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hosts {
    All,
    One(IpAddr),
    /// The address, of which so many bits count.
    Network(IpAddr, u8),
    /// A text that no client's address equals.
    Nobody,
}

/// A host with a slash that is no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSyntax;

impl Hosts {
    /// Reads an entry's host.
    ///
    /// # Errors
    /// [`HostSyntax`]; Kafka would keep such an entry, and it would never match.
    pub fn parse(text: &str) -> Result<Self, HostSyntax> {
        if text == ANY_NAME {
            return Ok(Self::All);
        }
        let Some((address, bits)) = text.split_once('/') else {
            let one = text.parse::<IpAddr>().ok();
            return Ok(one.map_or(Self::Nobody, |address| Self::One(address.to_canonical())));
        };
        let address: IpAddr = address.parse().map_err(|_| HostSyntax)?;
        let bits: u8 = bits.parse().map_err(|_| HostSyntax)?;
        match bits <= width(address) {
            true => Ok(Self::Network(address, bits)),
            false => Err(HostSyntax),
        }
    }

    /// Whether it means the client at `address`, which is canonical: no IPv4 address in an IPv6 one.
    pub fn contain(&self, address: IpAddr) -> bool {
        match self {
            Self::All => true,
            Self::One(own) => *own == address,
            Self::Network(own, bits) => {
                let shift = u32::from(width(*own) - bits);
                let network = |address: IpAddr| number(address).checked_shr(shift).unwrap_or(0);
                own.is_ipv4() == address.is_ipv4() && network(*own) == network(address)
            }
            Self::Nobody => false,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(hosts: &str, address: &str) -> bool {
        let hosts = Hosts::parse(hosts).expect("a host");
        hosts.contain(address.parse().expect("an address"))
    }

    #[test]
    fn a_host_means_everybody_one_address_or_a_network() {
        for (hosts, address, expected) in [
            ("*", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("::1", "::1", true),
            ("0:0:0:0:0:0:0:1", "::1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "fe80::1", true),
            ("fe80::/10", "fe81::1", true),
            ("fe80::/10", "ff81::1", false),
            ("db.example", "10.0.0.1", false),
            ("", "10.0.0.1", false),
        ] {
            assert_eq!(contain(hosts, address), expected, "{hosts} {address}");
        }
    }

    #[test]
    fn what_looks_like_a_network_must_be_one() {
        for hosts in [
            "10.0.0.0/33",
            "10.0.0.0/",
            "/8",
            "a/8",
            "::/129",
            "10.0.0.0/-1",
        ] {
            assert_eq!(Hosts::parse(hosts), Err(HostSyntax), "{hosts}");
        }
    }
}
