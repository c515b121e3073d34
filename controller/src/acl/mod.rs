//! Access control lists as values: what an entry says, and which entries a filter means.
//!
//! Pure. Sources: `AclBinding`, `ResourcePattern`, `AccessControlEntry` and their filters; KIP-11, KIP-290 (pattern types). What entries
//! amount to for somebody who asks is the authorizer's business (`src/auth`).

mod filter;
mod hosts;

pub use filter::{AclFilter, PatternFilter};
pub use hosts::{HostSyntax, Hosts};

use ottla_protocol::Uuid;
use std::fmt;
use std::sync::Arc;

/// The principal that stands for everybody.
pub const EVERYBODY: &str = "User:*";
/// The resource name that stands for all, the host that stands for all.
pub const ANY_NAME: &str = "*";
/// The only name of a cluster as a resource.
pub const CLUSTER_NAME: &str = "kafka-cluster";

/// Names one entry in the metadata log; clients never see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AclId(pub Uuid);

/// An enum of numbers on the wire, with Kafka's names.
macro_rules! wire_enum {
    ($(#[$documentation:meta])* $name:ident { $($variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant = $number,)* }

        impl $name {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number that requests and records carry.
            pub const fn to_wire(self) -> i8 {
                self as i8
            }

            /// `None` for a number that Kafka does not define, and for those of filters.
            pub const fn from_wire(number: i8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Kafka's name, as in messages and tools.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str(self.name())
            }
        }
    };
}

wire_enum! {
    /// What an entry is about (Kafka's `ResourceType`).
    ResourceType {
        Topic = 2 "TOPIC",
        Group = 3 "GROUP",
        Cluster = 4 "CLUSTER",
        TransactionalId = 5 "TRANSACTIONAL_ID",
        DelegationToken = 6 "DELEGATION_TOKEN",
        User = 7 "USER",
    }
}

impl ResourceType {
    /// As the authorizer's log lines have it (`SecurityUtils.resourceTypeName`): `Topic`, `TransactionalId`.
    pub const fn camel_case(self) -> &'static str {
        match self {
            Self::Topic => "Topic",
            Self::Group => "Group",
            Self::Cluster => "Cluster",
            Self::TransactionalId => "TransactionalId",
            Self::DelegationToken => "DelegationToken",
            Self::User => "User",
        }
    }
}

wire_enum! {
    /// How an entry's resource name is meant (Kafka's `PatternType`).
    PatternType {
        Literal = 3 "LITERAL",
        Prefixed = 4 "PREFIXED",
    }
}

wire_enum! {
    /// What is done to a resource (Kafka's `AclOperation`). Only entries are for `All`, nobody does it.
    Operation {
        All = 2 "ALL",
        Read = 3 "READ",
        Write = 4 "WRITE",
        Create = 5 "CREATE",
        Delete = 6 "DELETE",
        Alter = 7 "ALTER",
        Describe = 8 "DESCRIBE",
        ClusterAction = 9 "CLUSTER_ACTION",
        DescribeConfigs = 10 "DESCRIBE_CONFIGS",
        AlterConfigs = 11 "ALTER_CONFIGS",
        IdempotentWrite = 12 "IDEMPOTENT_WRITE",
        CreateTokens = 13 "CREATE_TOKENS",
        DescribeTokens = 14 "DESCRIBE_TOKENS",
        TwoPhaseCommit = 15 "TWO_PHASE_COMMIT",
    }
}

impl Operation {
    /// Its place in a field of bits.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

wire_enum! {
    /// Whether an entry forbids or allows (Kafka's `AclPermissionType`).
    Permission {
        Deny = 2 "DENY",
        Allow = 3 "ALLOW",
    }
}

/// One entry with its resource (Kafka's `AclBinding`). Ordered by principal first: the entries of one principal lie together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Acl {
    /// As in `User:alice`; it has a colon.
    pub principal: Arc<str>,
    pub resource_type: ResourceType,
    pub pattern_type: PatternType,
    /// Not empty; a literal `*` means all of that type.
    pub resource_name: Arc<str>,
    /// An address, `*`, or, beyond Kafka, a network as in `10.0.0.0/8`.
    pub host: Arc<str>,
    pub operation: Operation,
    pub permission: Permission,
}

impl Acl {
    /// Whether it is about all resources of its type.
    pub fn is_for_all_names(&self) -> bool {
        self.pattern_type == PatternType::Literal && &*self.resource_name == ANY_NAME
    }
}

impl fmt::Display for Acl {
    /// As Kafka's tools print a binding.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "(pattern=ResourcePattern(resourceType={}, name={}, patternType={}), entry=(principal={}, host={}, operation={}, permissionType={}))",
            self.resource_type,
            self.resource_name,
            self.pattern_type,
            self.principal,
            self.host,
            self.operation,
            self.permission
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_wire_go_both_ways_and_those_of_filters_are_none() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_wire(operation.to_wire()), Some(*operation));
        }
        assert_eq!(Operation::from_wire(1), None);
        assert_eq!(ResourceType::from_wire(1), None);
        assert_eq!(PatternType::from_wire(2), None);
        assert_eq!(Permission::from_wire(1), None);
    }
}
