//! The operations that exist for each kind of resource, as the bit fields of `*_authorized_operations`.
//!
//! Pure tables. Source: `AclOperation` (codes) and `AclEntry.supportedOperations` (which resource knows which operation).

/// What an answer carries when the request did not ask: the default of the schema.
pub const NOT_ASKED: i32 = i32::MIN;

const READ: u8 = 3;
const WRITE: u8 = 4;
const CREATE: u8 = 5;
const DELETE: u8 = 6;
const ALTER: u8 = 7;
const DESCRIBE: u8 = 8;
const CLUSTER_ACTION: u8 = 9;
const DESCRIBE_CONFIGS: u8 = 10;
const ALTER_CONFIGS: u8 = 11;
const IDEMPOTENT_WRITE: u8 = 12;

/// Everything that can be done with a topic.
pub const TOPIC: i32 = bits(&[
    READ,
    WRITE,
    CREATE,
    DELETE,
    ALTER,
    DESCRIBE,
    DESCRIBE_CONFIGS,
    ALTER_CONFIGS,
]);

/// Everything that can be done with a group.
pub const GROUP: i32 = bits(&[READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);

/// Everything that can be done with the cluster.
pub const CLUSTER: i32 = bits(&[
    CREATE,
    ALTER,
    DESCRIBE,
    CLUSTER_ACTION,
    DESCRIBE_CONFIGS,
    ALTER_CONFIGS,
    IDEMPOTENT_WRITE,
]);

const fn bits(codes: &[u8]) -> i32 {
    let (mut field, mut index) = (0, 0);
    while index < codes.len() {
        field |= 1 << codes[index];
        index += 1;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bit_of_an_operation_is_its_code() {
        assert_eq!(bits(&[READ]), 8);
        assert_eq!(TOPIC, 0b1101_1111_1000);
    }
}
