//! What the entries of one principal for one resource amount to: bits per operation, for all hosts and for some.
//!
//! Pure. Implied operations are resolved here, once: an entry that allows READ, WRITE, DELETE or ALTER allows DESCRIBE, one that allows
//! ALTER_CONFIGS allows DESCRIBE_CONFIGS; what is denied implies nothing (`StandardAuthorizerData.findResult`).

use ottla_controller::acl::{Acl, Hosts, Operation, Permission};
use std::net::IpAddr;
use std::ops::BitOrAssign;

/// Operations as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    pub denied: u32,
    pub allowed: u32,
}

impl Bits {
    fn of(acl: &Acl) -> Self {
        match acl.permission {
            Permission::Deny => Self {
                denied: denied_by(acl.operation),
                allowed: 0,
            },
            Permission::Allow => Self {
                denied: 0,
                allowed: allowed_by(acl.operation),
            },
        }
    }
}

impl BitOrAssign for Bits {
    fn bitor_assign(&mut self, other: Self) {
        self.denied |= other.denied;
        self.allowed |= other.allowed;
    }
}

const fn denied_by(operation: Operation) -> u32 {
    match operation {
        Operation::All => u32::MAX,
        other => other.bit(),
    }
}

const fn allowed_by(operation: Operation) -> u32 {
    use Operation::{Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
    match operation {
        Read | Write | Delete | Alter => operation.bit() | Describe.bit(),
        AlterConfigs => operation.bit() | DescribeConfigs.bit(),
        other => denied_by(other),
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    for_all: Bits,
    for_some: Vec<(Hosts, Bits)>,
}

impl Grants {
    /// Adds an entry.
    pub fn add(&mut self, acl: &Acl) {
        let bits = Bits::of(acl);
        match Hosts::parse(&acl.host).unwrap_or(Hosts::Nobody) {
            Hosts::All => self.for_all |= bits,
            Hosts::Nobody => {}
            some => match self.for_some.iter_mut().find(|(hosts, _)| *hosts == some) {
                Some((_, known)) => *known |= bits,
                None => self.for_some.push((some, bits)),
            },
        }
    }

    /// What they say to a client at `address`.
    pub fn at(&self, address: IpAddr) -> Bits {
        let mut bits = self.for_all;
        for (hosts, more) in &self.for_some {
            if hosts.contain(address) {
                bits |= *more;
            }
        }
        bits
    }
}
