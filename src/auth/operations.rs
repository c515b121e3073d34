//! The operations that exist for each kind of resource, as the bit fields of `*_authorized_operations`.
//!
//! Pure tables. Source: `AclEntry.supportedOperations`, `Utils.to32BitField`.

use ottla_controller::acl::{Operation, ResourceType};

/// What an answer carries when the request did not ask: the default of the schema.
pub const NOT_ASKED: i32 = i32::MIN;

/// What can be done to resources of a type.
pub const fn of(resource_type: ResourceType) -> &'static [Operation] {
    use Operation::*;
    match resource_type {
        ResourceType::Topic => &[
            Read,
            Write,
            Create,
            Delete,
            Alter,
            Describe,
            DescribeConfigs,
            AlterConfigs,
        ],
        ResourceType::Group => &[Read, Delete, Describe, DescribeConfigs, AlterConfigs],
        ResourceType::Cluster => &[
            Create,
            Alter,
            Describe,
            ClusterAction,
            DescribeConfigs,
            AlterConfigs,
            IdempotentWrite,
        ],
        ResourceType::TransactionalId => &[Describe, Write, TwoPhaseCommit],
        ResourceType::DelegationToken => &[Describe],
        ResourceType::User => &[CreateTokens, DescribeTokens],
    }
}

/// The field of these: a bit per operation, by its number.
pub fn bits<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> i32 {
    let bits = operations
        .into_iter()
        .map(|operation| 1 << operation.to_wire());
    bits.fold(0, |field, bit: i32| field | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bit_of_an_operation_is_its_code() {
        assert_eq!(bits(&[Operation::Read]), 8);
        assert_eq!(bits(of(ResourceType::Topic)), 0b1101_1111_1000);
        assert_eq!(bits(of(ResourceType::Cluster)), 0b1_1111_1010_0000);
    }
}
