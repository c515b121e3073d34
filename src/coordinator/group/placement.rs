//! Which partition of an internal topic coordinates a key. Pure.

/// Kafka's: `Utils.abs(key.hashCode()) % partitions`, over UTF-16 code units. Tools and moved directories rely on it.
pub fn partition_of(key: &str, partitions: i32) -> i32 {
    let hash = key.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    });
    let positive = if hash == i32::MIN { 0 } else { hash.abs() };
    positive % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_where_kafka_puts_them() {
        // `"…".hashCode()` in Java: 98629247, -2147483648, 0; the last is two UTF-16 units, 0xd83d and 0xde00.
        assert_eq!(partition_of("group", 50), 98_629_247 % 50);
        assert_eq!(partition_of("polygenelubricants", 50), 0);
        assert_eq!(partition_of("", 50), 0);
        let emoji = 0xd83d_i32.wrapping_mul(31).wrapping_add(0xde00);
        assert_eq!(partition_of("😀", 50), emoji % 50);
    }
}
